/*
 * type=local: the root file system as a folder.
 *
 * All is written below dest/.imgbuild-new first and then moved to its place, so
 * that an export that fails leaves what was there. One that was killed leaves
 * that folder, which the next export to dest takes away.
 */
#include "builder/image/export.h"

#include "base/io.h"
#include "builder/files/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char NEW[] = ".imgbuild-new";

static int copy_root(const struct view *root, int to_fd, struct err *e)
{
	const struct source_tree from = {.view = *root,
					 .owner = TREE_OWNER_COUNTS};
	const struct selected all = {0};
	const struct copy_options opt = {0};
	const struct view none = {0};
	struct target target;
	int result;

	if (root->n_layers == 0)
		return 0;
	target_init(&target, &none, to_fd);
	result = copy_selected(&from, &all, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

/* --- moving --------------------------------------------------------------- */

/* Of move_children and what it calls: something can't be moved, only copied. */
enum { MOVED = 0, OTHER_FILE_SYSTEM = 1 };

static int set_metadata(int fd, const struct stat *st, const char *name,
			struct err *e)
{
	const struct timespec times[2] = {st->st_atim, st->st_mtim};

	if (fchown(fd, st->st_uid, st->st_gid) < 0 ||
	    fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0)
		return err_sys(e, "set owner and mode of %s", name);
	return 0;
}

static int move_children(int from_fd, int to_fd, struct err *e);

static int merge_folder(int from_fd, int to_fd, const char *name,
			const struct stat *st, struct err *e)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	SCOPED_FD int from = openat(from_fd, name, flags);
	SCOPED_FD int to = openat(to_fd, name, flags);
	int result;

	if (from < 0 || to < 0)
		return err_sys(e, "open folder %s", name);
	result = move_children(from, to, e);
	if (result < 0)
		return err_wrap(e, "%s", name);
	return set_metadata(to, st, name, e) < 0 ? -1 : result;
}

static bool is_folder(int dirfd, const char *name)
{
	struct stat st;

	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       S_ISDIR(st.st_mode);
}

/* A folder is merged with one of that name; all else takes the name. */
static int move_entry(int from_fd, int to_fd, const char *name, struct err *e)
{
	struct stat st;

	if (fstatat(from_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	if (S_ISDIR(st.st_mode) && is_folder(to_fd, name))
		return merge_folder(from_fd, to_fd, name, &st, e);
	if (renameat(from_fd, name, to_fd, name) == 0)
		return MOVED;
	if (errno == EXDEV)
		return OTHER_FILE_SYSTEM;
	if (errno != EISDIR && errno != ENOTDIR)
		return err_sys(e, "put %s in its place", name);
	/* a folder where a file is to be, or the other way round */
	if (io_remove_tree(to_fd, name, e) < 0)
		return -1;
	if (renameat(from_fd, name, to_fd, name) < 0)
		return err_sys(e, "put %s in its place", name);
	return MOVED;
}

static int move_children(int from_fd, int to_fd, struct err *e)
{
	int fd = fcntl(from_fd, F_DUPFD_CLOEXEC, 3);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int result = MOVED;
	struct dirent *entry;

	if (!dir) {
		err_sys(e, "list what was written");
		scoped_close(&fd);
		return -1;
	}
	while (errno = 0, result >= 0 && (entry = readdir(dir))) {
		int moved;

		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		moved = move_entry(from_fd, to_fd, entry->d_name, e);
		if (moved != MOVED)
			result = moved;
	}
	if (result >= 0 && errno)
		result = err_sys(e, "list what was written");
	(void)closedir(dir);
	return result;
}

/* --- all of it ------------------------------------------------------------ */

/* What is left where dest has a file system of its own within is copied. */
static int publish(int new_fd, int dest_fd, struct err *e)
{
	const struct view rest = {.layer_fds = &new_fd, .n_layers = 1};
	int result = move_children(new_fd, dest_fd, e);

	return result == OTHER_FILE_SYSTEM ? copy_root(&rest, dest_fd, e)
					   : result;
}

static int write_folder(const struct view *root, int dest_fd, bool made,
			struct err *e)
{
	SCOPED_FD int new_fd = -1;
	struct stat st;

	if (io_mkdir(dest_fd, NEW, 0700, e) < 0)
		return -1;
	new_fd = io_open_dir(dest_fd, NEW, e);
	if (new_fd < 0 || copy_root(root, new_fd, e) < 0)
		return -1;
	if (fstat(new_fd, &st) < 0)
		return err_sys(e, "stat %s", NEW);
	if (publish(new_fd, dest_fd, e) < 0)
		return -1;
	/* a folder that was there stays the user's own */
	return made ? set_metadata(dest_fd, &st, "the folder", e) : 0;
}

static int export_into(const struct view *root, const char *dest, bool made,
		       struct err *e)
{
	SCOPED_FD int fd = io_open_dir(AT_FDCWD, dest, e);
	struct err ignored;
	int result;

	if (fd < 0)
		return -1;
	/* one export at a time, where the file system knows locks */
	(void)flock(fd, LOCK_EX);
	if (!made && io_remove_tree(fd, NEW, e) < 0)
		return err_wrap(e, "what an export left that was killed");
	result = write_folder(root, fd, made, e);
	if (io_remove_tree(fd, NEW, result < 0 ? &ignored : e) < 0)
		result = -1;
	return result;
}

int export_rootfs_folder(const struct view *root, const char *dest,
			 struct err *e)
{
	bool made = access(dest, F_OK) < 0;
	struct err ignored;
	int result;

	if (io_mkdir_all(AT_FDCWD, dest, 0755, e) < 0)
		return -1;
	result = export_into(root, dest, made, e);
	if (result < 0 && made)
		(void)io_remove_tree(AT_FDCWD, dest, &ignored);
	return result;
}
