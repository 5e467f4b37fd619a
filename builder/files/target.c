#include "builder/files/target.h"

#include "base/io.h"
#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static const int DIR_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

void target_init(struct target *t, const struct view *lower, int upper_fd)
{
	size_t n = lower->n_layers;

	*t = (struct target){
		.lower = *lower, .upper_fd = upper_fd, .folder_mode = 0755};
	t->layer_fds = xmalloc((n + 1) * sizeof(*t->layer_fds));
	if (n)
		memcpy(t->layer_fds, lower->layer_fds,
		       n * sizeof(*t->layer_fds));
	t->layer_fds[n] = upper_fd;
	t->merged = (struct view){.layer_fds = t->layer_fds, .n_layers = n + 1};
}

void target_release(struct target *t)
{
	free(t->layer_fds);
	*t = (struct target){.upper_fd = -1};
}

void target_dir_release(struct target_dir *d)
{
	scoped_close(&d->fd);
	view_dir_release(&d->lower);
}

/* 1 with the folder open, 0 where the name is free, -1. */
static int open_existing(int fd, const char *name, int *out, struct err *e)
{
	*out = openat(fd, name, DIR_FLAGS);
	if (*out >= 0)
		return 1;
	if (errno == ENOENT)
		return 0;
	if (errno == ENOTDIR || errno == ELOOP)
		return err_set(e, ERR_INVALID,
			       "cannot copy to non-directory: %s", name);
	return err_sys(e, "open %s", name);
}

static int make_folder(const struct target *t, int parent_fd, const char *name,
		       int *out, struct err *e)
{
	const struct timespec epoch[2] = {{.tv_sec = t->epoch_s},
					  {.tv_sec = t->epoch_s}};
	SCOPED_FD int fd = -1;

	if (mkdirat(parent_fd, name, 0755) < 0)
		return err_sys(e, "create folder %s", name);
	fd = openat(parent_fd, name, DIR_FLAGS);
	if (fd < 0 || fchmod(fd, t->folder_mode) < 0)
		return err_sys(e, "create folder %s", name);
	if (t->has_epoch && futimens(fd, epoch) < 0)
		return err_sys(e, "set the time of %s", name);
	*out = TAKE_FD(fd);
	return 0;
}

/*
 * The draft's own copy of a folder that the layers have. That it appears in the
 * draft is no change of its parent, whose time stays (overlayfs does so too).
 */
static int copy_up(const struct target *t, int parent_fd, const char *name,
		   const struct stat *st, int *out, struct err *e)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};
	struct timespec parent_times[2];
	struct stat parent;
	int fd = -1;

	if (fstat(parent_fd, &parent) < 0)
		return err_sys(e, "stat the parent of %s", name);
	if (make_folder(t, parent_fd, name, &fd, e) < 0)
		return -1;
	parent_times[0] = parent.st_atim;
	parent_times[1] = parent.st_mtim;
	if (fchown(fd, st->st_uid, st->st_gid) < 0 ||
	    fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0 ||
	    futimens(parent_fd, parent_times) < 0) {
		err_sys(e, "copy up folder %s", name);
		(void)close(fd);
		return -1;
	}
	*out = fd;
	return 0;
}

int target_dir_child(const struct target *t, const struct target_dir *d,
		     const char *name, struct target_dir *out, bool *created,
		     struct err *e)
{
	struct target_dir child = {.fd = -1, .replaces = t->replaces};
	struct view_entry lower;
	int in_upper = open_existing(d->fd, name, &child.fd, e);
	int in_lower;

