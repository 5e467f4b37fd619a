/*
 * Where a command's program may be.
 */
#ifndef BUILDER_SANDBOX_PROGRAM_H
#define BUILDER_SANDBOX_PROGRAM_H

#include "base/arena.h"
#include "base/err.h"

/*
 * The paths to try for argv[0], in env's PATH or docker's default one, in a;
 * NULL-terminated. As Go's LookPath in runc: no relative folders, no empty
 * ones. ERR_INVALID where there is no command.
 */
int program_candidates(struct arena *a, const char *const *argv,
		       const char *const *env, const char *const **out,
		       struct err *e);

#endif
