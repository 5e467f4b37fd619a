/*
 * Why steps are not cached: each step that is carried out is compared with the
 * one that stood in its place when the same thing was built last.
 *
 * Nothing here decides anything; what goes wrong here only costs the
 * explanation.
 */
#ifndef BUILDER_ENGINE_EXPLAIN_H
#define BUILDER_ENGINE_EXPLAIN_H

#include "builder/engine/job.h"

/*
 * Before a job that has to be carried out, whose number is known: find the
 * reasons, keep a listing of what it reads, and tell them where the options say
 * so.
 */
void explain_miss(struct build *b, struct job *j, unsigned number);
/* Afterwards: whether that made a difference. */
void explain_result(struct build *b, struct job *j, unsigned number,
		    const struct layer *made);
/* At the end of a build: keep its trace, where it is another. */
void explain_keep(struct build *b, const struct jobs *jobs);
void explain_release(struct build *b);

#endif
