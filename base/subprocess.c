#include "base/subprocess.h"

#include "base/io.h"
#include "base/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_TRIES = 3 };

int process_wait(pid_t pid, int *status)
{
	int tries = WAIT_TRIES;

	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR && (errno == ECHILD || --tries == 0))
			return -1;
	return 0;
}

/* In the child, which shares our memory until it executes: no handler of ours
 * may run in it. */
static void forget_handlers(void)
{
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) < 0 ||
		    action.sa_handler == SIG_IGN)
			continue;
		action.sa_handler = SIG_DFL;
		(void)sigaction(i, &action, NULL);
	}
}

/* What a program gets: its three descriptors, and more of an environment. */
struct program_fds {
	int in;
	int out;
	int errors;
	char *const *env; /* NULL: ours */
};

static void execute(const char *const *argv, const struct program_fds *fds,
		    const sigset_t *mask)
{
	if (dup2(fds->in, STDIN_FILENO) < 0 ||
	    dup2(fds->out, STDOUT_FILENO) < 0 ||
	    dup2(fds->errors, STDERR_FILENO) < 0)
		return;
	/* programs expect the usual one; ours is other threads', too */
	(void)umask(022);
	forget_handlers();
	startup_undo();
	(void)sigprocmask(SIG_SETMASK, mask, NULL);
	(void)execvpe(argv[0], (char *const *)(void *)argv,
		      fds->env ? fds->env : environ);
}

/* What fails in the child is an errno in error_fd, which exec closes. */
static pid_t start(const char *const *argv, const struct program_fds *fds,
		   int error_fd)
{
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = vfork();
	if (pid == 0) {
		execute(argv, fds, &before);
		(void)!write(error_fd, &errno, sizeof(errno));
		_exit(127);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

/* 0 with *pid set, or an errno. */
static int spawn(const char *const *argv, const struct program_fds *program,
		 pid_t *pid)
{
	int failed = 0;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return errno;
	*pid = start(argv, program, fds[1]);
	if (*pid < 0)
		failed = errno;
	(void)close(fds[1]);
	if (*pid > 0 && read(fds[0], &failed, sizeof(failed)) > 0)
		(void)process_wait(*pid, NULL);
	(void)close(fds[0]);
	return failed;
}

/* Read on past out's ceiling, so that the program never blocks on us. */
static int drain(int fd, struct buf *out, const char *what, struct err *e)
{
	char chunk[4096];
	size_t got;

	do {
		if (io_read_full(fd, chunk, sizeof(chunk), &got, what, e) < 0)
			return -1;
		buf_add(out, chunk, got);
	} while (got == sizeof(chunk));
	return 0;
}

/*
 * exec says EACCES where a folder of PATH can't be searched, though the program
 * may be nowhere.
 */
static bool is_nowhere(const char *name)
{
	struct str path = str_from(getenv("PATH"));
	struct str folder;

	if (strchr(name, '/'))
		return false;
	while (path.n) {
		SCOPED_PTR char *file = NULL;

		(void)str_cut(path, ':', &folder, &path);
		file = xasprintf("%.*s/%s", STR_ARG(folder), name);
		if (access(file, F_OK) == 0)
			return false;
	}
	return true;
}

static int run(const char *const *argv, struct program_fds *program,
	       struct buf *out, int *status, struct err *e)
{
	int fds[2];
	pid_t pid = -1;
	int failed;
	int read_failed;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "create a pipe");
	program->out = fds[1];
	if (program->errors < 0)
		program->errors = fds[1];
	failed = spawn(argv, program, &pid);
	(void)close(fds[1]);
	if (failed) {
		(void)close(fds[0]);
		if (failed == ENOENT ||
		    (failed == EACCES && is_nowhere(argv[0])))
			return err_set(e, ERR_NOT_FOUND, "%s: no such program",
				       argv[0]);
		errno = failed;
		return err_sys(e, "run %s", argv[0]);
	}
	read_failed = drain(fds[0], out, argv[0], e);
	(void)close(fds[0]);
	if (process_wait(pid, status) < 0)
		return err_sys(e, "wait for %s", argv[0]);
	return read_failed;
}

int subprocess_run(const char *const *argv, struct buf *out, int *status,
		   struct err *e)
{
	return subprocess_run_in(argv, NULL, out, status, e);
}

static bool is_named_in(const char *line, const char *const *more)
{
	size_t n = strcspn(line, "=");

	for (; *more; more++)
		if (strcspn(*more, "=") == n && memcmp(*more, line, n) == 0)
			return true;
	return false;
}

/* Ours, where more names no other. */
static char **make_env(const char *const *more)
{
	size_t n = 0;
	char **env;

	while (environ[n])
		n++;
	for (const char *const *m = more; *m; m++)
		n++;
	env = xcalloc(n + 1, sizeof(*env));
	n = 0;
	for (char **line = environ; *line; line++)
		if (!is_named_in(*line, more))
			env[n++] = *line;
	for (; *more; more++)
		env[n++] = (char *)(uintptr_t)*more;
	return env;
}

int subprocess_run_in(const char *const *argv, const char *const *more_env,
		      struct buf *out, int *status, struct err *e)
{
	SCOPED_FD int in_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	SCOPED_PTR char **env = more_env ? make_env(more_env) : NULL;
	struct program_fds program = {.in = in_fd, .errors = -1, .env = env};

	if (in_fd < 0)
		return err_sys(e, "open /dev/null");
	return run(argv, &program, out, status, e);
}

int subprocess_filter(const char *const *argv, struct str input,
		      struct buf *out, int *status, struct err *e)
{
	SCOPED_FD int in_fd = memfd_create("input", MFD_CLOEXEC);
	SCOPED_FD int null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct program_fds program = {.in = in_fd, .errors = null_fd};

	if (null_fd < 0)
		return err_sys(e, "open /dev/null");
	if (in_fd < 0)
		return err_sys(e, "create a file in memory");
	if (io_pwrite_all(in_fd, input.p, input.n, 0, "a program's input", e) <
	    0)
		return -1;
	return run(argv, &program, out, status, e);
}
