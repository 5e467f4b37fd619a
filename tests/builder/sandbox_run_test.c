/*
 * Integration tests of the sandbox: the command and its end. In the tier
 * that this user has: as root, or as an ordinary user with subordinate ids. The
 * root file system is Debian's busybox-static. Where that can't be, every test
 * is reported as skipped with the reason.
 */
#include "tests/builder/sandbox_world.h"

#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- the command --------------------------------------------------------- */

static void integration_output_reaches_its_stream(void **state)
{
	RUN(r);
	run(&r, "echo out; echo err >&2");
	assert_string_equal(buf_c(&r.out), "out\n");
	assert_string_equal(buf_c(&r.err), "err\n");
}

static void integration_large_output_is_whole(void **state)
{
	RUN(r);
	run(&r, "i=0; while [ $i -lt 20000 ]; do echo 0123456789; "
		"i=$((i+1)); done");
	assert_int_equal(r.out.n, 220000);
}

static void integration_exit_code_is_returned(void **state)
{
	RUN(r);
	assert_int_equal(try_run(&r, "exit 42"), 0);
	assert_int_equal(r.result.exit_code, 42);
	assert_int_equal(r.result.signal, 0);
}

static void integration_signal_is_128_and_more(void **state)
{
	RUN(r);
	/* PID 1 only dies of signals that it handles; its child does */
	assert_int_equal(try_run(&r, "sh -c 'kill -9 $$'; exit $?"), 0);
	assert_int_equal(r.result.exit_code, 128 + SIGKILL);
}

static void integration_missing_program_is_127(void **state)
{
	RUN(r);
	r.argv[0] = "no-such-program";
	assert_int_equal(try_run(&r, "x"), -1);
	assert_int_equal(r.e.code, ERR_NOT_FOUND);
	assert_int_equal(r.result.exit_code, 127);
	assert_string_equal(r.e.msg,
			    "no-such-program: no such program in the image");
}

static void integration_file_without_x_is_126(void **state)
{
	RUN(r);
	r.argv[0] = "/etc/hosts";
	assert_int_equal(try_run(&r, "x"), -1);
	assert_int_equal(r.e.code, ERR_FAILED);
	assert_int_equal(r.result.exit_code, 126);
	assert_string_equal(r.e.msg, "execute /etc/hosts: Permission denied");
}

static void integration_missing_interpreter_is_named(void **state)
{
	RUN(r);
	int fd = openat(add_layer(&r), "script", O_WRONLY | O_CREAT, 0755);

	assert_int_equal(write(fd, "#!/no/sh\n", 9), 9);
	(void)close(fd);
	r.argv[0] = "/script";
	assert_int_equal(try_run(&r, NULL), -1);
	assert_int_equal(r.result.exit_code, 127);
	assert_non_null(strstr(r.e.msg, "interpreter"));
}

static void integration_program_is_pid_1_of_its_own_session(void **state)
{
	RUN(r);
	run(&r, "echo $$; sed 's/.*) . //' /proc/1/stat | head -c 5");
	expect_out(&r, "1\n0 1 1");
}

static void integration_stdin_is_empty(void **state)
{
	RUN(r);
	run(&r, "wc -c; readlink /proc/self/fd/0");
	expect_out(&r, "0\n/dev/null\n");
}

static void integration_no_other_descriptors(void **state)
{
	RUN(r);
	int inherited = dup2(STDERR_FILENO, 77);

	run(&r, "ls /proc/1/fd; true");
	(void)close(inherited);
	expect_out(&r, "0\n1\n2\n");
}

