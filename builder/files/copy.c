#include "builder/files/copy.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/path.h"
#include "oci/inode_names.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A folder being filled; its own mode and times are set when it is left. */
struct level {
	struct target_dir dir;
	bool set_metadata;
};

struct copier {
	struct tree_visitor visitor;
	const struct target *to;
	const struct copy_options *opt;
	bool from_context;
	struct str root_path;  /* of the target folder, for links */
	const char *file_name; /* where a single file goes in it */
	VEC(struct level) levels;
	struct inode_names names; /* first copies of files with several names */
};

static uint32_t mode_of(const struct copy_options *opt, const struct stat *st)
{
	uint32_t mode = st->st_mode & 07777;

	return opt->chmod ? mode_apply(opt->chmod, mode, S_ISDIR(st->st_mode))
			  : mode;
}

static void times_of(const struct stat *st, struct timespec out[2])
{
	out[0] = st->st_atim;
	out[1] = st->st_mtim;
}

/* Rootless, only the user's subordinate ids can own files. */
static int err_owner(struct err *e, const char *name, uint32_t uid,
		     uint32_t gid)
{
	if (errno != EINVAL)
		return err_sys(e, "set the owner of %s to %u:%u", name, uid,
			       gid);
	return err_set(e, ERR_UNSUPPORTED,
		       "%s can't belong to %u:%u: that is outside of the "
		       "user's subordinate ids; give the user more in "
		       "/etc/subuid and /etc/subgid",
		       name, uid, gid);
}

/*
 * chown first: it clears setuid and capabilities. Most files are born as they
 * are to be, and each of these calls costs more than asking.
 */
static int set_owner_and_mode(const struct copy_options *opt, int fd,
			      const struct stat *st, const char *name,
			      struct err *e)
{
	uint32_t uid = opt->has_owner ? opt->owner.uid : st->st_uid;
	uint32_t gid = opt->has_owner ? opt->owner.gid : st->st_gid;
	uint32_t mode = mode_of(opt, st);
	struct stat now;

	if (fstat(fd, &now) < 0)
		return err_sys(e, "stat %s", name);
	if ((now.st_uid != uid || now.st_gid != gid) &&
	    fchown(fd, uid, gid) < 0)
		return err_owner(e, name, uid, gid);
	if (((now.st_mode & 07777) != mode || mode & 07000) &&
	    fchmod(fd, mode) < 0)
		return err_sys(e, "set the mode of %s", name);
	return 0;
}

/* Where the file system has no such attribute, the file goes without. */
static void copy_capability(int from_fd, int to_fd)
{
	char value[TREE_XATTR_MAX];
	ssize_t n = fgetxattr(from_fd, TREE_XATTR, value, sizeof(value));

	if (n > 0)
		(void)fsetxattr(to_fd, TREE_XATTR, value, (size_t)n, 0);
}

static int copy_bytes(struct copier *c, const struct tree_entry *entry,
		      int dirfd, const char *name, struct err *e)
{
	struct timespec times[2];
	SCOPED_FD int from = openat(entry->dirfd, entry->name,
				    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	SCOPED_FD int to = -1;

	if (from < 0)
		return err_sys(e, "open %.*s", STR_ARG(entry->path));
	to = openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
		    mode_of(c->opt, entry->st) & 0777);
	if (to < 0)
		return err_sys(e, "create %s", name);
	if (entry->st->st_size &&
	    io_copy(from, to, entry->st->st_size, entry->name, e) < 0)
		return -1;
	times_of(entry->st, times);
	if (set_owner_and_mode(c->opt, to, entry->st, name, e) < 0)
		return -1;
	if (!c->from_context)
		copy_capability(from, to);
	if (futimens(to, times) < 0)
		return err_sys(e, "set the time of %s", name);
	return 0;
}

static char *target_path(const struct copier *c, const struct tree_entry *entry)
{
	struct str rel = entry->rel_depth ? entry->rel : str_from(c->file_name);

	if (c->root_path.n == 0)
		return str_dup(rel);
	return xasprintf("%.*s/%.*s", STR_ARG(c->root_path), STR_ARG(rel));
}

static int copy_regular(struct copier *c, const struct tree_entry *entry,
			int dirfd, const char *name, struct err *e)
{
	SCOPED_PTR char *path = NULL;
	SCOPED_PTR char *first_path = NULL;
	struct str first;

	if (entry->st->st_nlink < 2 || c->opt->break_links)
		return copy_bytes(c, entry, dirfd, name, e);
	path = target_path(c, entry);
	if (!inode_names_find(&c->names, entry->st, str_from(path), &first))
		return copy_bytes(c, entry, dirfd, name, e);
	first_path = str_dup(first);
	if (linkat(c->to->upper_fd, first_path, dirfd, name, 0) < 0)
		return err_sys(e, "link %s", name);
	return 0;
}

