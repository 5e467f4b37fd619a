#include "oci/layer_disk.h"

#include "base/io.h"
#include "base/path.h"
#include "oci/xattr.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

int layer_disk_begin(struct layer_disk *d, int root,
		     const struct layer_apply_options *opt, struct err *e)
{
	struct stat st;

	*d = (struct layer_disk){
		.opt = opt,
		.root = root,
		.parent_fd = -1,
		.parent = BUF_INIT(1 << 20),
		.euid = geteuid(),
		.egid = getegid(),
	};
	if (fstat(root, &st) < 0)
		return err_sys(e, "stat layer folder");
	d->always_chown = st.st_mode & S_ISGID;
	return 0;
}

void layer_disk_release(struct layer_disk *d)
{
	scoped_close(&d->parent_fd);
	buf_release(&d->parent);
	strmap_release(&d->folders);
	arena_release(&d->arena);
}

static bool is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == 0;
}

/* Remember what a folder is to have; the last word counts. */
static void remember(struct layer_disk *d, struct str path,
		     const struct disk_attributes *at)
{
	struct disk_attributes *copy = strmap_get(&d->folders, path);
	struct tar_xattr *x =
		arena_new_array(&d->arena, at->n_xattrs, struct tar_xattr);

	if (!copy) {
		copy = arena_new(&d->arena, struct disk_attributes);
		strmap_set(&d->folders, arena_str(&d->arena, path), copy);
	}
	*copy = *at;
	for (size_t i = 0; i < at->n_xattrs; i++) {
		x[i].name = arena_str(&d->arena, at->xattrs[i].name);
		x[i].value = arena_str(&d->arena, at->xattrs[i].value);
	}
	copy->xattrs = x;
}

/*
 * A folder that the tar does not name by itself is that of the layers below, as
 * with containerd; where they have none, ours (root's) with mode 0755, time 0.
 */
static void remember_implied(struct layer_disk *d, struct str path)
{
	struct disk_attributes at = {
		.mode = S_IFDIR | 0755, .uid = d->euid, .gid = d->egid};
	SCOPED_PTR char *name = str_dup(path);
	SCOPED_FD int fd =
		d->opt->open_lower ? d->opt->open_lower(d->opt->ctx, name) : -1;
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		at.mode = st.st_mode;
		at.uid = st.st_uid;
		at.gid = st.st_gid;
		at.mtime = st.st_mtim;
	}
	remember(d, path, &at);
}

static int set_opaque(int fd, struct str path, struct err *e)
{
	if (fsetxattr(fd, XATTR_OPAQUE, "y", 1, 0) == 0)
		return 0;
	if (errno == ENOTSUP)
		return err_set(e, ERR_UNSUPPORTED,
			       "%.*s: this file system has no user attributes, "
			       "which opaque folders need",
			       STR_ARG(path));
	return err_sys(e, "mark %.*s opaque", STR_ARG(path));
}

/*
 * mkdir where something may be: a folder stays, a whiteout becomes an opaque
 * folder, anything else is replaced. 1 made, 0 was there.
 */
static int make_folder(int fd, const char *name, struct str path, struct err *e)
{
	SCOPED_FD int made = -1;
	struct stat st;

	if (mkdirat(fd, name, 0700) == 0)
		return 1;
	if (errno != EEXIST)
		return err_sys(e, "create folder %.*s", STR_ARG(path));
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %.*s", STR_ARG(path));
	if (S_ISDIR(st.st_mode))
		return 0;
	if (unlinkat(fd, name, 0) < 0 || mkdirat(fd, name, 0700) < 0)
		return err_sys(e, "replace %.*s", STR_ARG(path));
	if (!is_whiteout(&st))
		return 1;
	made = openat(fd, name, OPEN_FOLDER);
	if (made < 0)
		return err_sys(e, "open folder %.*s", STR_ARG(path));
	return set_opaque(made, path, e) < 0 ? -1 : 1;
}

/* One step down while a path's folders are created. */
static int enter_or_make(struct layer_disk *d, int fd, const char *name,
			 struct str path, struct err *e)
{
	int next = openat(fd, name, OPEN_FOLDER);
	struct stat st;
	int made;

	if (next >= 0)
		return next;
	if (errno != ENOENT &&
	    fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !is_whiteout(&st))
		return err_set(e, ERR_INVALID,
			       "%.*s: a path goes through it, but it is not a "
			       "folder",
			       STR_ARG(path));
	made = make_folder(fd, name, path, e);
	if (made < 0)
		return -1;
	if (made)
		remember_implied(d, path);
	next = openat(fd, name, OPEN_FOLDER);
	return next < 0 ? err_sys(e, "open folder %.*s", STR_ARG(path)) : next;
}

