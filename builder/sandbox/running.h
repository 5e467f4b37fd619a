/*
 * A command that was started, whatever its sandbox: its output passed on until
 * it ends.
 */
#ifndef BUILDER_SANDBOX_RUNNING_H
#define BUILDER_SANDBOX_RUNNING_H

#include "base/err.h"
#include "builder/sandbox/executor.h"

#include <signal.h>

struct running {
	int pidfd;	/* -1: none */
	int end_signal; /* ends the command and all that it started */
};
#define RUNNING_NONE ((struct running){-1, SIGKILL})

/* Whatever happens, no process is left. */
void running_release(struct running *r);

struct run_pipes {
	int out[2];
	int err[2];
	int terminal[2]; /* a socket pair; -1 where there is no terminal */
};
#define RUN_PIPES_NONE ((struct run_pipes){{-1, -1}, {-1, -1}, {-1, -1}})

int run_pipes_open(struct run_pipes *p, const struct run_spec *spec,
		   struct err *e);
/* The command's ends, once it has them. */
void run_pipes_close_far(struct run_pipes *p);
void run_pipes_close(struct run_pipes *p);

/*
 * Pass on what comes until both pipes are at their end and the command is gone;
 * or end it where spec->cancel_fd says so (ERR_CANCELLED then).
 */
int running_watch(struct running *r, const struct run_spec *spec,
		  const struct run_pipes *pipes, struct run_result *out,
		  struct err *e);

#endif