/* Links, devices, FIFOs: set by name, as they can't be opened. */
static int finish_special(struct copier *c, const struct stat *st, int dirfd,
			  const char *name, struct err *e)
{
	const struct copy_options *opt = c->opt;
	struct timespec times[2];
	uint32_t uid = opt->has_owner ? opt->owner.uid : st->st_uid;
	uint32_t gid = opt->has_owner ? opt->owner.gid : st->st_gid;

	times_of(st, times);
	if (fchownat(dirfd, name, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_owner(e, name, uid, gid);
	if (!S_ISLNK(st->st_mode) &&
	    fchmodat(dirfd, name, mode_of(opt, st), 0) < 0)
		return err_sys(e, "set the mode of %s", name);
	if (utimensat(dirfd, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set the time of %s", name);
	return 0;
}

static int copy_link(struct copier *c, const struct tree_entry *entry,
		     int dirfd, const char *name, struct err *e)
{
	char text[PATH_MAX + 1];
	ssize_t n = readlinkat(entry->dirfd, entry->name, text, PATH_MAX);

	if (n < 0)
		return err_sys(e, "read link %.*s", STR_ARG(entry->path));
	text[n] = '\0';
	if (symlinkat(text, dirfd, name) < 0)
		return err_sys(e, "create link %s", name);
	return finish_special(c, entry->st, dirfd, name, e);
}

static int copy_device(struct copier *c, const struct tree_entry *entry,
		       const struct target_dir *dir, const char *name,
		       struct err *e)
{
	/* BuildKit's copier makes a character device of a block device */
	mode_t kind = S_ISBLK(entry->st->st_mode) && !c->opt->exact
			      ? S_IFCHR
			      : entry->st->st_mode & S_IFMT;

	if (target_dir_mknod(dir, name, kind | (entry->st->st_mode & 07777),
			     entry->st->st_rdev, e) < 0)
		return -1;
	return finish_special(c, entry->st, dir->fd, name, e);
}

static int make_empty(struct copier *c, const struct tree_entry *entry,
		      int dirfd, const char *name, struct err *e)
{
	SCOPED_FD int fd = openat(
		dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "create %s", name);
	return finish_special(c, entry->st, dirfd, name, e);
}

static int copy_file(struct copier *c, const struct tree_entry *entry,
		     const struct target_dir *dir, const char *name,
		     struct err *e)
{
	if (target_dir_clear(dir, name, e) < 0)
		return -1;
	if (S_ISSOCK(entry->st->st_mode) && !c->opt->exact)
		return make_empty(c, entry, dir->fd, name, e);
	if (S_ISREG(entry->st->st_mode))
		return copy_regular(c, entry, dir->fd, name, e);
	if (S_ISLNK(entry->st->st_mode))
		return copy_link(c, entry, dir->fd, name, e);
	return copy_device(c, entry, dir, name, e);
}

/* An existing folder below the top takes over the source's metadata. */
static int copy_folder(struct copier *c, const struct tree_entry *entry,
		       struct err *e)
{
	struct level *level;
	struct target_dir dir;
	bool created;

	if (target_dir_child(c->to, &c->levels.v[c->levels.n - 1].dir,
			     entry->name, &dir, &created, e) < 0)
		return -1;
	level = vec_push(&c->levels);
	level->dir = dir;
	level->set_metadata = true;
	return 0;
}

static int enter(struct tree_visitor *visitor, const struct tree_entry *entry,
		 struct err *e)
{
	struct copier *c = (struct copier *)visitor;
	const struct target_dir *dir = &c->levels.v[c->levels.n - 1].dir;
	int result = 0;

	if (entry->rel_depth == 0) {
		if (!S_ISDIR(entry->st->st_mode))
			return copy_file(c, entry, dir, c->file_name, e);
		/* the top folder is there; it keeps its owner and mode */
		return 0;
	}
	result = S_ISDIR(entry->st->st_mode)
			 ? copy_folder(c, entry, e)
			 : copy_file(c, entry, dir, entry->name, e);
	return result < 0 ? err_wrap(e, "%.*s", STR_ARG(entry->path)) : 0;
}

static int leave(struct tree_visitor *visitor, const struct tree_entry *entry,
		 struct err *e)
{
	struct copier *c = (struct copier *)visitor;
	struct timespec times[2];
	struct level *level = &c->levels.v[c->levels.n - 1];
	int result = 0;

	times_of(entry->st, times);
	if (entry->rel_depth == 0) {
		/* a context's root has no time of its own (fsutil) */
		if ((entry->depth || !c->from_context) &&
		    futimens(level->dir.fd, times) < 0)
			return err_sys(e, "set the time of the target");
		return 0;
	}
	if (set_owner_and_mode(c->opt, level->dir.fd, entry->st, entry->name,
			       e) < 0)
		result = -1;
	else if (futimens(level->dir.fd, times) < 0)
		result = err_sys(e, "set the time of %s", entry->name);
	target_dir_release(&level->dir);
	c->levels.n--;
	return result;
}

static void copier_release(struct copier *c)
{
	for (size_t i = 0; i < c->levels.n; i++)
		target_dir_release(&c->levels.v[i].dir);
	vec_release(&c->levels);
	inode_names_release(&c->names);
}

int copy_resolve_dest(const struct target *to, struct arena *a, struct str dest,
		      const struct copy_options *opt, struct view_path *out,
		      struct err *e)
{
	struct target_dir dir;
	struct str folder = str_ends(dest, "/") ? dest : path_dir(dest);

	if (view_resolve(&to->merged, a, folder, VIEW_FOLLOW, out, e) < 0 ||
	    target_open(to, out->path, &opt->owner, &dir, e) < 0)
		return -1;
	target_dir_release(&dir);
	return view_resolve(&to->merged, a, dest, VIEW_FOLLOW, out, e);
}

/* Where a file goes: into dest where that is a folder, else to it. */
static struct str file_target(struct arena *a, const struct view_path *dest,
			      struct str name)
{
	if (!dest->exists || !S_ISDIR(dest->st.st_mode))
		return dest->path;
	return path_in_root(a, arena_printf(a, "%.*s/%.*s", STR_ARG(dest->path),
					    STR_ARG(name)));
}

static int run_copy(struct copier *c, const struct source_tree *from,
		    const struct selected *what, struct err *e)
{
	struct tree_filter *filters[3];
	struct tree tree = {.view = from->view, .filters = filters};
	int found;

	if (from->filter)
		filters[tree.n_filters++] = from->filter;
	for (size_t i = 0; i < c->opt->n_filters; i++)
		filters[tree.n_filters++] = c->opt->filters[i];
	found = tree_walk(&tree, what->path, &c->visitor, e);
	return found < 0 ? -1 : 0;
}

int copy_selected(const struct source_tree *from, const struct selected *what,
		  const struct target *to, struct str dest,
		  const struct copy_options *opt, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct copier c = {
		.visitor = {enter, leave},
		.to = to,
		.opt = opt,
		.from_context = from->owner == TREE_OWNER_IGNORED,
	};
	struct view_path source;
	struct view_path at;
	struct level *top;
	int result;

	if (view_resolve(&from->view, &a, what->path, VIEW_FOLLOW_DIRS, &source,
			 e) < 0 ||
	    copy_resolve_dest(to, &a, dest, opt, &at, e) < 0)
		return -1;
	c.root_path = at.path;
	if (!S_ISDIR(source.st.st_mode)) {
		struct str path = file_target(&a, &at, what->name);

		c.root_path = path_dir(path);
		c.file_name = arena_c(&a, path_base(path));
	} else if (at.exists && !S_ISDIR(at.st.st_mode)) {
		return err_set(e, ERR_INVALID,
			       "cannot copy to non-directory: /%.*s",
			       STR_ARG(at.path));
	}
	top = vec_push(&c.levels);
	top->dir.fd = -1;
	result = target_open(to, c.root_path, &opt->owner, &top->dir, e);
	if (result == 0)
		result = run_copy(&c, from, what, e);
	copier_release(&c);
	return result;
}

int copy_inline(struct str name, struct str content, const struct target *to,
		struct str dest, const struct copy_options *opt, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const struct stat st = {
		.st_mode = S_IFREG | 0644,
		.st_mtim = {.tv_sec = clock_realtime_ns() / 1000000000}};
	struct timespec times[2];
	struct target_dir dir;
	struct view_path at;
	struct str path;
	const char *file;
	SCOPED_FD int fd = -1;
	int result;

	if (copy_resolve_dest(to, &a, dest, opt, &at, e) < 0)
		return -1;
	path = file_target(&a, &at, name);
	file = arena_c(&a, path_base(path));
	if (target_open(to, path_dir(path), &opt->owner, &dir, e) < 0)
		return -1;
	result = target_dir_clear(&dir, file, e);
	if (result == 0) {
		fd = openat(dir.fd, file,
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (fd < 0)
			result = err_sys(e, "create %s", file);
	}
	target_dir_release(&dir);
	times_of(&st, times);
	if (result < 0 || io_write_all(fd, content.p, content.n, file, e) < 0 ||
	    set_owner_and_mode(opt, fd, &st, file, e) < 0)
		return -1;
	return futimens(fd, times) < 0 ? err_sys(e, "set the time of %s", file)
				       : 0;
}
