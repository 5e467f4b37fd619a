/*
 * Shells for the user where a RUN is: --on-error=shell and `imgbuild shell`.
 */
#ifndef BUILDER_ENGINE_STEP_SHELL_H
#define BUILDER_ENGINE_STEP_SHELL_H

#include "builder/engine/step.h"

/*
 * A shell where the command of spec runs, or ran and failed of why (else
 * empty), on the user's terminal, once nothing else has it. What the shell
 * ended with means nothing.
 */
int step_run_shell(struct step_run_context *c, struct arena *a,
		   const struct run_spec *command, struct str why,
		   struct err *e);

#endif
