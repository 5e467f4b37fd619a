#include "base/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Written once, before there are threads. */
static struct {
	struct rlimit files;
	struct sigaction pipe;
	bool has_files;
	bool has_pipe;
} before;

static int open_standard(void)
{
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", O_RDWR) < 0)
			return -1;
	return 0;
}

static void raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 ||
	    limit.rlim_cur >= limit.rlim_max)
		return;
	before.files = limit;
	limit.rlim_cur = limit.rlim_max;
	before.has_files = setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

static void ignore_pipe(void)
{
	const struct sigaction ignore = {.sa_handler = SIG_IGN};

	before.has_pipe = sigaction(SIGPIPE, &ignore, &before.pipe) == 0;
}

int startup_begin(void)
{
	if (open_standard() < 0)
		return -1;
	raise_files();
	(void)umask(0);
	ignore_pipe();
	return 0;
}

bool startup_open_files(struct rlimit *out)
{
	*out = before.files;
	return before.has_files;
}

void startup_undo(void)
{
	if (before.has_files)
		(void)setrlimit(RLIMIT_NOFILE, &before.files);
	if (before.has_pipe)
		(void)sigaction(SIGPIPE, &before.pipe, NULL);
}
