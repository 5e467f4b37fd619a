/* What a recipe reads: origins that it opened, and the content behind them. */
#include "builder/engine/recipe.h"

int recipe_open_origin(struct recipe *r, const struct origin *origin,
		       struct origin_tree **out, struct err *e)
{
	/* it points into itself, so it stays where it is */
	struct origin_tree *opened = arena_new(&r->arena, struct origin_tree);

	if (origin_open(r->build, origin, opened, e) < 0)
		return -1;
	r->origins[r->n_origins++] = opened;
	*out = opened;
	return 0;
}

struct tree_filter *recipe_exclude(const struct recipe *r)
{
	return r->exclude.used ? (struct tree_filter *)&r->exclude.filter.filter
			       : NULL;
}

struct tree_filter *recipe_include(const struct recipe_input *in)
{
	return in->include.used
		       ? (struct tree_filter *)&in->include.filter.filter
		       : NULL;
}

/* --- content ------------------------------------------------------------ */

enum { FILTERS_MAX = 3 };

static struct tree tree_of(const struct recipe *r,
			   const struct recipe_input *in,
			   struct tree_filter *filters[FILTERS_MAX])
{
	struct tree_filter *const all[FILTERS_MAX] = {
		in->tree.filter, recipe_exclude(r), recipe_include(in)};
	struct tree tree = {.view = in->tree.view, .filters = filters};

	for (size_t i = 0; i < FILTERS_MAX; i++)
		if (all[i])
			filters[tree.n_filters++] = all[i];
	return tree;
}

int recipe_hash_input(struct recipe *r, struct recipe_input *in, struct err *e)
{
	struct tree_filter *filters[FILTERS_MAX];
	const struct tree tree = tree_of(r, in, filters);
	struct sha256 hash;
	struct sha256 seen;

	sha256_init(&hash);
	sha256_init(&seen);
	for (size_t i = 0; i < in->selection.v.n; i++) {
		const struct selected *s = &in->selection.v.v[i];

		sha256_update(&hash, s->name.p, s->name.n);
		sha256_update(&hash, "", 1);
		if (tree_hash(&tree, s->path, in->owner, in->tree.cache, &hash,
			      &seen, e) < 0)
			return -1;
	}
	sha256_final(&hash, &in->content);
	sha256_final(&seen, &in->seen);
	return 0;
}

int recipe_read_input(const struct recipe *r, const struct recipe_input *in,
		      struct tree_reader *reader, struct err *e)
{
	struct tree_filter *filters[FILTERS_MAX];
	const struct tree tree = tree_of(r, in, filters);

	for (size_t i = 0; i < in->selection.v.n; i++)
		if (tree_read(&tree, in->selection.v.v[i].path, in->tree.cache,
			      reader, e) < 0)
			return -1;
	return 0;
}

/* 1 it is not what it was, 0 it is, -1. */
static int input_changed(const struct recipe *r, const struct recipe_input *in,
			 struct err *e)
{
	struct tree_filter *filters[FILTERS_MAX];
	const struct tree tree = tree_of(r, in, filters);
	struct sha256 seen;
	struct digest now;

	sha256_init(&seen);
	for (size_t i = 0; i < in->selection.v.n; i++)
		if (tree_see(&tree, in->selection.v.v[i].path, &seen, e) < 0)
			return -1;
	sha256_final(&seen, &now);
	return !digest_eq(&now, &in->seen);
}

bool recipe_inputs_changed(const struct recipe *r)
{
	struct err ignored; /* what can't be looked at has changed */

	for (size_t i = 0; i < r->n_inputs; i++)
		if (r->inputs[i].may_change &&
		    input_changed(r, &r->inputs[i], &ignored) != 0)
			return true;
	return false;
}