static void integration_umask_and_signals_are_the_defaults(void **state)
{
	RUN(r);
	mode_t before = umask(077);

	(void)signal(SIGPIPE, SIG_IGN);
	r.argv[0] = "grep"; /* a shell ignores some itself */
	r.argv[1] = "-E";
	r.argv[2] = "^(Umask|SigBlk|SigIgn)";
	r.argv[3] = "/proc/self/status";
	r.argv[4] = NULL;
	run(&r, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	(void)umask(before);
	expect_out(&r, "Umask:\t0022\nSigBlk:\t0000000000000000\n"
		       "SigIgn:\t0000000000000000\n");
}

static void integration_environment_is_exactly_the_specs(void **state)
{
	RUN(r);
	r.argv[0] = "env";
	r.argv[1] = NULL;
	run(&r, NULL);
	expect_out(&r, "PATH=/bin\nHOME=/root\n");
}

static void integration_limits_are_set(void **state)
{
	static const struct run_limit limit = {RLIMIT_NOFILE, 64, 128};

	RUN(r);
	r.spec.limits = &limit;
	r.spec.n_limits = 1;
	run(&r, "ulimit -S -n; ulimit -H -n");
	expect_out(&r, "64\n128\n");
}

static void integration_hostname_is_set(void **state)
{
	RUN(r);
	run(&r, "hostname");
	expect_out(&r, "buildkitsandbox\n");
}

/* --- rights --------------------------------------------------------------- */

static void integration_root_has_dockers_rights(void **state)
{
	RUN(r);
	run(&r, "grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status");
	expect_out(&r, "CapInh:\t0000000000000000\n"
		       "CapPrm:\t00000000a80425fb\n"
		       "CapEff:\t00000000a80425fb\n"
		       "CapBnd:\t00000000a80425fb\n"
		       "CapAmb:\t0000000000000000\n"
		       "NoNewPrivs:\t0\nSeccomp:\t2\n");
}

static void integration_user_has_no_rights(void **state)
{
	static const uint32_t groups[] = {7, 33};

	RUN(r);
	r.spec.uid = 1234;
	r.spec.gid = 55;
	r.spec.groups = groups;
	r.spec.n_groups = 2;
	run(&r, "grep -E '^(Uid|Gid|Groups|CapEff|CapPrm)' /proc/self/status; "
		"echo through > /dev/stdout");
	expect_out(&r, "Uid:\t1234\t1234\t1234\t1234\n"
		       "Gid:\t55\t55\t55\t55\nGroups:\t7 33 \n"
		       "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n"
		       "through\n");
}

static void integration_seccomp_refuses_namespaces(void **state)
{
	RUN(r);
	r.argv[0] = "busybox";
	r.argv[1] = "unshare";
	r.argv[2] = "-U";
	r.argv[3] = NULL;
	assert_int_equal(try_run(&r, NULL), 0);
	assert_int_equal(r.result.exit_code, 1);
	assert_non_null(strstr(buf_c(&r.err), "Operation not permitted"));
}

static void integration_insecure_has_all_rights(void **state)
{
	char want[64];

	RUN(r);
	r.spec.insecure = true;
	run(&r, "grep -E '^(CapEff|Seccomp:)' /proc/self/status; "
		"mkdir /m && mount -t tmpfs x /m && touch /m/a && umount /m");
	(void)snprintf(
		want, sizeof(want), "CapEff:\t%016llx\nSeccomp:\t0\n",
		(unsigned long long)world.executor.facts.all_capabilities);
	expect_out(&r, want);
}

static void integration_unmapped_id_is_a_clear_error(void **state)
{
	RUN(r);
	if (world.tier == TIER_ROOT) {
		print_message("skipped: root has all ids\n");
		skip();
	}
	r.spec.uid = 4000000000;
	assert_int_equal(try_run(&r, "true"), -1);
	assert_int_equal(r.e.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(r.e.msg, "/etc/subuid"));
}

/* --- ending --------------------------------------------------------------- */

/* How many processes have this word among their arguments. */
static int count_processes(const char *word)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int n = 0;

	while ((entry = readdir(proc))) {
		char path[300];
		SCOPED_BUF struct buf args = BUF_INIT(1 << 16);
		struct err e;

		(void)snprintf(path, sizeof(path), "/proc/%s/cmdline",
			       entry->d_name);
		if (entry->d_name[0] >= '0' && entry->d_name[0] <= '9' &&
		    io_read_file(AT_FDCWD, path, &args, &e) == 1 && args.n &&
		    memmem(args.p, args.n, word, strlen(word)))
			n++;
	}
	(void)closedir(proc);
	return n;
}

static void read_mounts(struct buf *out)
{
	struct err e;

	(void)must(io_read_file(AT_FDCWD, "/proc/self/mountinfo", out, &e), &e);
}

static void integration_nothing_is_left_in_the_process(void **state)
{
	SCOPED_BUF struct buf before = BUF_INIT(OUTPUT_MAX);
	SCOPED_BUF struct buf after = BUF_INIT(OUTPUT_MAX);
	int n_fds;

	RUN(r);
	RUN2(first);
	run(&first, "true"); /* starts what lives as long as the executor */
	n_fds = count_entries("/proc/self/fd");
	read_mounts(&before);
	run(&r, "true");
	r.argv[0] = "no-such-program";
	(void)io_remove_tree(r.draft_fd, "work", &r.e);
	assert_int_equal(try_run(&r, "x"), -1);
	read_mounts(&after);
	assert_string_equal(buf_c(&before), buf_c(&after));
	assert_int_equal(count_entries("/proc/self/fd"), n_fds);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0); /* only the guard */
}

static void cancel_at_output(void *ctx, enum run_stream stream, const char *p,
			     size_t n)
{
	(void)stream;
	(void)p;
	(void)n;
	assert_int_equal(write(*(int *)ctx, "x", 1), 1);
}

