/*
 * Integration tests of the sandbox, in the tier that this user has: as root, or
 * as an ordinary user with subordinate ids. The root file system is Debian's
 * busybox-static. Where that can't be, every test is reported as skipped with
 * the reason.
 */
#include "base/io.h"
#include "base/mem.h"
#include "builder/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 1 << 20, LAYERS_MAX = 200 };

static const char *const applets[] = {
	"sh",	"cat",	    "chmod", "chown", "cp",	  "df",	    "echo",
	"env",	"find",	    "grep",  "head",  "hostname", "id",	    "ifconfig",
	"kill", "ln",	    "ls",    "mkdir", "mknod",	  "mount",  "mv",
	"pwd",	"readlink", "rm",    "rmdir", "sed",	  "setsid", "sleep",
	"sort", "stat",	    "touch", "true",  "umount",	  "wc",
};

/* What the tests share. */
static struct {
	enum tier tier;
	char skip[ERR_MSG_MAX]; /* why nothing can run, or "" */
	char path[64];
	int fd; /* of path */
	struct sandbox_executor executor;
	unsigned n_drafts;
} world;

/* One run: its layers, draft, spec and output. */
struct run {
	int layer_fds[LAYERS_MAX];
	size_t n_layers;
	int draft_fd;
	int upper_fd;
	struct run_spec spec;
	const char *argv[5];
	struct run_result result;
	struct buf out;
	struct buf err;
	struct err e;
};

static const char *const default_env[] = {"PATH=/bin", "HOME=/root", NULL};

static void keep_output(void *ctx, enum run_stream stream, const char *p,
			size_t n)
{
	struct run *r = ctx;

	buf_add(stream == RUN_STDOUT ? &r->out : &r->err, p, n);
}

static int must(int result, const struct err *e)
{
	if (result < 0)
		fail_msg("%s", e->msg);
	return result;
}

/* Add an empty layer on top; its fd. */
static int add_layer(struct run *r)
{
	char name[64];
	int fd;

	(void)snprintf(name, sizeof(name), "layer%u", world.n_drafts++);
	(void)must(io_mkdir(world.fd, name, 0755, &r->e), &r->e);
	fd = must(io_open_dir(world.fd, name, &r->e), &r->e);
	r->layer_fds[r->n_layers++] = fd;
	return fd;
}

static void make_busybox(int layer_fd)
{
	struct err e;
	size_t i;
	char name[64];
	int from = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	int to;

	(void)must(io_mkdir(layer_fd, "bin", 0755, &e), &e);
	to = openat(layer_fd, "bin/busybox", O_WRONLY | O_CREAT | O_CLOEXEC,
		    0755);
	(void)must(io_copy(from, to, -1, "busybox", &e), &e);
	(void)close(from);
	(void)close(to);
	for (i = 0; i < ARRAY_LEN(applets); i++) {
		(void)snprintf(name, sizeof(name), "bin/%s", applets[i]);
		assert_int_equal(symlinkat("busybox", layer_fd, name), 0);
	}
}

static void run_init(struct run *r)
{
	char name[64];

	if (world.skip[0]) {
		print_message("skipped: %s\n", world.skip);
		skip();
	}
	*r = (struct run){
		.out = BUF_INIT(OUTPUT_MAX),
		.err = BUF_INIT(OUTPUT_MAX),
	};
	r->layer_fds[r->n_layers++] =
		must(io_open_dir(world.fd, "busybox", &r->e), &r->e);
	(void)snprintf(name, sizeof(name), "draft%u", world.n_drafts++);
	(void)must(io_mkdir(world.fd, name, 0755, &r->e), &r->e);
	r->draft_fd = must(io_open_dir(world.fd, name, &r->e), &r->e);
	(void)must(io_mkdir(r->draft_fd, "upper", 0755, &r->e), &r->e);
	r->upper_fd = must(io_open_dir(r->draft_fd, "upper", &r->e), &r->e);
	r->argv[0] = "sh";
	r->argv[1] = "-c";
	r->spec = (struct run_spec){
		.draft_fd = r->draft_fd,
		.argv = r->argv,
		.env = default_env,
		.cwd = "/",
		.hostname = "buildkitsandbox",
		.hosts = "127.0.0.1 localhost\n",
		.resolv_conf = "nameserver 192.0.2.1\n",
		.output = keep_output,
		.output_ctx = r,
		.cancel_fd = -1,
	};
}

static void run_release(struct run *r)
{
	size_t i;

	for (i = 0; i < r->n_layers; i++)
		(void)close(r->layer_fds[i]);
	(void)close(r->upper_fd);
	(void)close(r->draft_fd);
	buf_release(&r->out);
	buf_release(&r->err);
}

static int try_run(struct run *r, const char *script)
{
	struct executor *x = &world.executor.executor;

	if (script)
		r->argv[2] = script;
	r->spec.lower_fds = r->layer_fds;
	r->spec.n_lowers = r->n_layers;
	return x->run(x, &r->spec, &r->result, &r->e);
}

