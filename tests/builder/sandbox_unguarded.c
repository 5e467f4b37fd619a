#include "tests/builder/sandbox_unguarded.h"

#include "base/path.h"
#include "builder/sandbox/sandbox_perform.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

enum fault fault;

int sandbox_find_target(struct sandbox_child *c, const struct sandbox_op *op)
{
	return path_open_in_root(c->place_fds[op->in],
				 sandbox_name_in_place(op), O_PATH, 0);
}

int sandbox_check_target(struct sandbox_child *c, const struct sandbox_op *op,
			 const struct statx *st)
{
	(void)c;
	(void)op;
	(void)st;
	return 0;
}

/* A mount of the machine's, unknown to the proof. */
static int mount_machine(struct sandbox_child *c, const char *at)
{
	int tree = (int)syscall(SYS_open_tree, c->old_root_fd, "",
				OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	int target = path_open_in_root(c->root_fd, at, O_PATH, 0);

	return (int)syscall(SYS_move_mount, tree, "", target, "",
			    MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int sandbox_leave_old_root(struct sandbox_child *c)
{
	if (fault == FAULT_NO_ROOT)
		return 0;
	if ((fault == FAULT_MOUNT && mount_machine(c, "mnt") < 0) ||
	    (fault == FAULT_MOUNT_BELOW && mount_machine(c, "dev/shm") < 0))
		return sandbox_fail(c, "make the fault", NULL);
	if (fchdir(c->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return sandbox_fail(c, "pivot_root", NULL);
	if (fault == FAULT_ROOT_STAYS)
		return 0;
	if (fchdir(c->old_root_fd) < 0 || umount2(".", MNT_DETACH) < 0 ||
	    fchdir(c->root_fd) < 0)
		return sandbox_fail(c, "leave the old root", NULL);
	return 0;
}

int sandbox_close_descriptors(struct sandbox_child *c)
{
	int proc = fault == FAULT_PROC_COVERED
			   ? c->place_fds[SANDBOX_PLACE_DEV]
			   : c->place_fds[SANDBOX_PLACE_PROC];
	int first = fcntl(proc, F_DUPFD, 64);
	int second = fcntl(c->stdout_fd, F_DUPFD, 64);
	int root = fcntl(c->old_root_fd, F_DUPFD, 64);

	(void)dup2(first, SANDBOX_FD_PROC);
	c->stdout_fd = dup2(second, SANDBOX_FD_PIPE);
	if (fault == FAULT_FOLDER)
		(void)fchdir(root);
	if (fault == FAULT_DESCRIPTOR)
		(void)dup2(root, SANDBOX_FD_FIRST_OTHER);
	(void)syscall(SYS_close_range,
		      SANDBOX_FD_FIRST_OTHER + (fault == FAULT_DESCRIPTOR), ~0U,
		      0);
	return 0;
}
