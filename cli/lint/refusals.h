/* What a build would refuse, found by planning it. */
#ifndef CLI_LINT_REFUSALS_H
#define CLI_LINT_REFUSALS_H

#include "lint/lint.h"

/*
 * Add to f, between lint_begin and lint_finish, the mistakes of a file that
 * parses: as DL1000, with the words and the places of `imgbuild build`. What
 * depends on images, on --build-arg or on the command line is none.
 */
void lint_refusals(struct lint_file *f);

#endif
