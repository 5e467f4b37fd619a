#include "builder/chroot/guard.h"

#include "base/mem.h"
#include "builder/sandbox/capabilities.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/*
 * Everything up to the exec runs in a child of a process that may have other
 * threads: system calls and string functions only.
 */

enum { CHILDREN_BYTES = 4096 };

/* What went wrong, through a pipe that the exec closes. */
struct failure {
	int sys;
	int exit_code;
	char what[48];
	char object[256];
};

static void fail(int fd, const char *what, const char *object, int exit_code)
{
	struct failure f = {.sys = errno, .exit_code = exit_code};

	(void)strncpy(f.what, what, sizeof(f.what) - 1);
	(void)strncpy(f.object, object, sizeof(f.object) - 1);
	(void)!write(fd, &f, sizeof(f));
	_exit(127);
}

/* --- the command -------------------------------------------------------- */

/* Never CAP_SYS_CHROOT: with it a root leaves a root. */
static uint64_t command_capabilities(void)
{
	return capabilities_default() & ~(UINT64_C(1) << CAP_SYS_CHROOT);
}

static const char *become_user(const struct run_spec *spec)
{
	const uint64_t caps = command_capabilities();

	for (size_t i = 0; i < spec->n_limits; i++) {
		const struct rlimit limit = {spec->limits[i].soft,
					     spec->limits[i].hard};

		if (setrlimit((__rlimit_resource_t)spec->limits[i].resource,
			      &limit) < 0)
			return "set a resource limit";
	}
	if (capabilities_limit_bounding(caps) < 0)
		return "limit capabilities";
	if (syscall(SYS_setgroups, spec->n_groups, spec->groups) < 0)
		return "set the groups of the user";
	if (syscall(SYS_setresgid, spec->gid, spec->gid, spec->gid) < 0)
		return "set the group of the user";
	if (syscall(SYS_setresuid, spec->uid, spec->uid, spec->uid) < 0)
		return "set the user";
	/* what this process has not it can't hand on */
	if (spec->uid == 0 &&
	    capabilities_set(caps & capabilities_available(), false) < 0)
		return "set capabilities";
	return NULL;
}

static const char *enter_root(const struct guarded *g)
{
	int null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(g->stdout_fd, STDOUT_FILENO) < 0 ||
	    dup2(g->stderr_fd, STDERR_FILENO) < 0)
		return "set the output";
	if (fchdir(g->root_fd) < 0 || chroot(".") < 0)
		return "enter the root";
	if (chdir(g->cwd) < 0)
		return "enter the working directory";
	return NULL;
}

static void default_signals(void)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		if (i != SIGKILL && i != SIGSTOP)
			(void)sigaction(i, &action, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Tries each place; what was refused counts more than what was not there. */
static void exec_command(const struct guarded *g, int failure_fd)
{
	const char *refused = NULL;
	int refusal = ENOENT;

	for (size_t i = 0; g->programs[i]; i++) {
		(void)execve(g->programs[i],
			     (char *const *)(void *)g->spec->argv,
			     (char *const *)(void *)g->spec->env);
		if (errno == ENOENT || errno == ENOTDIR || refused)
			continue;
		refused = g->programs[i];
		refusal = errno;
	}
	errno = refusal;
	fail(failure_fd, "execute", refused ? refused : g->spec->argv[0],
	     refused ? 126 : 127);
}

static void run_command(const struct guarded *g, int failure_fd)
{
	const char *what;

	(void)setsid();
	(void)umask(022);
	what = enter_root(g);
	if (!what)
		what = become_user(g->spec);
	if (what)
		fail(failure_fd, what, "", 127);
	(void)syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	default_signals();
	exec_command(g, failure_fd);
}

/* --- the guard ---------------------------------------------------------- */

/* Kill each child that /proc lists; without /proc, the command's session. */
static void kill_children(pid_t command)
{
	char text[CHILDREN_BYTES];
	int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));
	pid_t pid = 0;

	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		(void)kill(-command, SIGKILL);
	for (ssize_t i = 0; i < n; i++) {
		if (text[i] >= '0' && text[i] <= '9') {
			pid = pid * 10 + (text[i] - '0');
			continue;
		}
		if (pid > 0)
			(void)kill(pid, SIGKILL);
		pid = 0;
	}
}

/* As a subreaper this process gets every orphan, until there is none. */
static void end_all(pid_t command)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	pid_t ended;

	do {
		kill_children(command);
		ended = waitpid(-1, NULL, WNOHANG);
		if (ended == 0)
			(void)nanosleep(&moment, NULL);
	} while (ended >= 0 || errno == EINTR);
}

/* Until the command ends, or we are told to; its exit code. */
static int wait_for(pid_t command, const sigset_t *signals)
{
	int status;

	for (;;) {
		int signal = sigwaitinfo(signals, NULL);
		pid_t ended;

		if (signal == SIGTERM)
			return 128 + SIGKILL;
		while ((ended = waitpid(-1, &status, WNOHANG)) > 0)
			if (ended == command)
				return WIFEXITED(status)
					       ? WEXITSTATUS(status)
					       : 128 + WTERMSIG(status);
	}
}

static void guard(const struct guarded *g, pid_t parent, int failure_fd)
{
	sigset_t signals;
	pid_t command;
	int code;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGCHLD);
	if (sigprocmask(SIG_SETMASK, &signals, NULL) < 0 ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
		fail(failure_fd, "guard the command", "", 127);
	if (getppid() != parent)
		_exit(127);
	command = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	if (command == 0)
		run_command(g, failure_fd);
	if (command < 0)
		fail(failure_fd, "start the command", "", 127);
	/* only the command has the pipes now, and what it starts */
	(void)syscall(SYS_close_range, 0, ~0U, 0);
	code = wait_for(command, &signals);
	end_all(command);
	_exit(code);
}

/* --- starting it -------------------------------------------------------- */

static int started(int failure_fd, int *exit_code, struct err *e)
{
	struct failure f;
	ssize_t n;

	do
		n = read(failure_fd, &f, sizeof(f));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return 0;
	if (n != (ssize_t)sizeof(f))
		return err_set(e, ERR_FAILED, "the command did not start");
	*exit_code = f.exit_code;
	errno = f.sys;
	if (f.exit_code == 127 && f.sys == ENOENT && f.object[0])
		return err_set(e, ERR_NOT_FOUND,
			       "%s: no such program in the image", f.object);
	(void)err_sys(e, "%s%s%s", f.what, f.object[0] ? " " : "", f.object);
	if (f.exit_code == 126)
		e->code = ERR_FAILED;
	return -1;
}

int guard_start(const struct guarded *g, struct running *out, int *exit_code,
		struct err *e)
{
	const pid_t parent = getpid();
	SCOPED_FD int read_end = -1;
	SCOPED_FD int write_end = -1;
	sigset_t all, before;
	int ends[2];
	pid_t pid;

	*out = (struct running){-1, SIGTERM};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_sys(e, "make a pipe");
	read_end = ends[0];
	write_end = ends[1];
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	/* the system call: a library's fork would run its handlers */
	pid = (pid_t)syscall(SYS_clone, SIGCHLD | CLONE_PIDFD, 0, &out->pidfd,
			     0, 0);
	if (pid == 0)
		guard(g, parent, write_end);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (pid < 0)
		return err_sys(e, "start a guard");
	(void)close(write_end);
	write_end = -1;
	return started(read_end, exit_code, e);
}
