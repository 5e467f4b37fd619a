/*
 * Steps: what each kind puts into its key, and how it is carried out.
 * One file a kind: step_run.c, step_copy.c, step_workdir.c.
 */
#ifndef BUILDER_ENGINE_STEP_H
#define BUILDER_ENGINE_STEP_H

#include "builder/engine/build.h"
#include "builder/engine/origin.h"
#include "cache/key.h"
#include "cache/snapshot.h"

/* A step that is about to run: its number, its log, its draft. */
struct step_run_context {
	struct build *build;
	const struct step *step;
	unsigned number;
	struct view root; /* of the stage so far */
	struct snapshot_draft *draft;
	int log_fd;
	/* What the key saw of a COPY's sources, and whether it was still so. */
	struct digest seen;
	bool changed;
	int exit_code; /* of the command, where it failed */
	int64_t started_ns;
	bool told; /* the events have the failure already */
};

/* Complete k, whose domain and parent are there. */
int step_run_key(struct build *b, const struct step *step, struct key *k,
		 struct err *e);
int step_copy_key(struct build *b, const struct step *step, struct key *k,
		  struct digest *seen, struct err *e);
int step_workdir_key(struct build *b, const struct step *step, struct key *k,
		     struct err *e);

/* Carry it out into the draft. */
/*
 * What the step's layer is put over: the stage so far; nothing for COPY --link,
 * whose layer depends on no parent. BuildKit merges so only without --chmod.
 */
const struct view *step_below(const struct step_run_context *c);

int step_run_execute(struct step_run_context *c, struct err *e);
int step_copy_execute(struct step_run_context *c, struct err *e);
int step_workdir_execute(struct step_run_context *c, struct err *e);

#endif
