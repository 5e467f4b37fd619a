/*
 * BuildKit's checks of the Dockerfile that is built, with what only a build
 * knows: its context's .dockerignore, its images, its arguments.
 */
#ifndef CLI_BUILD_CHECKS_H
#define CLI_BUILD_CHECKS_H

#include "builder/plan/plan.h"
#include "cli/build_input.h"
#include "lint/lint.h"

struct build_checks {
	struct lint_options options;
	struct lint_file file; /* finished */
};

/*
 * Everything given is borrowed for as long as c lives. plan tells of images; of
 * one that was not finished, what was found so far; NULL: of none.
 */
void build_checks_run(struct build_checks *c, struct arena *a,
		      const struct source *source,
		      const struct build_request *r,
		      const struct build_input *in, const struct plan *plan);
void build_checks_release(struct build_checks *c);

/* "check=error=true", and something was found. */
bool build_checks_fail(const struct build_checks *c);
/* " 2 warnings found:" and a line for each; nothing where there are none. */
void build_checks_summary(struct buf *out, const struct build_checks *c);

#endif
