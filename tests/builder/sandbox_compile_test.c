/*
 * The pure half of the sandbox: specs to plans as text, and subordinate ids.
 *
 * Plans are compared with tests/golden/sandbox/NAME.txt below
 * $IMGBUILD_SOURCE_ROOT (else the current folder); IMGBUILD_UPDATE_GOLDEN=1
 * writes them.
 */
#include "base/io.h"
#include "base/mem.h"
#include "builder/sandbox/capabilities.h"
#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/userns_subid.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

enum { DUMP_MAX = 1 << 20 };

static const char *const shell_argv[] = {"/bin/sh", "-c", "echo \"hi\"", NULL};
static const char *const plain_env[] = {"PATH=/usr/bin:/bin", "HOME=/root",
					NULL};

static struct run_spec plain_spec(void)
{
	return (struct run_spec){
		.n_lowers = 3,
		.argv = shell_argv,
		.env = plain_env,
		.cwd = "/",
		.hostname = "buildkitsandbox",
		.hosts = "127.0.0.1\tlocalhost\n",
		.resolv_conf = "nameserver 192.0.2.1\n",
		.cancel_fd = -1,
	};
}

static void compare_golden(const char *name, const struct buf *got)
{
	SCOPED_BUF struct buf want = BUF_INIT(DUMP_MAX);
	const char *root = getenv("IMGBUILD_SOURCE_ROOT");
	char path[512];
	struct err e = {0};

	(void)snprintf(path, sizeof(path), "%s/tests/golden/sandbox/%s.txt",
		       root ? root : ".", name);
	if (getenv("IMGBUILD_UPDATE_GOLDEN"))
		assert_int_equal(io_replace_file(AT_FDCWD, path, buf_str(got),
						 IO_CACHED, &e),
				 0);
	if (io_read_file(AT_FDCWD, path, &want, &e) != 1)
		fail_msg("no golden file %s", path);
	assert_string_equal(buf_c(got), buf_c(&want));
}

static void check_plan_with(const char *name, const struct run_spec *spec,
			    enum tier tier, enum sandbox_devices devices)
{
	struct sandbox_facts facts = {
		.tier = tier,
		.devices = devices,
		.all_capabilities = (UINT64_C(1) << 41) - 1,
	};
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf got = BUF_INIT(DUMP_MAX);
	struct sandbox_plan plan;
	struct err e = {0};

	if (sandbox_compile(&a, spec, &facts, &plan, &e) < 0)
		fail_msg("%s", e.msg);
	sandbox_dump(&got, &plan);
	compare_golden(name, &got);
}

static void check_plan(const char *name, const struct run_spec *spec,
		       enum tier tier)
{
	check_plan_with(name, spec, tier,
			tier == TIER_ROOT ? SANDBOX_DEVICES_GROUP
					  : SANDBOX_DEVICES_BOUND);
}

static void plan_of_a_plain_run_as_root(void **state)
{
	struct run_spec spec = plain_spec();

	(void)state;
	check_plan("plain-root", &spec, TIER_ROOT);
}

static void plan_of_a_plain_run_rootless(void **state)
{
	struct run_spec spec = plain_spec();

	(void)state;
	check_plan("plain-rootless", &spec, TIER_USERNS);
}

static void
plan_without_a_device_group_has_no_devices_but_bound_ones(void **state)
{
	static const struct run_mount mounts[] = {
		{.kind = RUN_MOUNT_BIND, .target = "/src"},
		{.kind = RUN_MOUNT_TMPFS, .target = "/tmp"},
	};
	struct run_spec spec = plain_spec();

	(void)state;
	spec.mounts = mounts;
	spec.n_mounts = ARRAY_LEN(mounts);
	check_plan_with("no-group-root", &spec, TIER_ROOT,
			SANDBOX_DEVICES_BOUND);
}

static void plan_of_an_insecure_run_has_no_filter_and_no_masks(void **state)
{
	struct run_spec spec = plain_spec();

	(void)state;
	spec.insecure = true;
	check_plan("insecure-root", &spec, TIER_ROOT);
}

static void plan_without_network_gets_its_own_sysfs(void **state)
{
	struct run_spec spec = plain_spec();

	(void)state;
	spec.network = RUN_NET_NONE;
	check_plan("no-network-rootless", &spec, TIER_USERNS);
}

