/*
 * The inputs of RUN: what bind mounts show, and what cache mounts begin with.
 */
#include "builder/engine/recipe.h"

#include "base/path.h"

/* Cache mounts without from= begin empty; the other kinds read no tree. */
static bool reads_tree(const struct step_mount *m)
{
	return m->kind == MOUNT_BIND ||
	       (m->kind == MOUNT_CACHE && m->origin.kind != ORIGIN_SCRATCH);
}

static int open_mount(struct recipe *r, const struct step_mount *m,
		      struct recipe_input *in, struct err *e)
{
	struct origin_tree *from;
	struct selected *only;

	if (recipe_open_origin(r, &m->origin, &from, e) < 0)
		return -1;
	in->tree = from->tree;
	in->may_change = in->tree.view.plain;
	if (view_resolve(&in->tree.view, &r->arena,
			 path_in_root(&r->arena, m->source), VIEW_FOLLOW,
			 &in->at, e) < 0)
		return -1;
	only = vec_push(&in->selection.v);
	only->path = in->at.path;
	in->owner = in->tree.owner;
	return recipe_hash_input(r, in, e);
}

int recipe_open_mounts(struct recipe *r, struct err *e)
{
	const struct step_run *run = &r->step->run;

	r->inputs =
		arena_new_array(&r->arena, run->n_mounts, struct recipe_input);
	r->origins =
		arena_new_array(&r->arena, run->n_mounts, struct origin_tree *);
	r->n_inputs = run->n_mounts;
	for (size_t i = 0; i < run->n_mounts; i++)
		if (reads_tree(&run->mounts[i]) &&
		    open_mount(r, &run->mounts[i], &r->inputs[i], e) < 0)
			return err_wrap(e, "--mount");
	return 0;
}
