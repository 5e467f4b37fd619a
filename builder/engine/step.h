/*
 * Steps: how each kind is carried out, from its recipe.
 * One file a kind: step_run.c, step_copy.c, step_workdir.c.
 */
#ifndef BUILDER_ENGINE_STEP_H
#define BUILDER_ENGINE_STEP_H

#include "builder/engine/build.h"
#include "builder/engine/recipe.h"
#include "cache/snapshot.h"

/* A step that is about to run: its number, its log, its draft. */
struct step_run_context {
	struct build *build;
	const struct recipe *recipe;
	const struct step *step; /* the recipe's */
	unsigned number;
	struct view root; /* of the stage so far */
	struct snapshot_draft *draft;
	int log_fd;
	int exit_code; /* of the command, where it failed */
	int64_t started_ns;
	bool told; /* the events have the failure already */
};

/*
 * What the step's layer is put over: the stage so far; nothing where the recipe
 * is detached.
 */
const struct view *step_below(const struct step_run_context *c);

/* Carry it out into the draft. */
int step_run_execute(struct step_run_context *c, struct err *e);
int step_copy_execute(struct step_run_context *c, struct err *e);
int step_workdir_execute(struct step_run_context *c, struct err *e);

#endif
