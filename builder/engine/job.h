/*
 * Jobs: what a build's graph consists of. Each stage has one that begins it, on
 * its base, and one for each of its steps. A job needs the one before it in its
 * stage, and the last one of every stage that it reads.
 */
#ifndef BUILDER_ENGINE_JOB_H
#define BUILDER_ENGINE_JOB_H

#include "builder/engine/recipe.h"
#include "builder/engine/schedule.h"
#include "builder/engine/state.h"

struct job {
	size_t index;
	const struct plan_stage *stage;
	const struct step *step; /* NULL: the stage's beginning */
	struct str title;	 /* "[build 2/5] RUN make"; may be empty */
	struct recipe *recipe;	 /* from its first look-up until it is done */
	struct digest key;	 /* of the recipe; zero: there was none yet */
	bool ran;
	struct reasons reasons; /* why, where it ran */
	/* What the step in its place made in the last build. */
	struct layer earlier;
	bool has_earlier;
};

struct jobs {
	struct job *v; /* in the order of the file, which is one of the graph */
	size_t n;
	size_t n_shown; /* that are told of: those with a title */
};

/* Titles live in a. */
void jobs_init(struct jobs *j, const struct plan *plan, struct arena *a);
void jobs_release(struct jobs *j);
/* Say in s what needs what. */
void jobs_link(const struct jobs *j, struct schedule *s);

enum job_found {
	JOB_FOUND, /* its result is in its stage */
	JOB_MISSING,
	JOB_FAILED,
};

/*
 * Make the recipe and look its key up; what the job needs is done. Nothing is
 * carried out.
 */
enum job_found job_look_up(struct build *b, struct job *j, struct err *e);
/*
 * Look up, carry out, record. Where another job with the same key is at it,
 * TASK_WAITS with *other set. A failure goes to b->error and b->why, if it is
 * the build's first.
 */
enum task_outcome job_carry_out(struct build *b, struct job *j, size_t *other);
/* Note a failure of the job. */
void job_failed(struct build *b, const struct job *j, const struct err *e);

#endif
