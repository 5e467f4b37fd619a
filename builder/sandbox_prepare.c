#include "builder/sandbox_prepare.h"

#include "base/io.h"

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

	switch (source->kind) {
	case SANDBOX_SOURCE_HOST:
		return (int)syscall(SYS_open_tree, AT_FDCWD, source->path,
				    flags);
	case SANDBOX_SOURCE_STUB:
		return (int)syscall(SYS_open_tree, stubs_fd, source->path,
				    flags);
	case SANDBOX_SOURCE_MOUNT:
		return (int)syscall(SYS_open_tree,
				    plan->spec->mounts[source->mount].source_fd,
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

/*
 * userxattr in both tiers: one form of marks on disk, so a store can be used by
 * both; it rules redirect_dir out by itself, and refuses to hear even "off" for
 * it. volatile: a draft that is cut off is thrown away.
 */
static const char *const overlay_flags[] = {"userxattr", "volatile"};
static const char *const overlay_off[] = {"metacopy", "index"};

static int set_string(int fs, const char *key, const char *value)
{
	return (int)syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, key, value,
			    0);
}

/* Descriptors since 6.13, their names in /proc since 6.8. */
static int set_folder(int fs, const char *key, int fd)
{
	char path[32];

	if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FD, key, NULL, fd) == 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return set_string(fs, key, path);
}

/* What the kernel said about it, as fsopen(2) "Message retrieval" has it. */
static int overlay_error(int fs, struct err *e)
{
	char text[256];
	int sys = errno;
	ssize_t n = read(fs, text, sizeof(text) - 1);

	errno = sys;
	if (n <= 0)
		return err_sys(e, "mount the layers with overlayfs");
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return err_sys(e, "mount the layers with overlayfs (%s)",
		       n > 2 ? text + 2 : text);
}

static int set_layers(int fs, const struct run_spec *spec, int stubs_fd,
		      int upper_fd, int work_fd)
{
	size_t i;

	for (i = spec->n_lowers; i > 0; i--)
		if (set_folder(fs, "lowerdir+", spec->lower_fds[i - 1]) < 0)
			return -1;
	if (set_folder(fs, "lowerdir+", stubs_fd) < 0 ||
	    set_folder(fs, "upperdir", upper_fd) < 0)
		return -1;
	return set_folder(fs, "workdir", work_fd);
}

static int set_options(int fs)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(overlay_flags); i++)
		if (syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG,
			    overlay_flags[i], NULL, 0) < 0)
			return -1;
	for (i = 0; i < ARRAY_LEN(overlay_off); i++)
		if (set_string(fs, overlay_off[i], "off") < 0)
			return -1;
	return set_string(fs, "source", "overlay");
}

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

/*
 * 1 done, 0 try it by path, -1 error. EINVAL comes from kernels that don't know
 * lowerdir+, some of them only at the end; and for layers that were opened in
 * another mount namespace, which by path are found in ours.
 */
static int make_overlay(struct sandbox_prepared *p, const struct run_spec *spec,
			const struct draft *d, struct err *e)
{
	SCOPED_FD int fs = (int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC);

	if (fs < 0)
		return err_sys(e, "open overlayfs (is the module loaded?)");
	if (set_layers(fs, spec, d->stubs_fd, d->upper_fd, d->work_fd) < 0 ||
	    set_options(fs) < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return errno == EINVAL ? 0 : overlay_error(fs, e);
	p->root_fd = (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
	return p->root_fd < 0 ? overlay_error(fs, e) : 1;
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
		got = make_overlay(p, spec, &d, e);
	if (got == 0)
		return find_paths(p, a, spec, &d, e);
	return got < 0 ? -1 : 0;
}
