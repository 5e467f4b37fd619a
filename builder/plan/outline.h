/*
 * The outline of a plan: the arguments, secrets and ssh agents that a build of
 * its target takes, for `build --call=outline`. Which those are is as in
 * BuildKit's frontend/dockerfile/dockerfile2llb/outline.go.
 */
#ifndef BUILDER_PLAN_OUTLINE_H
#define BUILDER_PLAN_OUTLINE_H

#include "builder/plan/plan.h"

struct outline_entry {
	struct str name;
	struct str value; /* an argument's; empty where it has none */
	struct str doc;	  /* an argument's comment */
	bool required;	  /* a secret, an agent: the build fails without it */
	struct span span; /* of the instruction */
};

/* By their place in the file, each name once. */
struct outline_list {
	const struct outline_entry *v;
	size_t n;
};

struct outline {
	struct str name; /* the target's; empty where it has none */
	struct str doc;
	struct outline_list args;
	struct outline_list secrets;
	struct outline_list agents;
};

/*
 * For a plan that is only looked at: what images has, and an empty image for
 * any name that it has not. Borrows images.
 */
struct outline_source {
	struct plan_source source;
	struct plan_source *images;
};
void outline_source_init(struct outline_source *s, struct plan_source *images);

/* p is a plan of df; *out lives in a and borrows from both. */
void outline_make(struct arena *a, const struct dockerfile *df,
		  const struct plan *p, struct outline *out);

#endif
