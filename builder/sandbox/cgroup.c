#include "builder/sandbox/cgroup.h"

#include "base/arena.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

static const uint64_t default_period_us = 100000;

bool cgroup_limits_any(const struct cgroup_limits *l)
{
	return l->memory_bytes || l->memory_swap_bytes || l->cpu_period_us ||
	       l->cpu_quota_us || l->cpu_shares || l->cpuset_cpus ||
	       l->cpuset_mems;
}

/* --- values ------------------------------------------------------------- */

struct settings {
	struct cgroup_setting *v;
	size_t n;
};

__attribute__((format(printf, 4, 5))) static struct cgroup_setting *
add(struct settings *s, const char *controller, const char *file,
    const char *fmt, ...)
{
	struct cgroup_setting *out = &s->v[s->n++];
	va_list args;

	*out = (struct cgroup_setting){.controller = controller, .file = file};
	va_start(args, fmt);
	(void)vsnprintf(out->value, sizeof(out->value), fmt, args);
	va_end(args);
	return out;
}

/* As docker: swap is as much as the memory where nothing is said. */
static void add_memory_v2(struct settings *s, const struct cgroup_limits *l)
{
	uint64_t both = (uint64_t)l->memory_swap_bytes;

	if (!l->memory_bytes)
		return;
	add(s, "memory", "memory.max", "%" PRIu64, l->memory_bytes);
	if (l->memory_swap_bytes < 0)
		add(s, "memory", "memory.swap.max", "max");
	else
		add(s, "memory", "memory.swap.max", "%" PRIu64,
		    both ? both - l->memory_bytes : l->memory_bytes);
	s->v[s->n - 1].optional = l->memory_swap_bytes == 0;
}

static void add_memory_v1(struct settings *s, const struct cgroup_limits *l)
{
	int64_t both = l->memory_swap_bytes;

	if (!l->memory_bytes)
		return;
	add(s, "memory", "memory.limit_in_bytes", "%" PRIu64, l->memory_bytes);
	add(s, "memory", "memory.memsw.limit_in_bytes", "%" PRId64,
	    both ? both : (int64_t)l->memory_bytes * 2)
		->optional = both == 0;
}

/* crun's formula: 2…262144 shares are a weight of 1…10000. */
static uint64_t weight_of(uint64_t shares)
{
	shares = shares < 2 ? 2 : shares > 262144 ? 262144 : shares;
	return 1 + (shares - 2) * 9999 / 262142;
}

static void add_cpu_v2(struct settings *s, const struct cgroup_limits *l)
{
	uint64_t period =
		l->cpu_period_us ? l->cpu_period_us : default_period_us;

	if (l->cpu_quota_us)
		add(s, "cpu", "cpu.max", "%" PRIu64 " %" PRIu64,
		    l->cpu_quota_us, period);
	else if (l->cpu_period_us)
		add(s, "cpu", "cpu.max", "max %" PRIu64, period);
	if (l->cpu_shares)
		add(s, "cpu", "cpu.weight", "%" PRIu64,
		    weight_of(l->cpu_shares));
}

static void add_cpu_v1(struct settings *s, const struct cgroup_limits *l)
{
	if (l->cpu_period_us)
		add(s, "cpu", "cpu.cfs_period_us", "%" PRIu64,
		    l->cpu_period_us);
	if (l->cpu_quota_us)
		add(s, "cpu", "cpu.cfs_quota_us", "%" PRIu64, l->cpu_quota_us);
	if (l->cpu_shares)
		add(s, "cpu", "cpu.shares", "%" PRIu64, l->cpu_shares);
}

/* With version 1 a set is empty, and takes no process, until both are given. */
static void add_cpuset(struct settings *s, const struct cgroup_limits *l,
		       enum cgroup_version version)
{
	bool any = l->cpuset_cpus || l->cpuset_mems;

	if (l->cpuset_cpus || (any && version == CGROUP_V1))
		add(s, "cpuset", "cpuset.cpus", "%s",
		    l->cpuset_cpus ? l->cpuset_cpus : "");
	if (l->cpuset_mems || (any && version == CGROUP_V1))
		add(s, "cpuset", "cpuset.mems", "%s",
		    l->cpuset_mems ? l->cpuset_mems : "");
}

size_t cgroup_settings(const struct cgroup_limits *l,
		       enum cgroup_version version, struct cgroup_setting *out)
{
	struct settings s = {out, 0};

	if (version == CGROUP_V2) {
		add_memory_v2(&s, l);
		add_cpu_v2(&s, l);
	} else {
		add_memory_v1(&s, l);
		add_cpu_v1(&s, l);
	}
	add_cpuset(&s, l, version);
	return s.n;
}

