#include "base/subprocess.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn(const char *const *argv, int out_fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	int failed;

	failed = posix_spawn_file_actions_init(&actions);
	if (failed)
		return failed;
	failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO,
						  "/dev/null", O_RDONLY, 0);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out_fd,
							  STDOUT_FILENO);
	if (!failed)
		failed = posix_spawn_file_actions_adddup2(&actions, out_fd,
							  STDERR_FILENO);
	if (!failed)
		failed = posix_spawnp(pid, argv[0], &actions, NULL,
				      (char *const *)(void *)argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
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

int subprocess_run(const char *const *argv, struct buf *out, int *status,
		   struct err *e)
{
	int fds[2];
	pid_t pid;
	mode_t mask;
	int failed;
	int read_failed;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_sys(e, "create a pipe");
	/* programs expect the usual one, whatever ours is */
	mask = umask(022);
	failed = spawn(argv, fds[1], &pid);
	(void)umask(mask);
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
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return err_sys(e, "wait for %s", argv[0]);
	return read_failed;
}
