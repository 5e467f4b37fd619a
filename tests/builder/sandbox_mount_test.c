/*
 * Integration tests of the sandbox: mounts and layers. In the tier
 * that this user has: as root, or as an ordinary user with subordinate ids. The
 * root file system is Debian's busybox-static. Where that can't be, every test
 * is reported as skipped with the reason.
 */
#include "tests/builder/sandbox_world.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

/* --- what is mounted ------------------------------------------------------ */

static void integration_mounts_are_dockers(void **state)
{
	static const char *const want[] = {
		" /proc rw,nosuid,nodev,noexec,relatime - proc proc ",
		" /dev rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755",
		" /dev/pts rw,nosuid,noexec,relatime - devpts devpts ",
		" /dev/shm rw,nosuid,nodev,noexec,relatime - tmpfs shm rw,",
		" /dev/mqueue rw,nosuid,nodev,noexec,relatime - mqueue mqueue",
		" /sys ro,nosuid,nodev,noexec,relatime - sysfs ",
		" /etc/resolv.conf ro,nosuid,nodev,noexec,relatime - ",
		" /etc/hosts ro,nosuid,nodev,noexec,relatime - ",
		" /proc/sys ro,nosuid,nodev,noexec,relatime - proc ",
		" /proc/irq ro,nosuid,nodev,noexec,relatime - proc ",
		" /sys/firmware ro,relatime - tmpfs ",
		" / rw,relatime - overlay overlay ",
	};
	const char *root;
	size_t i;

	RUN(r);
	run(&r, "cat /proc/self/mountinfo");
	for (i = 0; i < ARRAY_LEN(want); i++)
		expect_in_out(&r, want[i]);
	/* the machine's root is gone */
	root = strstr(buf_c(&r.out), " / rw");
	assert_null(strstr(root + 1, " / rw"));
}

static void integration_dev_has_dockers_nodes(void **state)
{
	RUN(r);
	run(&r,
	    "cd /dev; echo *; stat -c '%n %t:%T %a' null zero full random "
	    "urandom tty; stat -c '%a' . shm pts; readlink fd; readlink ptmx; "
	    "echo x > null; head -c 2 zero | wc -c; "
	    "echo x 2>&1 > full || echo full");
	/* /dev/core depends on the kernel */
	expect_in_out(&r, "fd full mqueue null ptmx pts random shm stderr "
			  "stdin stdout tty urandom zero\n");
	expect_in_out(&r, "null 1:3 666\nzero 1:5 666\nfull 1:7 666\n"
			  "random 1:8 666\nurandom 1:9 666\ntty 5:0 666\n"
			  "755\n1777\n755\n/proc/self/fd\npts/ptmx\n2\n");
}

static void integration_proc_and_sys_are_protected(void **state)
{
	RUN(r);
	run(&r, "(echo x > /proc/sys/kernel/hostname) 2>/dev/null && exit 1; "
		"(touch /sys/x) 2>/dev/null && exit 2; "
		"(echo x > /etc/hosts) 2>/dev/null && exit 3; "
		"wc -c < /proc/timer_list; ls /sys/firmware | wc -l; "
		"mkdir /sys/firmware/x 2>/dev/null && exit 4; exit 0");
	expect_out(&r, "0\n0\n");
}

static void integration_network_none_has_only_lo_and_it_is_up(void **state)
{
	RUN(r);
	r.spec.network = RUN_NET_NONE;
	run(&r, "sed -n 's/^ *\\(.*\\):.*/\\1/p' /proc/net/dev; "
		"ifconfig lo | grep -c UP");
	expect_out(&r, "lo\n1\n");
}

static void integration_shm_has_the_size_asked_for(void **state)
{
	RUN(r);
	r.spec.shm_size_bytes = 1 << 20;
	run(&r, "df -k /dev/shm | sed -n 's/^shm *\\([0-9]*\\).*/\\1/p'");
	expect_out(&r, "1024\n");
}

