#include "builder/engine/recipe.h"

#include "base/redact.h"
#include "builder/engine/recipe_fields.h"

#include <stdlib.h>

static void patterns_release(struct patterns *x)
{
	if (x->used)
		ignore_filter_release(&x->filter);
	x->used = false;
}

static void input_release(struct recipe_input *in)
{
	vec_release(&in->selection.v);
	patterns_release(&in->include);
}

void recipe_free(struct recipe *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_inputs; i++)
		input_release(&r->inputs[i]);
	patterns_release(&r->exclude);
	for (size_t i = 0; i < r->n_origins; i++)
		origin_close(r->origins[i]);
	key_release(&r->key);
	arena_release(&r->arena);
	free(r);
}

/* --- the key ------------------------------------------------------------ */

bool recipe_is_detached(const struct step *step)
{
	return step->kind == STEP_COPY && step->copy.link && !step->copy.chmod;
}

/* "mounts[2]." */
static const char *prefix_of(struct key *k, const char *name, size_t i)
{
	return arena_printf(&k->arena, "%s[%zu].", name, i).p;
}

static void add_content(struct key *k, const char *prefix,
			struct recipe_input *in)
{
	if (in->selection.v.n == 0 && !in->source)
		return;
	in->component = arena_printf(&k->arena, "%scontent", prefix);
	key_add_digest(k, in->component.p, &in->content);
}

static void add_run(struct recipe *r)
{
	const struct step_run *run = &r->step->run;

	fields_add(&r->key, &FIELDS_STEP_RUN, STEP_RUN, "", run);
	for (size_t i = 0; i < run->n_mounts; i++) {
		const struct step_mount *m = &run->mounts[i];
		const char *prefix = prefix_of(&r->key, "mounts", i);

		fields_add(&r->key, &FIELDS_STEP_MOUNT, m->kind, prefix, m);
		add_content(&r->key, prefix, &r->inputs[i]);
	}
}

/* Whose the files are is the source's, or the context's: root's. */
static const char *owners_of(const struct recipe *r)
{
	return r->n_origins && r->origins[0]->tree.owner == TREE_OWNER_COUNTS
		       ? "source"
		       : "context";
}

static void add_copy(struct recipe *r)
{
	const struct step_copy *copy = &r->step->copy;

	fields_add(&r->key, &FIELDS_STEP_COPY, STEP_COPY, "", copy);
	key_add(&r->key, "owners", str_from(owners_of(r)));
	for (size_t i = 0; i < copy->n_sources; i++) {
		const char *prefix = prefix_of(&r->key, "sources", i);
		struct step_source source = copy->sources[i];

		/* keys are kept as text; what a password opens is content */
		source.path = redact_str(&r->key.arena, source.path);
		fields_add(&r->key, &FIELDS_STEP_SOURCE, 0, prefix, &source);
		if (!source.is_inline)
			add_content(&r->key, prefix, &r->inputs[i]);
	}
}

static void make_key(struct recipe *r, const struct digest *parent)
{
	static const char *const domains[] = {
		[STEP_RUN] = "run/2",
		[STEP_COPY] = "copy/2",
		[STEP_WORKDIR] = "workdir/2",
	};
	const struct step *step = r->step;

	key_init(&r->key, domains[step->kind]);
	if (!recipe_is_detached(step))
		key_add_digest(&r->key, "parent", parent);
	fields_add(&r->key, &FIELDS_STEP, step->kind, "", step);
	switch (step->kind) {
	case STEP_RUN: add_run(r); break;
	case STEP_COPY: add_copy(r); break;
	case STEP_WORKDIR:
		fields_add(&r->key, &FIELDS_STEP_WORKDIR, STEP_WORKDIR, "",
			   &step->workdir);
		break;
	}
	r->digest = key_digest(&r->key);
}

static int open_inputs(struct recipe *r, struct err *e)
{
	switch (r->step->kind) {
	case STEP_RUN: return recipe_open_mounts(r, e);
	case STEP_COPY: return recipe_open_copy(r, e);
	case STEP_WORKDIR: return 0;
	}
	return 0;
}

int recipe_make(struct build *b, const struct step *step,
		const struct digest *parent, struct recipe **out, struct err *e)
{
	struct recipe *r = xcalloc(1, sizeof(*r));

	*out = NULL;
	r->build = b;
	r->step = step;
	if (open_inputs(r, e) < 0) {
		recipe_free(r);
		return -1;
	}
	make_key(r, parent);
	*out = r;
	return 0;
}