/* --- the machine -------------------------------------------------------- */

/* Whether a line of /proc/self/cgroup, "4:memory:/path", is the controller's.
 */
static bool is_of(struct str list, const char *controller)
{
	struct str one;
	bool more = true;

	if (!*controller)
		return list.n == 0;
	while (more) {
		more = str_cut(list, ',', &one, &list);
		if (str_eq_c(one, controller))
			return true;
	}
	return false;
}

/* Our own group; "" for the controller is version 2. In a. */
static struct str own_group(struct arena *a, const char *controller)
{
	SCOPED_BUF struct buf text = BUF_INIT(64u << 10);
	struct str rest;
	struct str line;
	struct err ignored;
	bool more;

	if (io_read_file(AT_FDCWD, "/proc/self/cgroup", &text, &ignored) <= 0)
		return STR("/");
	rest = buf_str(&text);
	do {
		struct str list;

		more = str_cut(rest, '\n', &line, &rest);
		(void)str_cut(line, ':', &list, &line);
		(void)str_cut(line, ':', &list, &line);
		if (line.n && is_of(list, controller))
			return arena_str(a, line);
	} while (more);
	return STR("/");
}

static int write_value(const char *folder, const char *file, const char *value)
{
	SCOPED_PTR char *path = xasprintf("%s/%s", folder, file);
	SCOPED_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(value);

	return fd < 0 || write(fd, value, n) != (ssize_t)n ? -1 : 0;
}

static int copy_from_parent(const char *folder, const char *file)
{
	SCOPED_BUF struct buf text = BUF_INIT(4096);
	SCOPED_PTR char *path = xasprintf("%s/../%s", folder, file);
	struct err ignored;

	if (io_read_file(AT_FDCWD, path, &text, &ignored) <= 0)
		return -1;
	return write_value(folder, file, buf_c(&text));
}

static int apply(const char *folder, const struct cgroup_setting *s,
		 struct err *e)
{
	int failed = s->value[0] ? write_value(folder, s->file, s->value)
				 : copy_from_parent(folder, s->file);

	if (!failed || s->optional)
		return 0;
	if (errno == EINVAL || errno == ERANGE || errno == EBUSY ||
	    errno == EOPNOTSUPP)
		return err_set(e, ERR_INVALID, "%s does not take \"%s\"",
			       s->file, s->value);
	(void)err_sys(e, "%s/%s", folder, s->file);
	e->code = ERR_UNSUPPORTED;
	return -1;
}

static struct cgroup_folder *find_folder(struct cgroup *g, const char *path)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->folders[i].path, path) == 0)
			return &g->folders[i];
	return NULL;
}

static int unsupported(struct err *e, const char *what, const char *path)
{
	(void)err_sys(e, "%s %s", what, path);
	e->code = ERR_UNSUPPORTED;
	return -1;
}

static int add_folder(struct cgroup *g, const char *path, struct err *e)
{
	struct cgroup_folder *f;
	SCOPED_PTR char *procs = xasprintf("%s/cgroup.procs", path);

	if (mkdir(path, 0755) < 0)
		return unsupported(e, "create", path);
	f = &g->folders[g->n++];
	f->path = xstrdup(path);
	f->procs_fd = open(procs, O_WRONLY | O_CLOEXEC);
	return f->procs_fd < 0 ? unsupported(e, "open", procs) : 0;
}

const char *cgroup_own_folder(struct arena *a, const char *root,
			      const char *controller)
{
	struct str own = own_group(a, controller);
	const char *path = arena_printf(a, "%s%.*s", root,
					own.n > 1 ? (int)own.n : 0, own.p)
				   .p;

	/* what a container shows may begin at its own group */
	return access(path, F_OK) < 0 ? root : path;
}

/* Below which folder of the hierarchy at root. In a. */
static const char *parent_folder(struct arena *a, const char *root,
				 const char *controller, const char *given)
{
	const char *path;

	if (given && given[0] == '/')
		return arena_printf(a, "%s%s", root, given).p;
	path = cgroup_own_folder(a, root, controller);
	return given ? arena_printf(a, "%s/%s", path, given).p : path;
}

/* --- version 1 ---------------------------------------------------------- */

static int make_v1(struct cgroup *g, struct arena *a, const char *name,
		   const struct cgroup_limits *l, struct err *e)
{
	struct cgroup_setting settings[CGROUP_SETTINGS_MAX];
	size_t n = cgroup_settings(l, CGROUP_V1, settings);

	for (size_t i = 0; i < n; i++) {
		const char *controller = settings[i].controller;
		const char *root =
			arena_printf(a, "/sys/fs/cgroup/%s", controller).p;
		const char *path =
			arena_printf(
				a, "%s/%s",
				parent_folder(a, root, controller, l->parent),
				name)
				.p;

		if (!find_folder(g, path) && add_folder(g, path, e) < 0)
			return -1;
		if (apply(path, &settings[i], e) < 0)
			return -1;
	}
	return 0;
}

