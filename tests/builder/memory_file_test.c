/*
 * Integration test of files in memory, as root or in a user namespace: each way
 * to make one gives a file that mounts, and no name of it elsewhere.
 */
#include "builder/sandbox/memory_file.h"

#include "base/mem.h"
#include "builder/sandbox/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>

#include <cmocka.h>

static const char VALUE[] = "value of a secret";

static size_t read_mounts(char *out, size_t n)
{
	SCOPED_FD int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	size_t got = 0;
	ssize_t some;

	while ((some = read(fd, out + got, n - got)) > 0)
		got += (size_t)some;
	return got;
}

/* In a namespace of its own: the exit code says where it failed. */
static int mount_and_read(int mounted)
{
	char path[] = "/tmp/imgbuild-memory-XXXXXX";
	SCOPED_FD int made = mkstemp(path);
	SCOPED_FD int target = -1;
	SCOPED_FD int fd = -1;
	char got[64] = {0};

	if (made < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 1;
	target = open(path, O_PATH | O_CLOEXEC);
	if (syscall(SYS_move_mount, mounted, "", target, "",
		    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
		return 2;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, got, sizeof(got)) < 0)
		return 3;
	(void)umount2(path, MNT_DETACH);
	(void)unlink(path);
	return strcmp(got, VALUE) == 0 ? 0 : 4;
}

static void way_makes_a_file_that_mounts(enum memory_file_way way)
{
	static char before[1 << 18], after[1 << 18];
	size_t n_before = read_mounts(before, sizeof(before));
	SCOPED_FD int file = -1;
	SCOPED_FD int mounted = -1;
	int status;
	pid_t pid;

	if (memory_file_make_so(way, &file, &mounted) < 0) {
		assert_int_equal(way, MEMORY_FILE_DETACHED);
		print_message("skipped: this kernel does not clone what is "
			      "mounted nowhere: %s\n",
			      strerror(errno));
		skip();
	}
	assert_int_equal(write(file, VALUE, strlen(VALUE)), strlen(VALUE));
	pid = fork();
	if (pid == 0)
		_exit(mount_and_read(mounted));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read_mounts(after, sizeof(after)), n_before);
	assert_memory_equal(before, after, n_before);
}

static void integration_file_of_a_detached_tmpfs_mounts(void **state)
{
	(void)state;
	way_makes_a_file_that_mounts(MEMORY_FILE_DETACHED);
}

static void integration_file_of_a_namespace_that_ended_mounts(void **state)
{
	(void)state;
	way_makes_a_file_that_mounts(MEMORY_FILE_ALONE);
}

static void integration_file_is_for_its_owner_alone(void **state)
{
	SCOPED_FD int file = -1;
	SCOPED_FD int mounted = -1;
	struct stat st;

	(void)state;
	assert_int_equal(memory_file_make(&file, &mounted), 0);
	assert_int_equal(fstat(file, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0400);
	assert_int_equal(st.st_uid, geteuid());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integration_file_of_a_detached_tmpfs_mounts),
		cmocka_unit_test(
			integration_file_of_a_namespace_that_ended_mounts),
		cmocka_unit_test(integration_file_is_for_its_owner_alone),
	};
	struct err e;

	if (userns_enter(tier_probe(), &e) < 0) {
		printf("skipped: %s\n", e.msg);
		return 77; /* meson: skipped */
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