static int open_source(const char *name, const char *content)
{
	int fd = openat(world.fd, name, O_RDWR | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	(void)close(fd);
	return openat(world.fd, name, O_PATH | O_CLOEXEC);
}

static void integration_mounts_of_the_spec_leave_nothing(void **state)
{
	struct run_mount mounts[4];

	RUN(r);
	mounts[0] = (struct run_mount){.kind = RUN_MOUNT_BIND,
				       .source_fd = open_source("secret", "s"),
				       .target = "/run/secrets/id",
				       .readonly = true};
	mounts[1] = (struct run_mount){.kind = RUN_MOUNT_BIND,
				       .source_fd = add_layer(&r),
				       .target = "/var/cache/x"};
	r.n_layers--; /* the cache is no layer */
	mounts[2] = (struct run_mount){.kind = RUN_MOUNT_TMPFS,
				       .target = "/t",
				       .size_bytes = 1 << 20,
				       .mode = 0700};
	mounts[3] = (struct run_mount){.kind = RUN_MOUNT_TMPFS,
				       .target = "/t/in/it",
				       .readonly = true};
	r.spec.mounts = mounts;
	r.spec.n_mounts = 4;
	run(&r, "cat /run/secrets/id; (echo x > /run/secrets/id) 2>/dev/null "
		"&& exit 1; touch /var/cache/x/kept; stat -c %a /t /t/in/it; "
		"touch /t/in/it/x 2>/dev/null && exit 2; "
		"df -k /t | sed -n 's/^tmpfs *\\([0-9]*\\).*/\\1/p'; "
		"touch /run/made && rm /run/made");
	expect_out(&r, "s700\n1777\n1024\n");
	expect_upper(&r, "dev proc sys ");
	assert_int_equal(faccessat(mounts[1].source_fd, "kept", F_OK, 0), 0);
	(void)close(mounts[0].source_fd);
	(void)close(mounts[1].source_fd);
}

enum { NESTING = 4, ROUNDS = 40 };

static void *mount_nested(void *arg)
{
	struct run *r = arg;

	return (void *)(intptr_t)(try_run(r, "true") < 0);
}

/* The inner mount's point is made in the outer cache, by whoever is first. */
static void integration_nested_caches_of_several_steps_at_once(void **state)
{
	static struct run runs[NESTING];
	struct run_mount mounts[NESTING][2];
	pthread_t threads[NESTING];
	void *failed;

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		int outer, inner;

		RUN2(caches);
		outer = add_layer(&caches);
		inner = add_layer(&caches);
		for (int i = 0; i < NESTING; i++) {
			run_init(&runs[i]);
			mounts[i][0] = (struct run_mount){.source_fd = outer,
							  .target = "/foo/bar"};
			mounts[i][1] = (struct run_mount){
				.source_fd = inner, .target = "/foo/bar/b/az"};
			runs[i].spec.mounts = mounts[i];
			runs[i].spec.n_mounts = 2;
		}
		for (int i = 0; i < NESTING; i++)
			assert_int_equal(pthread_create(&threads[i], NULL,
							mount_nested, &runs[i]),
					 0);
		for (int i = 0; i < NESTING; i++) {
			(void)pthread_join(threads[i], &failed);
			if (failed)
				fail_msg("%s", runs[i].e.msg);
		}
		for (int i = 0; i < NESTING; i++)
			run_release(&runs[i]);
	}
}

static void integration_kept_stubs_serve_several_runs(void **state)
{
	struct run_mount mount = {.kind = RUN_MOUNT_TMPFS, .target = "/t"};
	int before;

	RUN(r);
	RUN2(second);
	world.executor.executor.use_folder(&world.executor.executor, world.fd);
	before = count_entries(world.path);
	run(&r, "cat /etc/hosts");
	run(&second, "cat /etc/hosts");
	assert_int_equal(count_entries(world.path), before + 1);
	expect_out(&second, "127.0.0.1 localhost\n");
	RUN2(third);
	third.spec.mounts = &mount;
	third.spec.n_mounts = 1;
	before = count_entries(world.path);
	run(&third, "df /t");
	assert_int_equal(count_entries(world.path), before + 1);
	world.executor.executor.use_folder(&world.executor.executor, -1);
	expect_upper(&third, "dev proc sys ");
}

static void integration_what_is_made_beside_a_stub_stays(void **state)
{
	RUN(r);
	run(&r, "touch /etc/made");
	expect_upper(&r, "dev etc proc sys ");
	assert_true(in_upper(&r, "etc/made"));
	assert_false(in_upper(&r, "etc/hosts"));
	assert_false(in_upper(&r, "etc/resolv.conf"));
}

static void integration_scratch_gets_proc_dev_and_sys(void **state)
{
	struct stat st;

	RUN(r);
	run(&r, "true");
	expect_upper(&r, "dev proc sys ");
	assert_int_equal(fstatat(r.upper_fd, "dev", &st, 0), 0);
	assert_int_equal(st.st_mode, S_IFDIR | 0755);
}

static void integration_base_with_all_of_it_has_an_empty_upper(void **state)
{
	int layer;

	RUN(r);
	layer = add_layer(&r);
	assert_int_equal(mkdirat(layer, "proc", 0555), 0);
	assert_int_equal(mkdirat(layer, "sys", 0555), 0);
	assert_int_equal(mkdirat(layer, "dev", 0755), 0);
	assert_int_equal(mkdirat(layer, "etc", 0700), 0);
	run(&r, "cat /etc/hosts; stat -c %a /etc");
	expect_out(&r, "127.0.0.1 localhost\n700\n");
	expect_upper(&r, "");
}

