#include "cache/store.h"

#include "base/io.h"
#include "cache/keeping.h"
#include "cache/store_folder.h"
#include "oci/layout.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/*
 * ext4 creates files up to ten times slower in a block group where many were
 * deleted a moment ago; the children of a top folder are spread over groups.
 * Elsewhere the flag is refused, and not needed.
 */
static void spread_children(int store_fd, const char *folder)
{
	SCOPED_FD int fd =
		openat(store_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int flags;

	if (fd < 0 || ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		return;
	flags |= FS_TOPDIR_FL;
	(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}

static int create_folders(int fd, struct err *e)
{
	/* layout_init makes the others */
	static const char *const folders[] = {"snapshots", "seals", "steps",
					      "variants",  "stat",  "logs",
					      "listings",  "traces"};

	if (layout_init(fd, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (io_mkdir(fd, folders[i], 0755, e) < 0)
			return -1;
	spread_children(fd, "tmp"); /* where snapshots are made */
	return 0;
}

/* The version is written last: where it is this one's, all folders are there.
 */
static int complete_folder(int fd, struct err *e)
{
	int current = store_version_check(fd, e);

	if (current != 0)
		return current < 0 ? -1 : 0;
	return create_folders(fd, e) < 0 ? -1 : store_version_put(fd, e);
}

int store_open(struct store *s, const char *path, struct err *e)
{
	SCOPED_FD int fd = -1;
	char *where = NULL;

	*s = (struct store){.fd = -1};
	fd = store_folder_open(path, &where, e);
	if (fd < 0)
		return -1;
	if (complete_folder(fd, e) < 0) {
		err_wrap(e, "store %s", where);
		free(where);
		return -1;
	}
	s->path = where;
	s->fd = TAKE_FD(fd);
	s->blobs = (struct blobs){s->fd};
	s->keeping = keeping_new();
	return 0;
}

int store_open_existing(struct store *s, const char *path, struct err *e)
{
	*s = (struct store){.fd = -1};
	if (!store_folder_exists(path))
		return err_set(e, ERR_NOT_FOUND, "there is no store");
	return store_open(s, path, e);
}

void store_release(struct store *s)
{
	keeping_free(s->keeping);
	scoped_close(&s->fd);
	free(s->path);
	*s = (struct store){.fd = -1};
}

int store_reopen(const struct store *s, struct err *e)
{
	SCOPED_FD int fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat before;
	struct stat now;

	if (fd < 0 || fstat(s->fd, &before) < 0 || fstat(fd, &now) < 0)
		return err_sys(e, "open the store %s again", s->path);
	/* whoever may write its parent can put another one in its place */
	if (before.st_dev != now.st_dev || before.st_ino != now.st_ino)
		return err_set(e, ERR_INVALID,
			       "store %s: another folder took its place",
			       s->path);
	if (dup3(fd, s->fd, O_CLOEXEC) < 0)
		return err_sys(e, "open the store %s again", s->path);
	return 0;
}

int store_workdir_create(const struct store *s, char **name_out, struct err *e)
{
	SCOPED_BUF struct buf name = BUF_INIT(256);
	SCOPED_FD int fd = -1;
	/* keeps a sweep from seeing the folder before its lock is taken */
	SCOPED_FD int tmp_fd = io_open_dir(s->fd, "tmp", e);

	if (tmp_fd < 0)
		return -1;
	if (flock(tmp_fd, LOCK_SH) < 0)
		return err_sys(e, "lock tmp");
	io_unique_name(&name, "tmp/");
	if (io_mkdir(s->fd, buf_c(&name), 0700, e) < 0)
		return -1;
	fd = io_open_dir(s->fd, buf_c(&name), e);
	if (fd < 0)
		return -1;
	/* held as long as the fd: what tells a sweep that we live */
	if (flock(fd, LOCK_SH) < 0)
		return err_sys(e, "lock %s", buf_c(&name));
	*name_out = xstrdup(buf_c(&name));
	return TAKE_FD(fd);
}

/* A folder that nobody locks belonged to a process that is gone. */
static int sweep_one(int tmp_fd, const char *name, struct err *e)
{
	SCOPED_FD int fd =
		openat(tmp_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return 0;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 0;
	/* a file has no lock: blobs being written are younger than a day */
	if (!S_ISDIR(st.st_mode) && time(NULL) - st.st_mtime < 24 * 3600)
		return 0;
	return io_remove_tree(tmp_fd, name, e);
}

int store_sweep(const struct store *s, struct err *e)
{
	int fd = io_open_dir(s->fd, "tmp", e);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir)
		return fd < 0 ? -1 : err_sys(e, "open tmp");
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		(void)closedir(dir); /* somebody is creating or sweeping */
		return 0;
	}
	while (result == 0 && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			result = sweep_one(fd, entry->d_name, e);
	(void)closedir(dir);
	return result;
}
