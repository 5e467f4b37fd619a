#include "tests/builder/sandbox_world.h"

#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const applets[] = {
	"sh",	"cat",	    "chmod", "chown", "cp",	  "df",	    "echo",
	"env",	"find",	    "grep",  "head",  "hostname", "id",	    "ifconfig",
	"kill", "ln",	    "ls",    "mkdir", "mknod",	  "mount",  "mv",
	"pwd",	"readlink", "rm",    "rmdir", "sed",	  "setsid", "sleep",
	"sort", "stat",	    "touch", "true",  "umount",	  "wc",
};

struct sandbox_world world;

static const char *const default_env[] = {"PATH=/bin", "HOME=/root", NULL};

static void keep_output(void *ctx, enum run_stream stream, const char *p,
			size_t n)
{
	struct run *r = ctx;

	buf_add(stream == RUN_STDOUT ? &r->out : &r->err, p, n);
}

int must(int result, const struct err *e)
{
	if (result < 0)
		fail_msg("%s", e->msg);
	return result;
}

int add_layer(struct run *r)
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

void run_init(struct run *r)
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

void run_release(struct run *r)
{
	size_t i;

	for (i = 0; i < r->n_layers; i++)
		(void)close(r->layer_fds[i]);
	(void)close(r->upper_fd);
	(void)close(r->draft_fd);
	buf_release(&r->out);
	buf_release(&r->err);
}

int try_run(struct run *r, const char *script)
{
	struct executor *x = &world.executor.executor;

	if (script)
		r->argv[2] = script;
	r->spec.lower_fds = r->layer_fds;
	r->spec.n_lowers = r->n_layers;
	return x->run(x, &r->spec, &r->result, &r->e);
}

void run(struct run *r, const char *script)
{
	(void)must(try_run(r, script), &r->e);
	if (r->result.exit_code != 0)
		fail_msg("exit code %d: %s%s", r->result.exit_code,
			 buf_c(&r->out), buf_c(&r->err));
}

void expect_out(const struct run *r, const char *want)
{
	assert_string_equal(buf_c(&r->out), want);
	assert_string_equal(buf_c(&r->err), "");
}

void expect_in_out(const struct run *r, const char *part)
{
	if (!strstr(buf_c(&r->out), part))
		fail_msg("no '%s' in: %s", part, buf_c(&r->out));
}

bool in_upper(const struct run *r, const char *path)
{
	struct stat st;

	return fstatat(r->upper_fd, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void expect_upper(const struct run *r, const char *want)
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

int count_entries(const char *path)
{
	DIR *dir = opendir(path);
	int n = 0;

	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n;
}

int world_set_up(void **state)
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

int world_tear_down(void **state)
{
	struct err e;

	(void)state;
	if (!world.path[0])
		return 0;
	(void)close(world.fd);
	sandbox_executor_release(&world.executor);
	return io_remove_tree(AT_FDCWD, world.path, &e);
}