static void plan_with_mounts_user_groups_and_limits(void **state)
{
	static const char *const argv[] = {"make", "-j2", NULL};
	static const struct run_mount mounts[] = {
		{.kind = RUN_MOUNT_BIND,
		 .target = "/src/../ctx/",
		 .readonly = true},
		{.kind = RUN_MOUNT_BIND, .target = "/var/cache/apt"},
		{.kind = RUN_MOUNT_TMPFS, .target = "/tmp", .size_bytes = 4096},
		{.kind = RUN_MOUNT_TMPFS, .target = "/dev/own", .mode = 0700},
	};
	static const uint32_t groups[] = {5, 20};
	static const struct run_limit limits[] = {{RLIMIT_NOFILE, 64, 128}};
	struct run_spec spec = plain_spec();

	(void)state;
	spec.argv = argv;
	spec.cwd = "/work//dir/";
	spec.uid = 1000;
	spec.gid = 1001;
	spec.groups = groups;
	spec.n_groups = 2;
	spec.mounts = mounts;
	spec.n_mounts = ARRAY_LEN(mounts);
	spec.limits = limits;
	spec.n_limits = 1;
	spec.shm_size_bytes = 1 << 20;
	check_plan("mounts-and-user", &spec, TIER_ROOT);
}

static void check_refused(const struct run_spec *spec, const char *message)
{
	struct sandbox_facts facts = {.tier = TIER_ROOT};
	SCOPED_ARENA struct arena a = {0};
	struct sandbox_plan plan;
	struct err e = {0};

	assert_int_equal(sandbox_compile(&a, spec, &facts, &plan, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	assert_string_equal(e.msg, message);
}

static void relative_cwd_is_refused(void **state)
{
	struct run_spec spec = plain_spec();

	(void)state;
	spec.cwd = "work";
	check_refused(&spec, "working directory 'work' is not absolute");
}

static void mount_over_the_root_is_refused(void **state)
{
	static const struct run_mount mount = {.target = "/a/.."};
	struct run_spec spec = plain_spec();

	(void)state;
	spec.mounts = &mount;
	spec.n_mounts = 1;
	check_refused(&spec, "mount target '/a/..' is the root itself");
}

static void relative_mount_target_is_refused(void **state)
{
	static const struct run_mount mount = {.target = "a"};
	struct run_spec spec = plain_spec();

	(void)state;
	spec.mounts = &mount;
	spec.n_mounts = 1;
	check_refused(&spec, "mount target 'a' is not absolute");
}

static void empty_command_is_refused(void **state)
{
	static const char *const argv[] = {NULL};
	struct run_spec spec = plain_spec();

	(void)state;
	spec.argv = argv;
	check_refused(&spec, "no command given");
}

static void default_capabilities_are_dockers(void **state)
{
	(void)state;
	assert_int_equal(capabilities_default(), 0xa80425fb);
}

static void subordinate_ids_by_name_and_by_number(void **state)
{
	struct subid_ranges r;

	(void)state;
	subid_parse(STR("root:1:2\njo:100000:65536\n1000:500000:10\n"
			"joe:7:7\njo:200000:5"),
		    STR("jo"), 1000, &r);
	assert_int_equal(r.n, 3);
	assert_int_equal(r.v[0].first, 100000);
	assert_int_equal(r.v[0].n, 65536);
	assert_int_equal(r.v[1].first, 500000);
	assert_int_equal(r.v[2].first, 200000);
}

static void malformed_subordinate_ids_are_passed_over(void **state)
{
	struct subid_ranges r;

	(void)state;
	subid_parse(STR("\njo\njo:1\njo:x:5\njo:5:0\njo:4294967295:2\n"
			"jo:-1:5\n:1:1\njo:1:2:3\n jo:10:20 \n"),
		    STR("jo"), 1000, &r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.v[0].first, 10);
	assert_int_equal(r.v[0].n, 20);
}

static void user_without_a_name_has_ranges_by_number(void **state)
{
	struct subid_ranges r;

	(void)state;
	subid_parse(STR(":5:5\n1000:100:1\n"), STR(""), 1000, &r);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.v[0].first, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plan_of_a_plain_run_as_root),
		cmocka_unit_test(plan_of_a_plain_run_rootless),
		cmocka_unit_test(
			plan_without_a_device_group_has_no_devices_but_bound_ones),
		cmocka_unit_test(
			plan_of_an_insecure_run_has_no_filter_and_no_masks),
		cmocka_unit_test(plan_without_network_gets_its_own_sysfs),
		cmocka_unit_test(plan_with_mounts_user_groups_and_limits),
		cmocka_unit_test(relative_cwd_is_refused),
		cmocka_unit_test(mount_over_the_root_is_refused),
		cmocka_unit_test(relative_mount_target_is_refused),
		cmocka_unit_test(empty_command_is_refused),
		cmocka_unit_test(default_capabilities_are_dockers),
		cmocka_unit_test(subordinate_ids_by_name_and_by_number),
		cmocka_unit_test(malformed_subordinate_ids_are_passed_over),
		cmocka_unit_test(user_without_a_name_has_ranges_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
