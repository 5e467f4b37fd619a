/* ShellCheck's findings: one call of the program for all files' scripts. */
#ifndef CLI_LINT_SHELLCHECK_H
#define CLI_LINT_SHELLCHECK_H

#include "base/err.h"
#include "lint/lint.h"

/*
 * Add the findings to the files' diags. 1 done (or nothing to do), 0 there is
 * no shellcheck program, -1 error.
 */
int lint_shellcheck(struct lint_file *const *files, size_t n, struct err *e);

#endif