static void integration_target_that_is_a_dangling_link(void **state)
{
	int layer;

	RUN(r);
	layer = add_layer(&r);
	assert_int_equal(mkdirat(layer, "etc", 0755), 0);
	assert_int_equal(symlinkat("../run/systemd/resolve/stub.conf", layer,
				   "etc/resolv.conf"),
			 0);
	run(&r, "cat /etc/resolv.conf; cat /run/systemd/resolve/stub.conf");
	expect_out(&r, "nameserver 192.0.2.1\nnameserver 192.0.2.1\n");
	expect_upper(&r, "dev proc sys ");
}

static void integration_target_below_a_link_out_of_the_root(void **state)
{
	char outside[128];
	struct stat before, after;

	RUN(r);
	(void)snprintf(outside, sizeof(outside), "%s/outside", world.path);
	(void)mkdir(outside, 0755);
	assert_int_equal(stat(outside, &before), 0);
	assert_int_equal(symlinkat(outside, add_layer(&r), "etc"), 0);
	run(&r, "cat /etc/resolv.conf");
	expect_out(&r, "nameserver 192.0.2.1\n");
	assert_int_equal(stat(outside, &after), 0);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	expect_upper(&r, "dev proc sys ");
}

static void integration_magic_links_are_refused(void **state)
{
	RUN(r);
	assert_int_equal(symlinkat("/proc/self/cwd", add_layer(&r), "etc"), 0);
	assert_int_equal(try_run(&r, "true"), -1);
	assert_non_null(strstr(r.e.msg, "/etc/resolv.conf"));
	assert_int_equal(r.e.sys, ELOOP);
}

static void integration_target_under_a_whiteout_is_taken_away(void **state)
{
	struct stat before, after;
	int low, high;

	RUN(r);
	low = add_layer(&r);
	assert_int_equal(mkdirat(low, "etc", 0755), 0);
	(void)close(openat(low, "etc/hosts", O_CREAT | O_WRONLY, 0644));
	high = add_layer(&r);
	assert_int_equal(mkdirat(high, "etc", 0755), 0);
	if (mknodat(high, "etc/hosts", S_IFCHR, makedev(0, 0)) < 0)
		fail_msg("mknod of a whiteout: %s", strerror(errno));
	assert_int_equal(fstatat(high, "etc", &before, 0), 0);
	run(&r, "cat /etc/hosts");
	expect_out(&r, "127.0.0.1 localhost\n");
	assert_false(in_upper(&r, "etc/hosts"));
	if (fstatat(r.upper_fd, "etc", &after, 0) == 0)
		assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
}

static void integration_missing_cwd_is_made_for_the_user(void **state)
{
	struct stat st;

	RUN(r);
	r.spec.cwd = "/a/b";
	r.spec.uid = 0;
	run(&r, "pwd; stat -c '%a %u:%g' /a /a/b");
	expect_out(&r, "/a/b\n755 0:0\n755 0:0\n");
	assert_int_equal(fstatat(r.upper_fd, "a/b", &st, 0), 0);
}

static void integration_missing_cwd_of_a_user_is_the_users(void **state)
{
	RUN(r);
	r.spec.cwd = "/a/b";
	r.spec.uid = 7;
	r.spec.gid = 8;
	run(&r, "pwd; stat -c '%a %u:%g' /a /a/b; touch x");
	expect_out(&r, "/a/b\n755 7:8\n755 7:8\n");
}

/* --- layers --------------------------------------------------------------- */

static void make_many_layers(struct run *r, size_t n)
{
	char name[32];

	while (r->n_layers < n) {
		size_t i = r->n_layers;
		int layer = add_layer(r);

		(void)snprintf(name, sizeof(name), "only%zu", i);
		(void)close(openat(layer, name, O_CREAT | O_WRONLY, 0644));
		(void)close(openat(layer, "top", O_CREAT | O_WRONLY, 0644));
	}
}

static void integration_120_layers(void **state)
{
	RUN(r);
	make_many_layers(&r, 120);
	run(&r, "ls / | grep -c only; rm /top /only7; ls / | grep -c only");
	expect_out(&r, "119\n118\n");
}

static void integration_120_layers_by_path_as_on_older_kernels(void **state)
{
	RUN(r);
	make_many_layers(&r, 120);
	world.executor.facts.overlay_by_path = true;
	run(&r, "ls / | grep -c only; rm /top /only7; ls / | grep -c only; "
		"cat /etc/hosts");
	world.executor.facts.overlay_by_path = false;
	expect_out(&r, "119\n118\n127.0.0.1 localhost\n");
}