static void integration_cancel_ends_the_whole_tree(void **state)
{
	int fds[2];

	RUN(r);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	r.spec.cancel_fd = fds[0];
	r.spec.output = cancel_at_output;
	r.spec.output_ctx = &fds[1];
	assert_int_equal(try_run(&r, "setsid sleep 98761 & echo ready; "
				     "sleep 98761"),
			 -1);
	assert_int_equal(r.e.code, ERR_CANCELLED);
	assert_int_equal(count_processes("98761"), 0);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void tell_ready(void *ctx, enum run_stream stream, const char *p,
		       size_t n)
{
	(void)p;
	(void)n;
	if (stream == RUN_STDOUT)
		(void)!write(*(int *)ctx, "x", 1);
}

static void check_sigkill(struct run *r, const char *script, const char *word)
{
	int fds[2];
	char ready;
	pid_t pid;
	int tries;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	r->spec.output = tell_ready;
	r->spec.output_ctx = &fds[1];
	pid = fork();
	if (pid == 0) {
		struct err e;

		/* the guard of the parent process would go on */
		(void)sandbox_executor_init(&world.executor, world.tier, &e);
		(void)try_run(r, script);
		_exit(0);
	}
	(void)close(fds[1]);
	assert_int_equal(read(fds[0], &ready, 1), 1);
	assert_true(count_processes(word) > 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	for (tries = 0; tries < 500 && count_processes(word); tries++)
		(void)nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	assert_int_equal(count_processes(word), 0);
	(void)close(fds[0]);
}

static void integration_sigkill_of_the_parent_leaves_nothing(void **state)
{
	RUN(r);
	r.spec.uid = 1234;
	check_sigkill(&r, "setsid sleep 98762 & echo ready; sleep 98762",
		      "98762");
}

/* su-exec and gosu do this; the kernel clears the death signal then. */
static void integration_sigkill_ends_what_changed_its_user_itself(void **state)
{
	SCOPED_FD int fd = -1;
	int layer;

	RUN(r);
	layer = add_layer(&r);
	assert_int_equal(mkdirat(layer, "etc", 0755), 0);
	fd = openat(layer, "etc/passwd", O_CREAT | O_WRONLY, 0644);
	assert_int_equal(write(fd, "u:x:1234:1:::\n", 14), 14);
	check_sigkill(&r,
		      "exec busybox start-stop-daemon -S -c 1234 -x "
		      "/bin/sh -- -c 'sleep 98764 & echo ready; wait'",
		      "98764");
}

static void integration_background_processes_end_with_the_command(void **state)
{
	RUN(r);
	run(&r, "setsid sleep 98763 & exit 0");
	assert_int_equal(count_processes("98763"), 0);
}

enum { THREADS = 4, RUNS_PER_THREAD = 10 };

static void *run_several(void *arg)
{
	struct run *runs = arg;
	intptr_t failures = 0;
	int i;

	for (i = 0; i < RUNS_PER_THREAD; i++)
		if (try_run(&runs[i], "echo $$; exit 3") < 0 ||
		    runs[i].result.exit_code != 3 ||
		    strcmp(buf_c(&runs[i].out), "1\n") != 0)
			failures++;
	return (void *)failures;
}

static void integration_threads_run_at_once(void **state)
{
	static struct run runs[THREADS][RUNS_PER_THREAD];
	pthread_t threads[THREADS];
	void *failures;
	int i, j;

	(void)state;
	for (i = 0; i < THREADS; i++)
		for (j = 0; j < RUNS_PER_THREAD; j++)
			run_init(&runs[i][j]);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, run_several, runs[i]),
			0);
	for (i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], &failures), 0);
		assert_null(failures);
	}
	for (i = 0; i < THREADS; i++)
		for (j = 0; j < RUNS_PER_THREAD; j++)
			run_release(&runs[i][j]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integration_output_reaches_its_stream),
		cmocka_unit_test(integration_large_output_is_whole),
		cmocka_unit_test(integration_exit_code_is_returned),
		cmocka_unit_test(integration_signal_is_128_and_more),
		cmocka_unit_test(integration_missing_program_is_127),
		cmocka_unit_test(integration_file_without_x_is_126),
		cmocka_unit_test(integration_missing_interpreter_is_named),
		cmocka_unit_test(
			integration_program_is_pid_1_of_its_own_session),
		cmocka_unit_test(integration_stdin_is_empty),
		cmocka_unit_test(integration_no_other_descriptors),
		cmocka_unit_test(
			integration_umask_and_signals_are_the_defaults),
		cmocka_unit_test(integration_environment_is_exactly_the_specs),
		cmocka_unit_test(integration_limits_are_set),
		cmocka_unit_test(integration_hostname_is_set),
		cmocka_unit_test(integration_root_has_dockers_rights),
		cmocka_unit_test(integration_user_has_no_rights),
		cmocka_unit_test(integration_seccomp_refuses_namespaces),
		cmocka_unit_test(integration_insecure_has_all_rights),
		cmocka_unit_test(integration_unmapped_id_is_a_clear_error),
		cmocka_unit_test(integration_nothing_is_left_in_the_process),
		cmocka_unit_test(integration_cancel_ends_the_whole_tree),
		cmocka_unit_test(
			integration_sigkill_of_the_parent_leaves_nothing),
		cmocka_unit_test(
			integration_sigkill_ends_what_changed_its_user_itself),
		cmocka_unit_test(
			integration_background_processes_end_with_the_command),
		cmocka_unit_test(integration_threads_run_at_once),
	};

	return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}