	if (in_upper < 0)
		return -1;
	in_lower = view_dir_find(&d->lower, name, &lower, e);
	if (in_lower > 0 && S_ISDIR(lower.st.st_mode))
		in_lower = view_dir_enter(&d->lower, name, &lower, &child.lower,
					  e) < 0
				   ? -1
				   : 1;
	else if (in_lower > 0 && t->replaces)
		in_lower = 0;
	else if (in_lower > 0 && !in_upper)
		in_lower = err_set(e, ERR_INVALID,
				   "cannot copy to non-directory: %s", name);
	if (in_lower >= 0 && !in_upper) {
		int made = in_lower ? copy_up(t, d->fd, name, &lower.st,
					      &child.fd, e)
				    : make_folder(t, d->fd, name, &child.fd, e);

		in_lower = made < 0 ? -1 : in_lower;
	}
	if (in_lower < 0) {
		target_dir_release(&child);
		return -1;
	}
	*created = !in_upper && !in_lower;
	*out = child;
	return 0;
}

static int open_root(const struct target *t, struct target_dir *out,
		     struct err *e)
{
	*out = (struct target_dir){.fd = fcntl(t->upper_fd, F_DUPFD_CLOEXEC, 3),
				   .replaces = t->replaces};
	if (out->fd < 0)
		return err_sys(e, "open the target");
	if (view_open_root(&t->lower, &out->lower, e) < 0) {
		scoped_close(&out->fd);
		return -1;
	}
	return 0;
}

int target_open(const struct target *t, struct str path,
		const struct target_owner *owner, struct target_dir *out,
		struct err *e)
{
	struct target_dir d;
	struct str component;

	if (open_root(t, &d, e) < 0)
		return -1;
	while (path_next(&path, &component)) {
		SCOPED_PTR char *name = str_dup(component);
		struct target_dir child;
		bool created;
		int result = target_dir_child(t, &d, name, &child, &created, e);

		target_dir_release(&d);
		if (result < 0)
			return -1;
		d = child;
		if (created && fchown(d.fd, owner->uid, owner->gid) < 0) {
			err_sys(e, "set the owner of %s", name);
			target_dir_release(&d);
			return -1;
		}
	}
	*out = d;
	return 0;
}

int target_dir_stat(const struct target_dir *d, const char *name,
		    struct stat *st, struct err *e)
{
	struct view_entry lower;
	int found;

	if (fstatat(d->fd, name, st, AT_SYMLINK_NOFOLLOW) == 0)
		return view_is_whiteout(st) ? 0 : 1;
	if (errno != ENOENT)
		return err_sys(e, "stat %s", name);
	found = view_dir_find(&d->lower, name, &lower, e);
	if (found > 0)
		*st = lower.st;
	return found;
}

int target_dir_clear(const struct target_dir *d, const char *name,
		     struct err *e)
{
	struct stat st;
	bool in_upper = fstatat(d->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
	struct view_entry lower;
	int found = in_upper;

	if (!in_upper && errno != ENOENT)
		return err_sys(e, "stat %s", name);
	if (!in_upper && d->lower.n) {
		found = view_dir_find(&d->lower, name, &lower, e);
		st = lower.st;
	}
	if (found < 0)
		return -1;
	if (found && S_ISDIR(st.st_mode) && !d->replaces)
		return err_set(e, ERR_INVALID,
			       "cannot replace directory %s with a file", name);
	if (in_upper && unlinkat(d->fd, name, 0) < 0)
		return err_sys(e, "replace %s", name);
	return 0;
}

int target_dir_remove(const struct target_dir *d, const char *name,
		      struct err *e)
{
	/* what the layers have there is hidden by what takes the name */
	return io_remove_tree(d->fd, name, e);
}

int target_dir_mknod(const struct target_dir *d, const char *name, mode_t mode,
		     dev_t rdev, struct err *e)
{
	const struct stat st = {.st_mode = mode, .st_rdev = rdev};

	if (view_is_whiteout(&st))
		return err_set(e, ERR_UNSUPPORTED,
			       "create device %s: 0:0 can't be put into a "
			       "layer: there it would mean a deletion",
			       name);
	if (mknodat(d->fd, name, mode, rdev) < 0)
		return err_sys(e, "create device %s", name);
	return 0;
}