/* --- version 2 ---------------------------------------------------------- */

static bool is_v2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static bool has_controllers(const char *folder,
			    const struct cgroup_setting *settings, size_t n)
{
	SCOPED_BUF struct buf text = BUF_INIT(4096);
	SCOPED_PTR char *path = xasprintf("%s/cgroup.controllers", folder);
	struct err ignored;
	size_t found = 0;

	if (io_read_file(AT_FDCWD, path, &text, &ignored) <= 0)
		return false;
	for (char *p = (char *)buf_c(&text); *p; p++)
		if (*p == ' ' || *p == '\n')
			*p = ',';
	for (size_t i = 0; i < n; i++)
		found += is_of(buf_str(&text), settings[i].controller);
	return found == n;
}

/*
 * A group that has processes can't hand controllers down: then the next one up
 * may.
 */
static int make_v2(struct cgroup *g, struct arena *a, const char *root,
		   const char *name, const struct cgroup_limits *l,
		   struct err *e)
{
	struct cgroup_setting settings[CGROUP_SETTINGS_MAX];
	size_t n = cgroup_settings(l, CGROUP_V2, settings);
	char *parent =
		arena_c(a, str_from(parent_folder(a, root, "", l->parent)));
	const char *path;

	while (strlen(parent) > strlen(root)) {
		size_t given = 0;

		for (size_t i = 0; i < n; i++) {
			const char *down =
				arena_printf(a, "+%s", settings[i].controller)
					.p;

			given += write_value(parent, "cgroup.subtree_control",
					     down) == 0;
		}
		if (given == n || l->parent)
			break;
		*strrchr(parent, '/') = '\0';
	}
	path = arena_printf(a, "%s/%s", parent, name).p;
	if (add_folder(g, path, e) < 0)
		return -1;
	g->alone = g->folders[0].path;
	for (size_t i = 0; i < n; i++)
		if (apply(path, &settings[i], e) < 0)
			return -1;
	return 0;
}

/* --- both --------------------------------------------------------------- */

/* The root of version 2, where it has what the limits need; else NULL. */
static const char *v2_root(const struct cgroup_limits *l)
{
	static const char *const roots[] = {"/sys/fs/cgroup",
					    "/sys/fs/cgroup/unified"};
	struct cgroup_setting settings[CGROUP_SETTINGS_MAX];
	size_t n = cgroup_settings(l, CGROUP_V2, settings);

	for (size_t i = 0; i < ARRAY_LEN(roots); i++)
		if (is_v2(roots[i]) && has_controllers(roots[i], settings, n))
			return roots[i];
	return NULL;
}

int cgroup_make(struct cgroup *g, const struct cgroup_limits *l, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf name = BUF_INIT(128);
	const char *root = v2_root(l);
	int result;

	*g = (struct cgroup){0};
	io_unique_name(&name, "imgbuild-");
	result = root ? make_v2(g, &a, root, buf_c(&name), l, e)
		      : make_v1(g, &a, buf_c(&name), l, e);
	if (result < 0)
		cgroup_remove(g);
	return result;
}

static bool was_killed(const char *folder, const char *file)
{
	SCOPED_BUF struct buf text = BUF_INIT(4096);
	SCOPED_PTR char *path = xasprintf("%s/%s", folder, file);
	const char *count;
	struct err ignored;

	if (io_read_file(AT_FDCWD, path, &text, &ignored) <= 0)
		return false;
	count = strstr(buf_c(&text), "oom_kill ");
	return count && strtoull(count + strlen("oom_kill "), NULL, 10) > 0;
}

bool cgroup_ran_out_of_memory(const struct cgroup *g)
{
	for (size_t i = 0; i < g->n; i++)
		if (was_killed(g->folders[i].path, "memory.events") ||
		    was_killed(g->folders[i].path, "memory.oom_control"))
			return true;
	return false;
}

void cgroup_remove_folder(const char *path)
{
	const struct timespec moment = {.tv_nsec = 2000000};

	for (int i = 0; i < 50 && rmdir(path) < 0 && errno == EBUSY; i++)
		(void)nanosleep(&moment, NULL);
}

void cgroup_remove(struct cgroup *g)
{
	for (size_t i = 0; i < g->n; i++) {
		scoped_close(&g->folders[i].procs_fd);
		cgroup_remove_folder(g->folders[i].path);
		free(g->folders[i].path);
	}
	g->n = 0;
}