static int make_path(struct layer_disk *d, struct str path, struct err *e)
{
	SCOPED_FD int fd = openat(d->root, ".", OPEN_FOLDER);
	struct str rest = path;
	struct str component;

	if (fd < 0)
		return err_sys(e, "open layer folder");
	while (path_next(&rest, &component)) {
		SCOPED_PTR char *name = str_dup(component);
		size_t end = (size_t)(component.p - path.p) + component.n;
		int next = enter_or_make(d, fd, name, str_sub(path, 0, end), e);

		if (next < 0)
			return -1;
		scoped_close(&fd);
		fd = next;
	}
	return TAKE_FD(fd);
}

/* The folder, created where it is missing: a descriptor that d keeps. */
static int enter(struct layer_disk *d, struct str path, struct err *e)
{
	int fd;

	if (d->parent_fd >= 0 && str_eq(buf_str(&d->parent), path))
		return d->parent_fd;
	scoped_close(&d->parent_fd);
	d->parent_fd = -1;
	buf_clear(&d->parent);
	buf_add_str(&d->parent, path);
	if (buf_check(&d->parent, "path", e) < 0)
		return -1;
	fd = path_open_nofollow(d->root, buf_c(&d->parent),
				O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		fd = make_path(d, path, e);
	d->parent_fd = fd;
	return fd;
}

/* Where an entry goes: its folder, opened, and its name there. */
struct spot {
	int fd; /* borrowed from the disk */
	const char *name;
};

static int find_spot(struct layer_disk *d, struct str path, struct spot *out,
		     struct err *e)
{
	struct str base = path_base(path);

	out->fd = enter(d, path_dir(path), e);
	if (out->fd < 0)
		return -1;
	/* paths are NUL-terminated and the base is their end */
	out->name = base.p;
	return 0;
}

static int clear_spot(const struct spot *at, struct str path, struct err *e)
{
	if (io_remove_tree(at->fd, at->name, e) < 0)
		return err_wrap(e, "replace %.*s", STR_ARG(path));
	return 0;
}

static void warn(struct layer_disk *d, bool *warned, const char *what,
		 const char *name)
{
	char text[512];

	if (*warned || !d->opt->warn)
		return;
	*warned = true;
	(void)snprintf(text, sizeof(text), "%.128s %s (%s)", name, what,
		       strerror(errno));
	d->opt->warn(d->opt->ctx, text);
}

static bool is_overlay_mark(struct str name)
{
	return str_starts(name, "user.overlay.") ||
	       str_starts(name, "trusted.overlay.");
}

/* On fd, or on the entry at spot where it can't be opened. */
static int set_xattrs(struct layer_disk *d, int fd, const struct spot *at,
		      const struct disk_attributes *a, struct err *e)
{
	char path[64 + NAME_MAX];

	if (a->n_xattrs && at)
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s",
			       at->fd, at->name);
	for (size_t i = 0; i < a->n_xattrs; i++) {
		const struct tar_xattr *x = &a->xattrs[i];
		int failed;

		/* those would mean something to our own overlay mounts */
		if (is_overlay_mark(x->name))
			continue;
		failed = at ? lsetxattr(path, x->name.p, x->value.p, x->value.n,
					0)
			    : fsetxattr(fd, x->name.p, x->value.p, x->value.n,
					0);
		if (!failed)
			continue;
		if (errno != ENOTSUP && errno != EPERM)
			return err_sys(e, "set attribute %s", x->name.p);
		warn(d,
		     str_starts(x->name, "user.") ? &d->warned_user
						  : &d->warned_other,
		     "can't be set here: this attribute and others like it are "
		     "left out",
		     x->name.p);
	}
	return 0;
}

static int chown_failed(const struct disk_attributes *a, struct err *e)
{
	if (errno == EPERM || errno == EINVAL)
		return err_set(e, ERR_UNSUPPORTED,
			       "owner %u:%u can't be set here: it needs root, "
			       "or a user namespace that maps these ids",
			       (unsigned)a->uid, (unsigned)a->gid);
	return err_sys(e, "change owner to %u:%u", (unsigned)a->uid,
		       (unsigned)a->gid);
}

static bool needs_chown(const struct layer_disk *d,
			const struct disk_attributes *a)
{
	return d->always_chown || a->uid != d->euid || a->gid != d->egid;
}

/*
 * The order matters: chown clears setuid bits and capabilities, and writing
 * attributes changes no times but the ctime.
 */
