#include "builder/sandbox/sandbox_guard.h"

#include "base/mem.h"
#include "base/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { END_TRIES = 2000 };

enum { END_MS = 5000 };

/*
 * All inside, before our own end lets the kernel do it: as long as this process
 * lives, the program that all of us are can't be written, by whoever in a step
 * has found it in /proc and waits for just that. Zombies are somebody else's to
 * wait for, so not for ever.
 */
static void end_all(void)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	for (int i = 0; i < END_TRIES && kill(-1, SIGKILL) == 0; i++)
		(void)nanosleep(&moment, NULL);
}

/* In the child, which keeps nothing else open. */
static void wait_for_the_end(int pipe_fd)
{
	char byte;

	(void)prctl(PR_SET_NAME, "imgbuild-guard", 0, 0, 0);
	if (dup2(pipe_fd, 0) == 0)
		(void)syscall(SYS_close_range, 1, ~0U, 0);
	while (read(0, &byte, 1) < 0 && errno == EINTR)
		;
	end_all();
	_exit(0);
}

/*
 * As fork, but in a new pid namespace and without libc's handlers: the process
 * may have other threads, and the child only makes system calls.
 */
static int clone_guard(struct sandbox_guard *g, const int fds[2])
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_PIDFD,
		.pidfd = (uintptr_t)&g->pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, before;
	long pid;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		wait_for_the_end(fds[0]);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return -1;
	g->pid = (pid_t)pid;
	return 0;
}

int sandbox_guard_start(struct sandbox_guard *g, struct err *e)
{
	SCOPED_FD int read_fd = -1;
	int fds[2];

	if (g->pid > 0)
		return 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	read_fd = fds[0];
	g->pipe_fd = fds[1];
	if (clone_guard(g, fds) < 0) {
		(void)err_sys(e, "start the guard of the steps");
		sandbox_guard_release(g);
		return -1;
	}
	return 0;
}

int sandbox_guard_enter(const struct sandbox_guard *g)
{
	return setns(g->pidfd, CLONE_NEWPID);
}

/*
 * The guard ends after all in its namespace, and after each of them was waited
 * for. Where that failed it never ends, which is no reason not to go on.
 */
static bool has_ended(const struct sandbox_guard *g)
{
	struct pollfd fd = {.fd = g->pidfd, .events = POLLIN};
	int n;

	do
		n = poll(&fd, 1, END_MS);
	while (n < 0 && errno == EINTR);
	return n != 0;
}

void sandbox_guard_release(struct sandbox_guard *g)
{
	scoped_close(&g->pipe_fd);
	if (g->pid > 0) {
		(void)kill(g->pid, SIGKILL);
		if (has_ended(g))
			(void)process_wait(g->pid, NULL);
	}
	scoped_close(&g->pidfd);
	*g = SANDBOX_GUARD_INIT;
}
