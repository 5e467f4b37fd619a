/*
 * The process between imgbuild and a command: it is the parent of all that the
 * command leaves behind, and ends it.
 */
#ifndef BUILDER_CHROOT_GUARD_H
#define BUILDER_CHROOT_GUARD_H

#include "base/err.h"
#include "builder/sandbox/executor.h"
#include "builder/sandbox/running.h"

struct guarded {
	const struct run_spec *spec;
	int root_fd;
	const char *cwd; /* absolute, there */
	const char *const *programs;
	int stdout_fd;
	int stderr_fd;
};

/*
 * Start the command below a guard, which ends on SIGTERM and with imgbuild, and
 * with it all processes of the command. Its exit code is the command's, or 128
 * and the signal that ended it. -1 where the command could not be started:
 * *exit_code is 126 or 127 then.
 */
int guard_start(const struct guarded *g, struct running *out, int *exit_code,
		struct err *e);

#endif
