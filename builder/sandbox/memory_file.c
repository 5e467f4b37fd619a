#include "builder/sandbox/memory_file.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static int make_tmpfs(void)
{
	SCOPED_FD int fs = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	if (fs < 0 ||
	    syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -1;
	return (int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
}

/* A mount of one file needs a name that it has, if only there. */
static int make_file(int tmpfs, int *file, int *mount)
{
	SCOPED_FD int fd = openat(tmpfs, "file",
				  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd < 0)
		return -1;
	*mount = (int)syscall(SYS_open_tree, fd, "",
			      OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC |
				      AT_EMPTY_PATH);
	if (*mount < 0)
		return -1;
	*file = TAKE_FD(fd);
	return 0;
}

static int make_detached(int *file, int *mount)
{
	SCOPED_FD int tmpfs = make_tmpfs();

	return tmpfs < 0 ? -1 : make_file(tmpfs, file, mount);
}

/* --- a mount namespace of its own --------------------------------------- */

struct alone {
	int *file;
	int *mount;
	int error; /* an errno */
};

/* The tmpfs lies over the namespace's root, where nobody else is. */
static int make_in_namespace(int *file, int *mount_out)
{
	SCOPED_FD int tmpfs = -1;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -1;
	tmpfs = make_tmpfs();
	if (tmpfs < 0 || syscall(SYS_move_mount, tmpfs, "", AT_FDCWD, "/",
				 MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return -1;
	return make_file(tmpfs, file, mount_out);
}

static void *run_alone(void *arg)
{
	struct alone *a = arg;

	a->error = make_in_namespace(a->file, a->mount) < 0 ? errno : 0;
	return NULL;
}

/* Kernels before 6.15 clone only what is mounted where the caller is. */
static int make_alone(int *file, int *mount)
{
	struct alone a = {file, mount, 0};
	pthread_t thread;

	errno = pthread_create(&thread, NULL, run_alone, &a);
	if (errno)
		return -1;
	(void)pthread_join(thread, NULL); /* it can't fail: it is joined once */
	errno = a.error;
	return a.error ? -1 : 0;
}

int memory_file_make_so(enum memory_file_way way, int *file, int *mount)
{
	switch (way) {
	case MEMORY_FILE_DETACHED: return make_detached(file, mount);
	case MEMORY_FILE_ALONE: return make_alone(file, mount);
	case MEMORY_FILE_WAYS: break;
	}
	errno = EINVAL;
	return -1;
}

int memory_file_make(int *file, int *mount)
{
	for (int way = 0; way < MEMORY_FILE_WAYS; way++)
		if (memory_file_make_so((enum memory_file_way)way, file,
					mount) == 0)
			return 0;
	return -1;
}