/* Run to exit code 0. */
static void run(struct run *r, const char *script)
{
	(void)must(try_run(r, script), &r->e);
	if (r->result.exit_code != 0)
		fail_msg("exit code %d: %s%s", r->result.exit_code,
			 buf_c(&r->out), buf_c(&r->err));
}

static void expect_out(struct run *r, const char *want)
{
	assert_string_equal(buf_c(&r->out), want);
	assert_string_equal(buf_c(&r->err), "");
}

static void expect_in_out(const struct run *r, const char *part)
{
	if (!strstr(buf_c(&r->out), part))
		fail_msg("no '%s' in: %s", part, buf_c(&r->out));
}

static bool in_upper(const struct run *r, const char *path)
{
	struct stat st;

	return fstatat(r->upper_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names at the top of the upper folder, sorted, each with a blank after. */
static void expect_upper(const struct run *r, const char *want)
{
	DIR *dir = fdopendir(openat(r->upper_fd, ".", O_RDONLY | O_DIRECTORY));
	char *names[64];
	char got[1024] = "";
	const struct dirent *entry;
	size_t n = 0, i;

	while ((entry = readdir(dir)) && n < ARRAY_LEN(names))
		if (entry->d_name[0] != '.')
			names[n++] = xstrdup(entry->d_name);
	(void)closedir(dir);
	qsort(names, n, sizeof(names[0]), compare_names);
	for (i = 0; i < n; i++) {
		strcat(strcat(got, names[i]), " ");
		free(names[i]);
	}
	assert_string_equal(got, want);
}

static int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

#define RUN2(r)                                                              \
	struct run r SCOPED(run_release) = {.draft_fd = -1, .upper_fd = -1}; \
	run_init(&r)

#define RUN(r)       \
	(void)state; \
	RUN2(r)

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

static void integration_kept_stubs_serve_several_runs(void **state)
{
	struct run_mount mount = {.kind = RUN_MOUNT_TMPFS, .target = "/t"};
	int before;

	RUN(r);
	RUN2(second);
	sandbox_executor_use_folder(&world.executor, world.fd);
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
	sandbox_executor_use_folder(&world.executor, -1);
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

static void
integration_scratch_gets_proc_dev_sys_as_under_buildkit(void **state)
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

/* --- */

static int set_up(void **state)
{
	struct err e = {0};

	(void)state;
	world.tier = tier_probe();
	if (access("/bin/busybox", X_OK) < 0) {
		(void)snprintf(world.skip, sizeof(world.skip),
			       "/bin/busybox (package busybox-static) is "
			       "missing");
		return 0;
	}
	if (userns_enter(world.tier, &e) < 0) {
		memcpy(world.skip, e.msg, sizeof(world.skip));
		return 0;
	}
	/* not /tmp: where that is a tmpfs, user.* attributes may be missing */
	(void)snprintf(world.path, sizeof(world.path),
		       "/var/tmp/imgbuild-sandbox-XXXXXX");
	if (!mkdtemp(world.path) || chmod(world.path, 0755) < 0)
		return -1;
	world.fd = must(io_open_dir(AT_FDCWD, world.path, &e), &e);
	(void)must(io_mkdir(world.fd, "busybox", 0755, &e), &e);
	{
		SCOPED_FD int layer =
			must(io_open_dir(world.fd, "busybox", &e), &e);

		make_busybox(layer);
	}
	print_message("tier: %s\n", tier_name(world.tier));
	return sandbox_executor_init(&world.executor, world.tier, &e);
}

static int tear_down(void **state)
{
	struct err e;

	(void)state;
	if (!world.path[0])
		return 0;
	(void)close(world.fd);
	sandbox_executor_release(&world.executor);
	return io_remove_tree(AT_FDCWD, world.path, &e);
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
		cmocka_unit_test(integration_mounts_are_dockers),
		cmocka_unit_test(integration_dev_has_dockers_nodes),
		cmocka_unit_test(integration_proc_and_sys_are_protected),
		cmocka_unit_test(
			integration_network_none_has_only_lo_and_it_is_up),
		cmocka_unit_test(integration_shm_has_the_size_asked_for),
		cmocka_unit_test(integration_mounts_of_the_spec_leave_nothing),
		cmocka_unit_test(integration_kept_stubs_serve_several_runs),
		cmocka_unit_test(integration_what_is_made_beside_a_stub_stays),
		cmocka_unit_test(
			integration_scratch_gets_proc_dev_sys_as_under_buildkit),
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
		cmocka_unit_test(integration_nothing_is_left_in_the_process),
		cmocka_unit_test(integration_cancel_ends_the_whole_tree),
		cmocka_unit_test(
			integration_sigkill_of_the_parent_leaves_nothing),
		cmocka_unit_test(
			integration_sigkill_ends_what_changed_its_user_itself),
		cmocka_unit_test(integration_threads_run_at_once),
		cmocka_unit_test(
			integration_background_processes_end_with_the_command),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
