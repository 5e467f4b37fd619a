/*
 * --mount=type=bind. Where the files are on disk as the command is to see them,
 * they are mounted: a stage's or an image's folders by overlayfs, a context's
 * folder itself, with what is ignored whited out. Otherwise they are copied
 * into the draft: where a context's files have owners (in an image they belong
 * to root), where it holds what only a copy makes harmless (sockets, devices),
 * or where overlayfs does not take the folders.
 */
#include "builder/engine/mounts.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/files/copy.h"
#include "builder/sandbox/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- copying ------------------------------------------------------------ */

/* COPY leaves the folder that it copies into as it is; a mount shows it. */
static int copy_top(int fd, const struct stat *st, struct err *e)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchmodat(fd, "content", st->st_mode & 07777, 0) < 0 ||
	    utimensat(fd, "content", times, 0) < 0)
		return err_sys(e, "mount source");
	return 0;
}

/* A plain copy of what the mount names, below the draft: name. */
static int copy_to_draft(struct step_run_context *c,
			 const struct recipe_input *in, const char *name,
			 struct err *e)
{
	const struct selected what = {in->at.path, STR("file")};
	const struct copy_options opt = {.has_owner = in->tree.owner ==
						      TREE_OWNER_IGNORED};
	const struct view none = {0};
	struct target target;
	SCOPED_FD int fd = -1;
	int result;

	if (io_mkdir(c->draft->fd, name, 0755, e) < 0)
		return -1;
	fd = io_open_dir(c->draft->fd, name, e);
	if (fd < 0)
		return -1;
	target_init(&target, &none, fd);
	result = copy_selected(&in->tree, &what, &target,
			       S_ISDIR(in->at.st.st_mode) ? STR("/content")
							  : STR("/file"),
			       &opt, e);
	target_release(&target);
	if (result == 0 && S_ISDIR(in->at.st.st_mode))
		result = copy_top(fd, &in->at.st, e);
	return result;
}

static int open_copy(struct step_run_context *c, size_t i, const char *name,
		     struct err *e)
{
	SCOPED_PTR char *folder = xasprintf("%s/content", name);
	SCOPED_PTR char *file = xasprintf("%s/file", name);
	int fd = openat(c->draft->fd, folder, O_PATH | O_CLOEXEC);

	if (fd < 0)
		fd = openat(c->draft->fd, file, O_PATH | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "mount %zu", i) : fd;
}

/* --- what is on disk ---------------------------------------------------- */

/*
 * A walk over a context's folder: whether it may be mounted as it is, and what
 * is ignored in it.
 */
struct survey {
	struct tree_filter filter;
	struct tree_visitor visitor;
	struct tree_filter *inner; /* the context's own; may be NULL */
	struct arena *arena;
	VEC(struct str) ignored; /* from the folder, parents first */
	bool refused;
};

static struct survey *survey_of(struct tree_visitor *v)
{
	return (struct survey *)((char *)v - offsetof(struct survey, visitor));
}

static enum tree_verdict survey_check(struct tree_filter *filter,
				      const struct tree_entry *entry)
{
	struct survey *s = (struct survey *)filter;
	enum tree_verdict v =
		s->inner ? s->inner->check(s->inner, entry) : TREE_IN;

	if (v == TREE_OUT)
		*vec_push(&s->ignored) = arena_str(s->arena, entry->rel);
	/* such a folder may turn out to hold nothing, or only some things */
	if (v == TREE_DESCEND)
		s->refused = true;
	return v;
}

static int survey_entry(struct tree_visitor *v, const struct tree_entry *entry,
			struct err *e)
{
	struct survey *s = survey_of(v);
	mode_t type = entry->st->st_mode & S_IFMT;

	if (entry->st->st_uid != 0 || entry->st->st_gid != 0 ||
	    (type != S_IFREG && type != S_IFDIR && type != S_IFLNK))
		s->refused = true;
	return s->refused ? err_set(e, ERR_CANCELLED, "not as it is") : 0;
}

static void survey_release(struct survey *s)
{
	vec_release(&s->ignored);
}

/* 1 it may be mounted, 0 not, -1 error. */
static int survey_walk(struct survey *s, struct arena *a,
		       const struct source_tree *from, struct str path,
		       struct err *e)
{
	struct tree_filter *const filters[] = {&s->filter};
	const struct tree tree = {
		.view = from->view, .filters = filters, .n_filters = 1};

