/*
 * The reports that were asked for, each to its file or to stdout. They are
 * written while files are linted, so that no more than one file's findings need
 * be kept.
 */
#ifndef CLI_LINT_OUTPUT_H
#define CLI_LINT_OUTPUT_H

#include "base/vec.h"
#include "cli/lint/format.h"
#include "cli/lint/settings.h"

struct lint_output;

struct lint_outputs {
	VEC(struct lint_output *) v;
};

/* path is --file-path-in-report's; fd takes what has no file of its own. */
int lint_outputs_open(struct lint_outputs *o, const struct lint_settings *s,
		      const char *path, int fd, struct err *e);
int lint_outputs_add(struct lint_outputs *o, const struct lint_file *file,
		     struct err *e);
/* End the reports; their files then take their places. */
int lint_outputs_commit(struct lint_outputs *o, struct err *e);
/* Forgets what was not committed. */
void lint_outputs_release(struct lint_outputs *o);

#endif
