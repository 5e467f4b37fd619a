/*
 * Giving the machine up: its root, and every descriptor.
 *
 * pivot_root with the same folder twice leaves the old root stacked over the
 * new one (pivot_root(2), "pivot_root(".", ".")"), where "/.." shows it. So
 * between that and its end nothing else happens, and it is found by a
 * descriptor from before, from which no other mount can be meant.
 */
#include "builder/sandbox/sandbox_perform.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

int sandbox_leave_old_root(struct sandbox_child *c)
{
	if (fchdir(c->root_fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return sandbox_fail(c, "pivot_root", NULL);
	if (fchdir(c->old_root_fd) < 0 || umount2(".", MNT_DETACH) < 0 ||
	    fchdir(c->root_fd) < 0)
		return sandbox_fail(c, "leave the old root", NULL);
	return 0;
}

static int move(int *fd, int to)
{
	if (dup3(*fd, to, O_CLOEXEC) < 0)
		return -1;
	*fd = to;
	return 0;
}

/* By way of numbers that are free for certain: the list's may be in use. */
int sandbox_close_descriptors(struct sandbox_child *c)
{
	int *proc = &c->place_fds[SANDBOX_PLACE_PROC];

	*proc = fcntl(*proc, F_DUPFD_CLOEXEC, SANDBOX_FD_FIRST_OTHER);
	c->stdout_fd =
		fcntl(c->stdout_fd, F_DUPFD_CLOEXEC, SANDBOX_FD_FIRST_OTHER);
	if (*proc < 0 || c->stdout_fd < 0 || move(proc, SANDBOX_FD_PROC) < 0 ||
	    move(&c->stdout_fd, SANDBOX_FD_PIPE) < 0 ||
	    syscall(SYS_close_range, SANDBOX_FD_FIRST_OTHER, ~0U, 0) < 0)
		return sandbox_fail(c, "close descriptors", NULL);
	return 0;
}
