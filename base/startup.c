#include "base/startup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

/* Written once, before there are threads. */
static struct {
	struct rlimit limits[RLIM_NLIMITS];
	bool has_limit[RLIM_NLIMITS];
	struct sigaction pipe;
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

static void set_limit(int resource, const struct rlimit *old, rlim_t soft,
		      rlim_t hard)
{
	const struct rlimit limit = {soft, hard};

	before.limits[resource] = *old;
	before.has_limit[resource] = setrlimit(resource, &limit) == 0;
}

static void raise_files(void)
{
	struct rlimit old;

	if (getrlimit(RLIMIT_NOFILE, &old) == 0 && old.rlim_cur < old.rlim_max)
		set_limit(RLIMIT_NOFILE, &old, old.rlim_max, old.rlim_max);
}

/*
 * core(5), "Piping core dumps to a program": a limit of 0 does not keep the
 * kernel from that, one of 1 does, and is too little for a file, too.
 */
static void forbid_cores(void)
{
	struct rlimit old;

	if (getrlimit(RLIMIT_CORE, &old) == 0)
		set_limit(RLIMIT_CORE, &old, 1,
			  old.rlim_max ? old.rlim_max : 1);
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
	forbid_cores();
	(void)umask(0);
	ignore_pipe();
	return 0;
}

bool startup_limit(int resource, struct rlimit *out)
{
	*out = before.limits[resource];
	return before.has_limit[resource];
}

void startup_undo(void)
{
	for (int i = 0; i < RLIM_NLIMITS; i++)
		if (before.has_limit[i])
			(void)setrlimit((__rlimit_resource_t)i,
					&before.limits[i]);
	if (before.has_pipe)
		(void)sigaction(SIGPIPE, &before.pipe, NULL);
}