	*s = (struct survey){
		.filter.check = survey_check,
		.visitor.entry = survey_entry,
		.inner = from->filter,
		.arena = a,
	};
	if (tree_walk(&tree, path, &s->visitor, e) < 0 && !s->refused)
		return -1;
	return !s->refused;
}

/* --- mounting ----------------------------------------------------------- */

/* A step's bind mount being made. */
struct bind {
	struct step_run_context *c;
	const struct step_mount *m;
	const char *name; /* of its folder in the draft */
	int fd;		  /* of that folder */
};

static int make_dir(const struct bind *b, const char *name, struct err *e)
{
	return io_mkdir(b->fd, name, 0755, e) < 0 ? -1
						  : io_open_dir(b->fd, name, e);
}

/* A folder that stands for another in a merged view shows its own attributes.
 */
static int copy_attributes(int from, int to, struct err *e)
{
	struct stat st;

	if (fstat(from, &st) < 0 || fchown(to, st.st_uid, st.st_gid) < 0 ||
	    fchmod(to, st.st_mode & 07777) < 0 ||
	    futimens(to, (const struct timespec[]){st.st_atim, st.st_mtim}) < 0)
		return err_sys(e, "make a folder of a mount");
	return 0;
}

/* lowers: topmost first. 1 mounted, 0 not taken so, -1. */
static int mount_layers(const struct bind *b, const int *lowers, size_t n,
			struct run_mount *out, struct err *e)
{
	struct overlay o = {lowers, n, -1, -1};
	SCOPED_FD int upper = -1;
	SCOPED_FD int work = -1;
	int result;

	if (!b->m->readonly) {
		upper = make_dir(b, "upper", e);
		if (upper < 0 || copy_attributes(lowers[0], upper, e) < 0)
			return -1;
		work = make_dir(b, "work", e);
		if (work < 0)
			return -1;
		o.upper_fd = upper;
		o.work_fd = work;
	}
	result = overlay_mount(&o, &out->source_fd, e);
	out->detached = result > 0;
	/* what overlayfs refuses, a copy still does */
	return result < 0 ? 0 : result;
}

static int age_folders(int from, int mask, struct str path, struct arena *a,
		       struct err *e)
{
	for (size_t i = 0; i < path.n; i++) {
		const char *name;
		SCOPED_FD int source = -1;
		SCOPED_FD int made = -1;

		if (path.p[i] != '/')
			continue;
		name = arena_c(a, str_sub(path, 0, i));
		source = path_open_nofollow(
			from, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
		made = io_open_dir(mask, name, e);
		if (source < 0)
			return err_sys(e, "open %s", name);
		if (made < 0 || copy_attributes(source, made, e) < 0)
			return -1;
	}
	return 0;
}

static int hide(int mask, struct str path, struct arena *a, struct err *e)
{
	const char *folder = arena_c(a, path_dir(path));
	const char *name = arena_c(a, path);

	if (folder[0] && io_mkdir_all(mask, folder, 0755, e) < 0)
		return -1;
	if (mknodat(mask, name, S_IFCHR, makedev(0, 0)) < 0)
		return err_sys(e, "hide %s", name);
	return 0;
}

/* The layer over a context's folder that hides what is ignored. */
static int make_mask(const struct bind *b, int from, const struct survey *s,
		     struct err *e)
{
	SCOPED_FD int mask = make_dir(b, "mask", e);

	if (mask < 0)
		return -1;
	for (size_t i = 0; i < s->ignored.n; i++)
		if (hide(mask, s->ignored.v[i], s->arena, e) < 0)
			return -1;
	/* when nothing is made in them any more */
	for (size_t i = 0; i < s->ignored.n; i++)
		if (age_folders(from, mask, s->ignored.v[i], s->arena, e) < 0)
			return -1;
	return copy_attributes(from, mask, e) < 0 ? -1 : TAKE_FD(mask);
}

static int mount_surveyed(const struct bind *b, int folder,
			  const struct survey *s, struct run_mount *out,
			  struct err *e)
{
	int lowers[2] = {-1, folder};
	int result;

