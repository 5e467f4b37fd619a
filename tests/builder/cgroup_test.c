#include "tests/base/support.h"

#include "builder/sandbox/cgroup.h"

/* "file=value" for each setting, "?" after optional ones */
static void describe(const struct cgroup_limits *l, enum cgroup_version version,
		     struct buf *out)
{
	struct cgroup_setting s[CGROUP_SETTINGS_MAX];
	size_t n = cgroup_settings(l, version, s);

	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%s=%s%s", i ? " " : "", s[i].file,
			   s[i].value, s[i].optional ? "?" : "");
}

static void assert_settings(struct cgroup_limits l, const char *v1,
			    const char *v2)
{
	SCOPED_BUF struct buf one = BUF_INIT(1000);
	SCOPED_BUF struct buf two = BUF_INIT(1000);

	describe(&l, CGROUP_V1, &one);
	describe(&l, CGROUP_V2, &two);
	assert_string_equal(buf_c(&one), v1);
	assert_string_equal(buf_c(&two), v2);
}

static void no_limit_is_no_setting(void **state)
{
	(void)state;
	assert_false(cgroup_limits_any(&(struct cgroup_limits){0}));
	assert_settings((struct cgroup_limits){.parent = "/x"}, "", "");
}

static void swap_is_as_much_as_memory_where_nothing_is_said(void **state)
{
	(void)state;
	assert_settings((struct cgroup_limits){.memory_bytes = 1000},
			"memory.limit_in_bytes=1000 "
			"memory.memsw.limit_in_bytes=2000?",
			"memory.max=1000 memory.swap.max=1000?");
}

static void the_swap_option_is_memory_and_swap_together(void **state)
{
	(void)state;
	assert_settings((struct cgroup_limits){.memory_bytes = 1000,
					       .memory_swap_bytes = 1500},
			"memory.limit_in_bytes=1000 "
			"memory.memsw.limit_in_bytes=1500",
			"memory.max=1000 memory.swap.max=500");
	assert_settings((struct cgroup_limits){.memory_bytes = 1000,
					       .memory_swap_bytes = -1},
			"memory.limit_in_bytes=1000 "
			"memory.memsw.limit_in_bytes=-1",
			"memory.max=1000 memory.swap.max=max");
}

static void processor_time_is_a_quota_of_a_period(void **state)
{
	(void)state;
	assert_settings((struct cgroup_limits){.cpu_quota_us = 5000},
			"cpu.cfs_quota_us=5000", "cpu.max=5000 100000");
	assert_settings((struct cgroup_limits){.cpu_period_us = 20000},
			"cpu.cfs_period_us=20000", "cpu.max=max 20000");
	assert_settings((struct cgroup_limits){.cpu_shares = 1024},
			"cpu.shares=1024", "cpu.weight=39");
	assert_settings((struct cgroup_limits){.cpu_shares = 2}, "cpu.shares=2",
			"cpu.weight=1");
	assert_settings((struct cgroup_limits){.cpu_shares = 262144},
			"cpu.shares=262144", "cpu.weight=10000");
}

static void version_1_needs_both_cpusets(void **state)
{
	(void)state;
	assert_settings((struct cgroup_limits){.cpuset_cpus = "0-1"},
			"cpuset.cpus=0-1 cpuset.mems=", "cpuset.cpus=0-1");
	assert_settings((struct cgroup_limits){.cpuset_mems = "0"},
			"cpuset.cpus= cpuset.mems=0", "cpuset.mems=0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit_is_no_setting),
		cmocka_unit_test(
			swap_is_as_much_as_memory_where_nothing_is_said),
		cmocka_unit_test(the_swap_option_is_memory_and_swap_together),
		cmocka_unit_test(processor_time_is_a_quota_of_a_period),
		cmocka_unit_test(version_1_needs_both_cpusets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
