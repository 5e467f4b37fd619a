/*
 * The proof alone stops each escape: here the sandbox has no rule about targets
 * and makes mistakes when it leaves the machine (sandbox_unguarded.h), and no
 * command may ever be executed. In the tier of whoever runs it.
 */
#include "tests/builder/sandbox_unguarded.h"
#include "tests/builder/sandbox_world.h"

#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int set_up(void **state)
{
	(void)state;
	fault = FAULT_NONE;
	return 0;
}

/* The command would print "reached"; the proof must say this instead. */
static void expect_stopped(struct run *r, const char *why)
{
	assert_int_equal(try_run(r, "echo reached; ls /.."), -1);
	assert_string_equal(buf_c(&r->out), "");
	if (!strstr(r->e.msg, why))
		fail_msg("not '%s' but: %s", why, r->e.msg);
	assert_int_equal(r->e.code, ERR_FAILED);
}

static void integration_a_run_without_fault_passes(void **state)
{
	RUN(r);
	run(&r, "echo reached");
	expect_out(&r, "reached\n");
}

static void integration_a_long_list_of_layers_passes(void **state)
{
	RUN(r);
	while (r.n_layers < LAYERS_MAX / 2)
		(void)add_layer(&r);
	run(&r, "echo reached");
	expect_out(&r, "reached\n");
}

static void integration_a_context_with_mounts_passes(void **state)
{
	struct run_mount mount = {.kind = RUN_MOUNT_BIND, .target = "/m"};

	RUN(r);
	mount.source_fd = open("/dev", O_PATH | O_CLOEXEC);
	r.spec.mounts = &mount;
	r.spec.n_mounts = 1;
	run(&r, "echo reached");
	(void)close(mount.source_fd);
	expect_out(&r, "reached\n");
}

/* Each kind of mount at "/l", which links to the root in some way. */
static void try_links(void **state, enum run_mount_kind kind)
{
	static const char *const links[] = {"/", "..", "../..", "l2/..", "."};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(links); i++) {
		struct run_mount mount = {.kind = kind, .target = "/l"};
		int layer;

		RUN2(r);
		layer = add_layer(&r);
		assert_int_equal(symlinkat(links[i], layer, "l"), 0);
		assert_int_equal(mkdirat(layer, "l2", 0755), 0);
		mount.source_fd = add_layer(&r);
		r.n_layers--;
		r.spec.mounts = &mount;
		r.spec.n_mounts = 1;
		expect_stopped(&r, "/.. leads out of the root");
		(void)close(mount.source_fd);
	}
}

static void integration_tmpfs_over_the_root_by_a_link(void **state)
{
	try_links(state, RUN_MOUNT_TMPFS);
}

static void integration_bind_over_the_root_by_a_link(void **state)
{
	try_links(state, RUN_MOUNT_BIND);
}

static void integration_special_folders_that_are_links(void **state)
{
	static const char *const names[] = {"proc", "sys", "dev"};
	static const char *const links[] = {"/", ".", "..", "/elsewhere"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		for (size_t j = 0; j < ARRAY_LEN(links); j++) {
			int layer;

			RUN2(r);
			layer = add_layer(&r);
			assert_int_equal(mkdirat(layer, "elsewhere", 0755), 0);
			assert_int_equal(symlinkat(links[j], layer, names[i]),
					 0);
			expect_stopped(&r, j < 3 ? "/.. leads out of the root"
						 : "is mounted at another "
						   "place");
		}
}

static void check_fault(void **state, enum fault which, const char *why)
{
	RUN(r);
	assert_int_equal(mkdirat(add_layer(&r), "mnt", 0755), 0);
	fault = which;
	expect_stopped(&r, why);
}

static void integration_root_that_stays_on_top(void **state)
{
	check_fault(state, FAULT_ROOT_STAYS, "/.. leads out of the root");
}

static void integration_root_that_was_never_changed(void **state)
{
	check_fault(state, FAULT_NO_ROOT, "/ is not the root of the step");
}

static void integration_mount_of_the_machine(void **state)
{
	check_fault(state, FAULT_MOUNT, "a mount of the machine's");
}

static void integration_mount_of_the_machine_below_one_of_the_step(void **state)
{
	check_fault(state, FAULT_MOUNT_BELOW, "a mount of the machine's");
}

static void integration_descriptor_that_is_left_open(void **state)
{
	check_fault(state, FAULT_DESCRIPTOR, "a descriptor of the machine's");
}

static void integration_working_directory_outside(void **state)
{
	check_fault(state, FAULT_FOLDER, "lies outside of the root");
}

static void integration_proc_that_is_another_file_system(void **state)
{
	check_fault(state, FAULT_PROC_COVERED, "is no procfs");
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(integration_a_run_without_fault_passes),
		TEST(integration_a_long_list_of_layers_passes),
		TEST(integration_a_context_with_mounts_passes),
		TEST(integration_tmpfs_over_the_root_by_a_link),
		TEST(integration_bind_over_the_root_by_a_link),
		TEST(integration_special_folders_that_are_links),
		TEST(integration_root_that_stays_on_top),
		TEST(integration_root_that_was_never_changed),
		TEST(integration_mount_of_the_machine),
		TEST(integration_mount_of_the_machine_below_one_of_the_step),
		TEST(integration_descriptor_that_is_left_open),
		TEST(integration_working_directory_outside),
		TEST(integration_proc_that_is_another_file_system),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