static void integration_changes_to_lower_files(void **state)
{
	struct stat st;
	int layer;

	RUN(r);
	layer = add_layer(&r);
	assert_int_equal(symlinkat("target", layer, "link"), 0);
	assert_int_equal(mkdirat(layer, "tree", 0755), 0);
	assert_int_equal(mkdirat(layer, "tree/sub", 0755), 0);
	(void)close(openat(layer, "tree/sub/file", O_CREAT | O_WRONLY, 0644));
	assert_int_equal(mkdirat(layer, "moved", 0755), 0);
	(void)close(openat(layer, "moved/file", O_CREAT | O_WRONLY, 0644));
	(void)close(openat(layer, "one", O_CREAT | O_WRONLY, 0644));
	assert_int_equal(linkat(layer, "one", layer, "two", 0), 0);
	run(&r, "chown -h 5:6 /link; stat -c %u:%g /link; "
		"rm -r /tree; mkdir /tree; ls /tree | wc -l; "
		"mv /moved /moved2; ls /moved2; ls -d /moved 2>&1; "
		"echo x >> /one; ln /two /three; ls /");
	expect_in_out(&r, "5:6\n0\nfile\nls: /moved: No such file");
	assert_int_equal(fstatat(r.upper_fd, "link", &st, AT_SYMLINK_NOFOLLOW),
			 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(fstatat(r.upper_fd, "moved", &st, AT_SYMLINK_NOFOLLOW),
			 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	assert_true(in_upper(&r, "moved2/file"));
}

static void integration_opaque_folders_are_marked_by_user_xattr(void **state)
{
	char value[8] = "";
	char path[64];
	int layer;

	RUN(r);
	layer = add_layer(&r);
	assert_int_equal(mkdirat(layer, "tree", 0755), 0);
	(void)close(openat(layer, "tree/file", O_CREAT | O_WRONLY, 0644));
	run(&r, "rm -r /tree; mkdir /tree");
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/tree", r.upper_fd);
	assert_int_equal(
		getxattr(path, "user.overlay.opaque", value, sizeof(value)), 1);
	assert_string_equal(value, "y");
}

static void integration_file_capabilities_survive_copy_up(void **state)
{
	/* VFS_CAP_REVISION_2, cap_net_bind_service=ep */
	static const unsigned char caps[] = {1, 0, 0, 2, 0, 4, 0, 0, 0, 0,
					     0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	unsigned char got[64];
	int fd;

	RUN(r);
	fd = openat(add_layer(&r), "prog", O_CREAT | O_WRONLY, 0755);
	assert_int_equal(
		fsetxattr(fd, "security.capability", caps, sizeof(caps), 0), 0);
	assert_int_equal(fsetxattr(fd, "user.note", "n", 1, 0), 0);
	(void)close(fd);
	run(&r, "touch /prog");
	fd = openat(r.upper_fd, "prog", O_RDONLY);
	assert_true(fgetxattr(fd, "security.capability", got, sizeof(got)) >=
		    20);
	assert_int_equal(got[5], 4);
	assert_int_equal(fgetxattr(fd, "user.note", got, sizeof(got)), 1);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integration_scratch_gets_proc_dev_and_sys),
		cmocka_unit_test(integration_mounts_are_dockers),
		cmocka_unit_test(integration_dev_has_dockers_nodes),
		cmocka_unit_test(integration_proc_and_sys_are_protected),
		cmocka_unit_test(
			integration_network_none_has_only_lo_and_it_is_up),
		cmocka_unit_test(integration_shm_has_the_size_asked_for),
		cmocka_unit_test(integration_mounts_of_the_spec_leave_nothing),
		cmocka_unit_test(
			integration_nested_caches_of_several_steps_at_once),
		cmocka_unit_test(integration_kept_stubs_serve_several_runs),
		cmocka_unit_test(integration_what_is_made_beside_a_stub_stays),
		cmocka_unit_test(
			integration_base_with_all_of_it_has_an_empty_upper),
		cmocka_unit_test(integration_target_that_is_a_dangling_link),
		cmocka_unit_test(
			integration_target_below_a_link_out_of_the_root),
		cmocka_unit_test(integration_magic_links_are_refused),
		cmocka_unit_test(
			integration_target_under_a_whiteout_is_taken_away),
		cmocka_unit_test(integration_missing_cwd_is_made_for_the_user),
		cmocka_unit_test(
			integration_missing_cwd_of_a_user_is_the_users),
		cmocka_unit_test(integration_120_layers),
		cmocka_unit_test(
			integration_120_layers_by_path_as_on_older_kernels),
		cmocka_unit_test(integration_changes_to_lower_files),
		cmocka_unit_test(
			integration_opaque_folders_are_marked_by_user_xattr),
		cmocka_unit_test(integration_file_capabilities_survive_copy_up),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
