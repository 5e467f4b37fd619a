/*
 * Integration test of the control group that limits devices: made and removed
 * as root, where the machine has one for us; else skipped with the reason.
 */
#include "builder/sandbox/devices.h"

#include "base/io.h"
#include "base/mem.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static void make(struct devices_group *g)
{
	if (devices_group_make(g))
		return;
	print_message("skipped: no control group for devices can be made\n");
	skip();
}

/* A group beside g's, of this name. */
static char *beside(const struct devices_group *g, const char *name)
{
	return xasprintf("%.*s/imgbuild-devices-%s",
			 (int)(strrchr(g->path, '/') - g->path), g->path, name);
}

static void integration_group_goes_when_it_is_released(void **state)
{
	struct devices_group g;
	SCOPED_PTR char *path = NULL;

	(void)state;
	make(&g);
	path = xstrdup(g.path);
	assert_int_equal(access(path, F_OK), 0);
	devices_group_release(&g);
	assert_int_equal(access(path, F_OK), -1);
	assert_null(g.path);
}

static void integration_group_of_a_killed_build_goes_with_the_next(void **state)
{
	struct devices_group g, next;
	SCOPED_PTR char *dead = NULL;
	SCOPED_PTR char *living = NULL;
	SCOPED_FD int lock = -1;

	(void)state;
	make(&g);
	dead = beside(&g, "dead");
	living = beside(&g, "living");
	assert_int_equal(mkdir(dead, 0755), 0);
	assert_int_equal(mkdir(living, 0755), 0);
	lock = open(living, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(flock(lock, LOCK_SH), 0);
	make(&next);
	assert_int_equal(access(dead, F_OK), -1);
	assert_int_equal(access(living, F_OK), 0);
	assert_int_equal(access(g.path, F_OK), 0);
	assert_int_equal(rmdir(living), 0);
	devices_group_release(&next);
	devices_group_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integration_group_goes_when_it_is_released),
		cmocka_unit_test(
			integration_group_of_a_killed_build_goes_with_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
