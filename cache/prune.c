#include "cache/prune.h"

#include "base/io.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const char OPAQUE[] = "user.overlay.opaque";

static bool same_capability(int fa, int fb)
{
	char a[256];
	char b[256];
	ssize_t na = fgetxattr(fa, "security.capability", a, sizeof(a));
	ssize_t nb = fgetxattr(fb, "security.capability", b, sizeof(b));

	return na == nb && (na <= 0 || memcmp(a, b, (size_t)na) == 0);
}

/*
 * What a folder says of itself but for its time: BuildKit's differ takes that
 * for no change (continuity fs/diff.go), and RUNs change it with every file
 * that they make for a while.
 */
static bool same_folder(int upper_dirfd, const char *name,
			const struct stat *upper, const struct view_entry *base)
{
	SCOPED_FD int fa =
		openat(upper_dirfd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	SCOPED_FD int fb =
		openat(base->dirfd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fa < 0 || fb < 0 || upper->st_mode != base->st.st_mode ||
	    upper->st_uid != base->st.st_uid ||
	    upper->st_gid != base->st.st_gid)
		return false;
	return same_capability(fa, fb);
}

static bool take_opaque(int fd)
{
	char value = 0;
	bool opaque = fgetxattr(fd, OPAQUE, &value, 1) == 1 && value == 'y';

	if (opaque)
		(void)fremovexattr(fd, OPAQUE); /* layer_write skips it too */
	return opaque;
}

/* Hide each child of the base that an opaque folder does not have itself. */
static int expand_opaque(int upper_fd, const struct view_dir *base,
			 struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct str *names;
	size_t n_names;

	if (view_dir_list(base, &a, &names, &n_names, e) < 0)
		return -1;
	for (size_t i = 0; i < n_names; i++)
		if (mknodat(upper_fd, names[i].p, S_IFCHR, 0) < 0 &&
		    errno != EEXIST)
			return err_sys(e, "hide %s", names[i].p);
	return 0;
}

/*
 * Below an opaque folder, a child folder that the base has too is a new one:
 * it hides what the base has in it.
 */
static int mark_child_opaque(int upper_fd, const char *name, struct err *e)
{
	SCOPED_FD int fd =
		openat(upper_fd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, "open %s", name);
	if (fsetxattr(fd, OPAQUE, "y", 1, 0) < 0)
		return err_sys(e, "mark %s opaque", name);
	return 0;
}

static int prune_folder(int fd, const struct view_dir *base, bool opaque,
			struct err *e);

/* A folder in both: prune what is in it; drop it where nothing is left. */
static int prune_merged(int upper_fd, const char *name, const struct stat *st,
			const struct view_dir *base,
			const struct view_entry *found, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir inner = {0};
	SCOPED_FD int fd =
		openat(upper_fd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool unchanged;
	bool opaque;

	if (fd < 0)
		return err_sys(e, "open %s", name);
	unchanged = same_folder(upper_fd, name, st, found);
	if (view_dir_enter(base, name, found, &inner, e) < 0)
		return -1;
	opaque = take_opaque(fd);
	if (prune_folder(fd, &inner, opaque, e) < 0)
		return -1;
	if (futimens(fd, (struct timespec[]){st->st_atim, st->st_mtim}) < 0)
		return err_sys(e, "set the time of %s", name);
	/* only an empty one goes: rmdir says so itself */
	if (unchanged)
		(void)unlinkat(upper_fd, name, AT_REMOVEDIR);
	return 0;
}

/*
 * A folder that the layers below don't have hides nothing, nor does what is in
 * it; overlayfs marks such folders, too, and they may have been moved.
 */
static int drop_opaque(int upper_fd, const char *name, struct err *e)
{
	SCOPED_FD int fd =
		openat(upper_fd, name,
		       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir;
	struct dirent *entry;
	int copy;
	int result = 0;

	if (fd < 0)
		return err_sys(e, "open %s", name);
	(void)take_opaque(fd);
	copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir)
		return err_sys(e, "read %s", name);
	while (result == 0 && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR &&
		    strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			result = drop_opaque(fd, entry->d_name, e);
	(void)closedir(dir);
	return result;
}

static bool same_content(int fa, int fb)
{
	enum { CHUNK_BYTES = 64 * 1024 };
	SCOPED_PTR char *a = xmalloc(2 * CHUNK_BYTES);
	char *b = a + CHUNK_BYTES;
	struct err ignored;
	size_t na;
	size_t nb;

	do {
		if (io_read_full(fa, a, CHUNK_BYTES, &na, "", &ignored) < 0 ||
		    io_read_full(fb, b, CHUNK_BYTES, &nb, "", &ignored) < 0 ||
		    na != nb || memcmp(a, b, na) != 0)
			return false;
	} while (na == CHUNK_BYTES);
	return true;
}

static bool same_link(int da, int db, const char *name)
{
	char a[PATH_MAX];
	char b[PATH_MAX];
	ssize_t na = readlinkat(da, name, a, sizeof(a));
	ssize_t nb = readlinkat(db, name, b, sizeof(b));

	return na >= 0 && na == nb && memcmp(a, b, (size_t)na) == 0;
}

static bool same_stat(const struct stat *a, const struct stat *b)
{
	return a->st_mode == b->st_mode && a->st_uid == b->st_uid &&
	       a->st_gid == b->st_gid && a->st_size == b->st_size &&
	       a->st_rdev == b->st_rdev &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/*
 * Written again as it was, time included (continuity fs/diff.go, sameFile;
 * bytes are compared here whatever the times say).
 */
static bool same_file(int upper_fd, const char *name, const struct stat *st,
		      const struct view_entry *base)
{
	const int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	SCOPED_FD int fa = -1;
	SCOPED_FD int fb = -1;

	if (!same_stat(st, &base->st))
		return false;
	if (S_ISLNK(st->st_mode))
		return same_link(upper_fd, base->dirfd, name);
	if (!S_ISREG(st->st_mode))
		return true;
	fa = openat(upper_fd, name, flags);
	fb = openat(base->dirfd, name, flags);
	return fa >= 0 && fb >= 0 && same_capability(fa, fb) &&
	       same_content(fa, fb);
}

static int prune_entry(int upper_fd, const char *name,
		       const struct view_dir *base, bool opaque, struct err *e)
{
	struct stat st;
	struct view_entry found;
	int in_base = view_dir_find(base, name, &found, e);

	if (in_base < 0)
		return -1;
	if (fstatat(upper_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	if (view_is_whiteout(&st)) {
		if (!in_base && unlinkat(upper_fd, name, 0) < 0)
			return err_sys(e, "remove whiteout %s", name);
		return 0;
	}
	if (!S_ISDIR(st.st_mode)) {
		if (in_base && same_file(upper_fd, name, &st, &found) &&
		    unlinkat(upper_fd, name, 0) < 0)
			return err_sys(e, "drop unchanged %s", name);
		return 0;
	}
	if (!in_base || !S_ISDIR(found.st.st_mode))
		return drop_opaque(upper_fd, name, e);
	if (opaque && mark_child_opaque(upper_fd, name, e) < 0)
		return -1;
	return prune_merged(upper_fd, name, &st, base, &found, e);
}

static int prune_folder(int fd, const struct view_dir *base, bool opaque,
			struct err *e)
{
	const struct view_dir upper = {.fds = &fd, .n = 1, .plain = true};
	SCOPED_ARENA struct arena a = {0};
	struct str *names;
	size_t n_names;

	if (opaque && expand_opaque(fd, base, e) < 0)
		return -1;
	if (view_dir_list(&upper, &a, &names, &n_names, e) < 0)
		return -1;
	for (size_t i = 0; i < n_names; i++)
		if (prune_entry(fd, names[i].p, base, opaque, e) < 0)
			return err_wrap(e, "%s", names[i].p);
	return 0;
}

int prune_upper(int upper_fd, const struct view *base, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir root = {0};
	struct stat st;

	if (base->n_layers == 0)
		return 0;
	if (view_open_root(base, &root, e) < 0)
		return -1;
	if (fstat(upper_fd, &st) < 0)
		return err_sys(e, "stat the upper folder");
	if (prune_folder(upper_fd, &root, false, e) < 0)
		return -1;
	if (futimens(upper_fd, (struct timespec[]){st.st_atim, st.st_mtim}) < 0)
		return err_sys(e, "set the time of the upper folder");
	return 0;
}