	if (b->m->readonly && s->ignored.n == 0) {
		out->source_fd = fcntl(folder, F_DUPFD_CLOEXEC, 3);
		return out->source_fd < 0 ? err_sys(e, "open a mount") : 1;
	}
	if (s->ignored.n == 0)
		return mount_layers(b, &folder, 1, out, e);
	lowers[0] = make_mask(b, folder, s, e);
	result = lowers[0] < 0 ? -1 : mount_layers(b, lowers, 2, out, e);
	scoped_close(&lowers[0]);
	return result;
}

/*
 * By its path: the kernel mounts only what was opened in our own mount
 * namespace, and the context may have been opened before that was entered.
 */
static int reopen(int fd, struct err *e)
{
	SCOPED_PTR char *link = xasprintf("/proc/self/fd/%d", fd);
	char path[PATH_MAX];
	ssize_t n = readlink(link, path, sizeof(path) - 1);
	struct stat before, after;
	SCOPED_FD int again = -1;

	if (n < 0)
		return err_sys(e, "find a mount's source");
	path[n] = '\0';
	again = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (again < 0 || fstat(fd, &before) < 0 || fstat(again, &after) < 0)
		return err_sys(e, "open %s", path);
	if (before.st_dev != after.st_dev || before.st_ino != after.st_ino)
		return err_set(e, ERR_FAILED, "%s was replaced meanwhile",
			       path);
	return TAKE_FD(again);
}

/* A folder of a context: 1 mounted, 0 not so, -1. */
static int mount_context(const struct bind *b, const struct recipe_input *in,
			 const struct view_dir *dir, struct run_mount *out,
			 struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED(survey_release) struct survey s = {0};
	SCOPED_FD int folder = -1;
	int result = survey_walk(&s, &a, &in->tree, in->at.path, e);

	if (result <= 0)
		return result;
	folder = reopen(dir->fds[0], e);
	return folder < 0 ? -1 : mount_surveyed(b, folder, &s, out, e);
}

/* A folder of a stage or an image: 1 mounted, 0 not so, -1. */
static int mount_root(const struct bind *b, const struct view_dir *dir,
		      struct run_mount *out, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int nothing = -1;
	int *lowers = arena_new_array(&a, dir->n + 1, int);
	size_t n = dir->n;

	memcpy(lowers, dir->fds, n * sizeof(*lowers));
	if (n == 1 && b->m->readonly) {
		nothing = make_dir(b, "nothing", e);
		if (nothing < 0)
			return -1;
		lowers[n++] = nothing;
	}
	return mount_layers(b, lowers, n, out, e);
}

/* 1 mounted, 0 to be copied, -1. */
static int mount_folder(const struct bind *b, const struct recipe_input *in,
			struct run_mount *out, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir dir = {0};
	int found = view_open_dir(&in->tree.view, in->at.path, &dir, e);

	if (found <= 0 || dir.n == 0)
		return found < 0 ? -1 : 0;
	return in->tree.view.plain ? mount_context(b, in, &dir, out, e)
				   : mount_root(b, &dir, out, e);
}

/* --- both --------------------------------------------------------------- */

static int not_found(const struct step_mount *m, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct str path = path_in_root(&a, m->source);

	return err_set(e, ERR_NOT_FOUND, "mount source \"/%.*s\": not found",
		       STR_ARG(path));
}

static int mount_or_copy(const struct bind *b, const struct recipe_input *in,
			 size_t i, struct run_mount *out, struct err *e)
{
	int mounted = 0;

	if (!in->at.exists)
		return not_found(b->m, e);
	if (S_ISDIR(in->at.st.st_mode))
		mounted = mount_folder(b, in, out, e);
	if (mounted != 0)
		return mounted;
	if (copy_to_draft(b->c, in, b->name, e) < 0)
		return -1;
	out->movable = true;
	out->source_fd = open_copy(b->c, i, b->name, e);
	return out->source_fd < 0 ? -1 : 1;
}

int mount_bind_open(struct step_run_context *c, size_t i, struct run_mount *out,
		    struct err *e)
{
	char name[32];
	struct bind b = {c, &c->step->run.mounts[i], name, -1};
	int result;

	(void)snprintf(name, sizeof(name), "mount-%zu", i);
	if (io_mkdir(c->draft->fd, name, 0755, e) < 0)
		return -1;
	b.fd = io_open_dir(c->draft->fd, name, e);
	if (b.fd < 0)
		return -1;
	result = mount_or_copy(&b, &c->recipe->inputs[i], i, out, e);
	scoped_close(&b.fd);
	return result;
}