static int set_attributes(struct layer_disk *d, int fd,
			  const struct disk_attributes *a, struct err *e)
{
	const struct timespec times[2] = {a->mtime, a->mtime};

	if (needs_chown(d, a) && fchown(fd, a->uid, a->gid) < 0)
		return chown_failed(a, e);
	if (fchmod(fd, a->mode & 07777) < 0)
		return err_sys(e, "change mode");
	if (set_xattrs(d, fd, NULL, a, e) < 0)
		return -1;
	if (futimens(fd, times) < 0)
		return err_sys(e, "set time");
	return 0;
}

static int set_attributes_at(struct layer_disk *d, const struct spot *at,
			     const struct disk_attributes *a, struct err *e)
{
	const struct timespec times[2] = {a->mtime, a->mtime};

	if (needs_chown(d, a) &&
	    fchownat(at->fd, at->name, a->uid, a->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return chown_failed(a, e);
	if (!S_ISLNK(a->mode) &&
	    fchmodat(at->fd, at->name, a->mode & 07777, 0) < 0)
		return err_sys(e, "change mode");
	if (set_xattrs(d, -1, at, a, e) < 0)
		return -1;
	if (utimensat(at->fd, at->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set time");
	return 0;
}

int layer_disk_folder(struct layer_disk *d, struct str path,
		      const struct disk_attributes *at, struct err *e)
{
	struct spot spot;

	if (path.n && (find_spot(d, path, &spot, e) < 0 ||
		       make_folder(spot.fd, spot.name, path, e) < 0))
		return -1;
	remember(d, path, at);
	return 0;
}

int layer_disk_create(struct layer_disk *d, struct str path, struct err *e)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	struct spot at;
	int fd;

	if (find_spot(d, path, &at, e) < 0)
		return -1;
	fd = openat(at.fd, at.name, flags, 0600);
	if (fd < 0 && errno == EEXIST) {
		if (clear_spot(&at, path, e) < 0)
			return -1;
		fd = openat(at.fd, at.name, flags, 0600);
	}
	return fd < 0 ? err_sys(e, "create %.*s", STR_ARG(path)) : fd;
}

int layer_disk_finish(struct layer_disk *d, int fd,
		      const struct disk_attributes *at, struct err *e)
{
	return set_attributes(d, fd, at, e);
}

int layer_disk_symlink(struct layer_disk *d, struct str path,
		       const char *target, const struct disk_attributes *at,
		       struct err *e)
{
	struct spot spot;
	int failed;

	if (find_spot(d, path, &spot, e) < 0)
		return -1;
	failed = symlinkat(target, spot.fd, spot.name);
	if (failed && errno == EEXIST) {
		if (clear_spot(&spot, path, e) < 0)
			return -1;
		failed = symlinkat(target, spot.fd, spot.name);
	}
	if (failed)
		return err_sys(e, "create link %.*s", STR_ARG(path));
	return set_attributes_at(d, &spot, at, e);
}

static int make_node(const struct spot *at, struct str path, mode_t mode,
		     dev_t rdev, struct err *e)
{
	int failed = mknodat(at->fd, at->name, mode, rdev);

	if (failed && errno == EEXIST) {
		if (clear_spot(at, path, e) < 0)
			return -1;
		failed = mknodat(at->fd, at->name, mode, rdev);
	}
	return failed ? err_sys(e, "create device %.*s", STR_ARG(path)) : 0;
}

int layer_disk_node(struct layer_disk *d, struct str path,
		    const struct disk_attributes *at, struct err *e)
{
	struct spot spot;

	if (S_ISCHR(at->mode) && at->rdev == 0)
		return err_set(e, ERR_UNSUPPORTED,
			       "%.*s: character device 0/0 would delete a file",
			       STR_ARG(path));
	if (find_spot(d, path, &spot, e) < 0)
		return -1;
	if (make_node(&spot, path, (at->mode & S_IFMT) | 0600, at->rdev, e) ==
	    0)
		return set_attributes_at(d, &spot, at, e);
	/* as containerd does in a user namespace, where /dev is a mount anyway
	 */
	if (e->code != ERR_SYS || e->sys != EPERM)
		return -1;
	errno = e->sys;
	warn(d, &d->warned_device,
	     "can't be made here: this device and others are left out; it "
	     "needs root outside of user namespaces",
	     spot.name);
	return 0;
}

int layer_disk_whiteout(struct layer_disk *d, struct str path, struct err *e)
{
	SCOPED_FD int folder = -1;
	struct spot at;
	struct stat st;

	if (find_spot(d, path, &at, e) < 0)
		return -1;
	if (fstatat(at.fd, at.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return err_sys(e, "stat %.*s", STR_ARG(path));
		return make_node(&at, path, S_IFCHR, 0, e);
	}
	/* the layer's own file hides the lower one; a folder must be told */
	if (!S_ISDIR(st.st_mode))
		return 0;
	folder = openat(at.fd, at.name, OPEN_FOLDER);
	if (folder < 0)
		return err_sys(e, "open folder %.*s", STR_ARG(path));
	return set_opaque(folder, path, e);
}

int layer_disk_opaque(struct layer_disk *d, struct str folder, struct err *e)
{
	int fd = enter(d, folder, e);

	return fd < 0 ? -1 : set_opaque(fd, folder, e);
}

static int copy_lower(struct layer_disk *d, struct str path, struct str target,
		      struct err *e)
{
	SCOPED(xattrs_release) struct xattrs xattrs = {0};
	SCOPED_FD int from = d->opt->open_lower
				     ? d->opt->open_lower(d->opt->ctx, target.p)
				     : -1;
	struct disk_attributes at;
	SCOPED_FD int to = -1;
	struct stat st;

	if (from < 0)
		return err_set(e, ERR_INVALID,
			       "%.*s: hard link to %.*s, which is not there",
			       STR_ARG(path), STR_ARG(target));
	if (fstat(from, &st) < 0)
		return err_sys(e, "stat %.*s", STR_ARG(target));
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID,
			       "%.*s: hard link to %.*s, which is not a file",
			       STR_ARG(path), STR_ARG(target));
	to = layer_disk_create(d, path, e);
	if (to < 0 || io_copy(from, to, st.st_size, target.p, e) < 0 ||
	    xattrs_read(&xattrs, from, e) < 0)
		return -1;
	at = (struct disk_attributes){
		.mode = st.st_mode,
		.uid = st.st_uid,
		.gid = st.st_gid,
		.mtime = st.st_mtim,
		.xattrs = xattrs.list.v,
		.n_xattrs = xattrs.list.n,
	};
	return set_attributes(d, to, &at, e);
}

static int link_failed(struct str path, struct str target, struct err *e)
{
	return err_sys(e, "hard link %.*s to %.*s", STR_ARG(path),
		       STR_ARG(target));
}

/* Both are there: the target at from, perhaps an older entry at spot. */
static int link_own(const struct spot *from, const struct stat *st,
		    const struct spot *spot, struct str path, struct str target,
		    struct err *e)
{
	struct stat old;

	if (linkat(from->fd, from->name, spot->fd, spot->name, 0) == 0)
		return 0;
	if (errno != EEXIST)
		return link_failed(path, target, e);
	if (fstatat(spot->fd, spot->name, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
	    old.st_ino == st->st_ino && old.st_dev == st->st_dev)
		return 0;
	if (clear_spot(spot, path, e) < 0)
		return -1;
	if (linkat(from->fd, from->name, spot->fd, spot->name, 0) < 0)
		return link_failed(path, target, e);
	return 0;
}

int layer_disk_link(struct layer_disk *d, struct str path, struct str target,
		    struct err *e)
{
	SCOPED_PTR char *folder = str_dup(path_dir(target));
	SCOPED_FD int fd =
		path_open_nofollow(d->root, folder, O_PATH | O_DIRECTORY, 0);
	const struct spot from = {fd, path_base(target).p};
	struct spot spot;
	struct stat st;

	if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
		return err_set(e, ERR_INVALID,
			       "%.*s: hard link to %.*s, through what is not a "
			       "folder",
			       STR_ARG(path), STR_ARG(target));
	if (fd < 0 || fstatat(fd, from.name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT)
			return link_failed(path, target, e);
		return copy_lower(d, path, target, e);
	}
	if (S_ISDIR(st.st_mode) || is_whiteout(&st))
		return err_set(e, ERR_INVALID,
			       "%.*s: hard link to %.*s, which is %s",
			       STR_ARG(path), STR_ARG(target),
			       S_ISDIR(st.st_mode) ? "a folder" : "deleted");
	if (find_spot(d, path, &spot, e) < 0)
		return -1;
	return link_own(&from, &st, &spot, path, target, e);
}

static int finish_folder(struct layer_disk *d, const struct strmap_entry *f,
			 struct err *e)
{
	const struct disk_attributes *at = f->value;
	SCOPED_FD int fd = path_open_nofollow(d->root, f->key.p,
					      O_RDONLY | O_DIRECTORY, 0);

	/* replaced by a later entry, or below one that was */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return err_sys(e, "open folder %s", f->key.p);
	if (set_attributes(d, fd, at, e) < 0)
		return err_wrap(e, "folder /%s", f->key.p);
	return 0;
}

int layer_disk_end(struct layer_disk *d, struct err *e)
{
	/* children were remembered after their parents: they come first now */
	for (size_t i = d->folders.n; i-- > 0;)
		if (finish_folder(d, &d->folders.entries[i], e) < 0)
			return -1;
	return 0;
}
