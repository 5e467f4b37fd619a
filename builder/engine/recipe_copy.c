/* The inputs of COPY and ADD: what each source selects. */
#include "builder/engine/recipe.h"

#include "base/path.h"
#include "parser/match.h"

#include <string.h>

static void patterns_use(struct patterns *x, const struct ignore *ignore)
{
	ignore_filter_init(&x->filter, ignore, true);
	x->used = true;
}

/* --exclude */
static int exclude_init(struct recipe *r, struct err *e)
{
	const struct str_list list = r->step->copy.excludes;
	const struct ignore *ignore;

	if (list.n == 0)
		return 0;
	if (ignore_from_patterns(&r->arena, list.v, list.n, &ignore, e) < 0)
		return err_wrap(e, "--exclude");
	patterns_use(&r->exclude, ignore);
	return 0;
}

/* --parents: everything is left out but what the pattern names. */
static int include_init(struct patterns *x, struct arena *a, struct str pattern,
			struct err *e)
{
	const struct str list[] = {STR("**"),
				   arena_printf(a, "!%.*s", STR_ARG(pattern))};
	const struct ignore *ignore;

	if (ignore_from_patterns(a, list, ARRAY_LEN(list), &ignore, e) < 0)
		return err_wrap(e, "--parents");
	patterns_use(x, ignore);
	return 0;
}

/*
 * --parents: "a/./b/c" copies b/c below a with the folder b; without the pivot
 * the whole path is kept. All of it but what the pattern names is left out.
 */
static int select_with_parents(struct arena *a, struct str path,
			       struct recipe_input *in, struct err *e)
{
	const char *pivot = memmem(path.p, path.n, "/./", 3);
	struct str top = STR("/");
	struct str pattern = path;
	struct selection required = {0};
	int result = 0;

	if (pivot) {
		top = str_sub(path, 0, (size_t)(pivot - path.p));
		pattern = str_skip(path, top.n + 3);
	}
	pattern = path_in_root(a, pattern);
	if (!match_has_wildcard(path))
		result = source_select(&in->tree, a, path, &required, e);
	vec_release(&required.v);
	if (result == 0)
		result = source_select(&in->tree, a, top, &in->selection, e);
	if (result == 0 && pattern.n)
		result = include_init(&in->include, a, pattern, e);
	return result;
}

/* A remote source is a tree of its own, in which one thing is chosen. */
static int select_remote(struct recipe *r, struct recipe_input *in,
			 struct err *e)
{
	const struct remote *remote;
	struct selected *only;

	if (origin_fetch(r->build, &r->step->copy, in->source, &remote, e) < 0)
		return -1;
	in->tree = remote->tree;
	only = vec_push(&in->selection.v);
	only->path = remote->path;
	only->name = path_base(remote->path);
	return 0;
}

static int select_input(struct recipe *r, struct recipe_input *in,
			const struct origin_tree *from, struct err *e)
{
	if (!from)
		return select_remote(r, in, e);
	in->tree = from->tree;
	in->may_change = in->tree.view.plain;
	return r->step->copy.parents
		       ? select_with_parents(&r->arena, in->source->path, in, e)
		       : source_select(&in->tree, &r->arena, in->source->path,
				       &in->selection, e);
}

/* Remote sources and heredocs are read from no origin. */
static bool reads_origin(const struct step_source *s)
{
	return !s->is_inline && remote_kind_of(s->path) == REMOTE_NONE;
}

int recipe_open_copy(struct recipe *r, struct err *e)
{
	const struct step_copy *copy = &r->step->copy;
	struct origin_tree *from = NULL;

	r->inputs = arena_new_array(&r->arena, copy->n_sources,
				    struct recipe_input);
	r->origins = arena_new_array(&r->arena, 1, struct origin_tree *);
	if (exclude_init(r, e) < 0)
		return -1;
	for (size_t i = 0; i < copy->n_sources; i++) {
		struct recipe_input *in = &r->inputs[i];
		bool local = reads_origin(&copy->sources[i]);

		in->source = &copy->sources[i];
		r->n_inputs = i + 1;
		if (in->source->is_inline)
			continue;
		if (local && !from &&
		    recipe_open_origin(r, &copy->origin, &from, e) < 0)
			return -1;
		if (select_input(r, in, local ? from : NULL, e) < 0)
			return -1;
		/* --chown sets what the source's owners would have been */
		in->owner = copy->chown.n ? TREE_OWNER_IGNORED : in->tree.owner;
		if (recipe_hash_input(r, in, e) < 0)
			return -1;
	}
	return 0;
}
