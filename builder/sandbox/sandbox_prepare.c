#include "builder/sandbox/sandbox_prepare.h"

#include "base/io.h"
#include "builder/sandbox/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void sandbox_prepared_release(struct sandbox_prepared *p)
{
	size_t i;

	for (i = 0; i < p->n_sources; i++)
		scoped_close(&p->source_fds[i]);
	p->n_sources = 0;
	scoped_close(&p->root_fd);
	p->root_fd = -1;
}

/* --- sources ------------------------------------------------------------ */

static int open_source(const struct sandbox_plan *plan,
		       const struct sandbox_source *source, int stubs_fd)
{
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
	const struct run_mount *m;

	switch (source->kind) {
	case SANDBOX_SOURCE_HOST:
		return (int)syscall(SYS_open_tree, AT_FDCWD, source->path,
				    flags);
	case SANDBOX_SOURCE_STUB:
		return (int)syscall(SYS_open_tree, stubs_fd, source->path,
				    flags);
	case SANDBOX_SOURCE_MOUNT:
		m = &plan->spec->mounts[source->mount];
		return m->detached ? fcntl(m->source_fd, F_DUPFD_CLOEXEC, 3)
				   : (int)syscall(SYS_open_tree, m->source_fd,
						  "", flags | AT_EMPTY_PATH);
	}
	return -1;
}

static const char *source_name(const struct sandbox_plan *plan,
			       const struct sandbox_source *source)
{
	return source->path ? source->path
			    : plan->spec->mounts[source->mount].target;
}

static int open_sources(struct sandbox_prepared *p, struct arena *a,
			const struct sandbox_plan *plan, int stubs_fd,
			struct err *e)
{
	size_t i;

	p->source_fds = arena_new_array(a, plan->n_sources + 1, int);
	for (i = 0; i < plan->n_sources; i++) {
		const struct sandbox_source *source = &plan->sources[i];
		struct mount_attr attr = {.attr_set = source->attributes};
		int fd = open_source(plan, source, stubs_fd);

		if (fd < 0)
			return err_sys(e, "clone the mount for %s",
				       source_name(plan, source));
		p->source_fds[p->n_sources++] = fd;
		if (attr.attr_set && syscall(SYS_mount_setattr, fd, "",
					     AT_EMPTY_PATH | AT_RECURSIVE,
					     &attr, sizeof(attr)) < 0)
			return err_sys(e, "restrict the mount for %s",
				       source_name(plan, source));
	}
	return 0;
}

/* --- overlay ------------------------------------------------------------ */

struct draft {
	int upper_fd;
	int work_fd;
	int stubs_fd; /* borrowed; may lie elsewhere */
};

static void draft_close(struct draft *d)
{
	scoped_close(&d->upper_fd);
	scoped_close(&d->work_fd);
}

/* 1 done, 0 try it by path, -1 error. */
static int make_overlay(struct sandbox_prepared *p, struct arena *a,
			const struct run_spec *spec, const struct draft *d,
			struct err *e)
{
	size_t n = spec->n_lowers;
	int *lowers = arena_new_array(a, n + 1, int);

	for (size_t i = 0; i < n; i++)
		lowers[i] = spec->lower_fds[n - 1 - i];
	lowers[n] = d->stubs_fd;
	return overlay_mount(
		&(struct overlay){lowers, n + 1, d->upper_fd, d->work_fd},
		&p->root_fd, e);
}

static const char *path_of(struct arena *a, int fd, struct err *e)
{
	char name[32];
	char path[PATH_MAX];
	ssize_t n;

	(void)snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	n = readlink(name, path, sizeof(path));
	if (n < 0 || (size_t)n >= sizeof(path)) {
		(void)err_sys(e, "find the path of a layer");
		return NULL;
	}
	return arena_c(a, (struct str){path, (size_t)n});
}

static int find_paths(struct sandbox_prepared *p, struct arena *a,
		      const struct run_spec *spec, const struct draft *d,
		      struct err *e)
{
	struct sandbox_layer_paths *paths = &p->paths;
	size_t n = spec->n_lowers;
	const char *draft = path_of(a, spec->draft_fd, e);
	size_t i;

	if (!draft || io_mkdir(spec->draft_fd, "merged", 0755, e) < 0)
		return -1;
	paths->lowers = arena_new_array(a, n + 1, const char *);
	for (i = 0; i < n; i++) {
		paths->lowers[i] = path_of(a, spec->lower_fds[n - 1 - i], e);
		if (!paths->lowers[i])
			return -1;
	}
	paths->lowers[n] = path_of(a, d->stubs_fd, e);
	if (!paths->lowers[n])
		return -1;
	paths->n_lowers = n + 1;
	paths->upper = arena_printf(a, "%s/upper", draft).p;
	paths->work = arena_printf(a, "%s/work", draft).p;
	paths->merged = arena_printf(a, "%s/merged", draft).p;
	p->by_path = true;
	return 0;
}

static int open_draft(struct draft *d, int draft_fd, struct err *e)
{
	if (io_mkdir(draft_fd, "work", 0700, e) < 0)
		return -1;
	d->upper_fd = io_open_dir(draft_fd, "upper", e);
	if (d->upper_fd < 0)
		return -1;
	d->work_fd = io_open_dir(draft_fd, "work", e);
	return d->work_fd < 0 ? -1 : 0;
}

int sandbox_prepare(struct sandbox_prepared *p, struct arena *a,
		    const struct sandbox_plan *plan, int stubs_fd,
		    struct err *e)
{
	SCOPED(draft_close) struct draft d = {-1, -1, stubs_fd};
	const struct run_spec *spec = plan->spec;
	int got = 0;

	*p = (struct sandbox_prepared){.root_fd = -1};
	if (open_draft(&d, spec->draft_fd, e) < 0 ||
	    open_sources(p, a, plan, stubs_fd, e) < 0)
		return -1;
	if (!plan->facts.overlay_by_path)
		got = make_overlay(p, a, spec, &d, e);
	if (got == 0)
		return find_paths(p, a, spec, &d, e);
	return got < 0 ? -1 : 0;
}
