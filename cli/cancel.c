#include "cli/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

static int wake_fd = -1; /* what a handler can reach is the process's */

static void on_signal(int number)
{
	int saved = errno;

	(void)!write(wake_fd, "", 1);
	(void)signal(number, SIG_DFL);
	errno = saved;
}

int cancel_on_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal,
				   .sa_flags = SA_RESTART};
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	wake_fd = fds[1];
	(void)sigemptyset(&action.sa_mask);
	if (sigaction(SIGINT, &action, NULL) < 0 ||
	    sigaction(SIGTERM, &action, NULL) < 0)
		return -1;
	return fds[0];
}
