#include "builder/plan/outline.h"

#include "base/strmap.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

/* Entries as they are found; a name that is there already stays as it is. */
struct collection {
	VEC(struct outline_entry) entries;
	struct strmap names;
};

struct collector {
	const struct dockerfile *df;
	const struct plan *plan;
	struct strmap globals; /* name to struct plan_arg, the last one */
	struct collection args;
	struct collection secrets;
	struct collection agents;
	VEC(const struct plan_stage *)
	stack;	    /* stages to look at, last first */
	bool *seen; /* by stage index */
};

static void collect(struct collection *c, const struct outline_entry *entry)
{
	if (strmap_has(&c->names, entry->name))
		return;
	strmap_set(&c->names, entry->name, (void *)c);
	*vec_push(&c->entries) = *entry;
}

/* The ARGs that one stage uses: their names, and what each name means there. */
struct uses {
	struct strmap own; /* name to struct plan_arg */
	struct strmap used;
	VEC(struct str) names;
};

static void use(struct uses *u, struct str name)
{
	if (strmap_has(&u->used, name))
		return;
	strmap_set(&u->used, name, u);
	*vec_push(&u->names) = name;
}

/* The variables of w that are set; u grows. */
static void use_word(const struct collector *c, struct uses *u,
		     const struct word *w)
{
	struct word_names names = {0};

	if (w->template)
		names = word_names(w->template);
	for (size_t i = 0; i < names.n; i++) {
		const struct plan_arg *arg =
			strmap_get(&c->globals, names.v[i]);

		if (arg && arg->has_value)
			use(u, names.v[i]);
	}
}

static void collect_args(struct collector *c, const struct plan_stage *s)
{
	const struct from *from = &c->df->stages[s->index].from->from;
	struct uses u = {0};

	use_word(c, &u, &from->base);
	use_word(c, &u, &from->platform);
	for (size_t i = 0; i < s->args.n; i++) {
		const struct plan_arg *arg = &s->args.v[i];

		use(&u, arg->declared->key.text);
		if (!arg->is_global)
			strmap_set(&u.own, arg->declared->key.text,
				   (void *)arg);
	}
	for (size_t i = 0; i < u.names.n; i++) {
		const struct plan_arg *own = strmap_get(&u.own, u.names.v[i]);
		const struct plan_arg *arg =
			own ? own : strmap_get(&c->globals, u.names.v[i]);

		if (!arg)
			continue; /* a predefined one */
		if (!own)
			use_word(c, &u, &arg->declared->value);
		collect(&c->args, &(struct outline_entry){
					  .name = arg->declared->key.text,
					  .value = arg->value,
					  .doc = arg->declared->doc,
					  .span = arg->span,
				  });
	}
	strmap_release(&u.own);
	strmap_release(&u.used);
	vec_release(&u.names);
}

static void collect_mounts(struct collector *c, const struct step *step)
{
	for (size_t i = 0; i < step->run.n_mounts; i++) {
		const struct step_mount *m = &step->run.mounts[i];
		struct outline_entry entry = {
			.name = m->id,
			.required = m->required,
			.span = step->span,
		};

		if (m->kind == MOUNT_SECRET)
			collect(&c->secrets, &entry);
		if (m->kind == MOUNT_SSH)
			collect(&c->agents, &entry);
	}
}

static void visit_later(struct collector *c, const struct plan_stage *s)
{
	if (!s || c->seen[s->index])
		return;
	c->seen[s->index] = true;
	*vec_push(&c->stack) = s;
}

static void visit_origins(struct collector *c, const struct step *step)
{
	if (step->kind == STEP_COPY)
		visit_later(c, step->copy.origin.stage);
	if (step->kind != STEP_RUN)
		return;
	for (size_t i = 0; i < step->run.n_mounts; i++)
		visit_later(c, step->run.mounts[i].origin.stage);
}

static void visit(struct collector *c, const struct plan_stage *s)
{
	collect_args(c, s);
	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i].kind == STEP_RUN)
			collect_mounts(c, &s->steps[i]);
	for (size_t i = s->n_steps; i > 0; i--)
		visit_origins(c, &s->steps[i - 1]);
	visit_later(c, s->base_stage); /* on top: the next one */
}

static int compare_places(const void *va, const void *vb)
{
	const struct outline_entry *a = va;
	const struct outline_entry *b = vb;

	if (a->span.offset != b->span.offset)
		return a->span.offset < b->span.offset ? -1 : 1;
	return a->name.p < b->name.p ? -1 : a->name.p > b->name.p;
}

/* Moves what was collected into a. */
static struct outline_list finish(struct arena *a, struct collection *c)
{
	size_t n = c->entries.n;
	struct outline_entry *out = arena_new_array(a, n, struct outline_entry);

	if (n) {
		qsort(c->entries.v, n, sizeof(*c->entries.v), compare_places);
		memcpy(out, c->entries.v, n * sizeof(*out));
	}
	vec_release(&c->entries);
	strmap_release(&c->names);
	return (struct outline_list){out, n};
}

void outline_make(struct arena *a, const struct dockerfile *df,
		  const struct plan *p, struct outline *out)
{
	const struct from *target = &df->stages[p->target->index].from->from;
	struct collector c = {.df = df, .plan = p};

	c.seen = arena_new_array(a, df->n_stages, bool);
	for (size_t i = 0; i < p->globals.n; i++)
		strmap_set(&c.globals, p->globals.v[i].declared->key.text,
			   (void *)&p->globals.v[i]);
	visit_later(&c, p->target);
	while (c.stack.n)
		visit(&c, c.stack.v[--c.stack.n]);
	*out = (struct outline){
		.name = target->alias,
		.doc = target->doc,
		.args = finish(a, &c.args),
		.secrets = finish(a, &c.secrets),
		.agents = finish(a, &c.agents),
	};
	vec_release(&c.stack);
	strmap_release(&c.globals);
}

static int resolve_any(struct plan_source *source, struct arena *a,
		       struct str name, const struct platform *platform,
		       struct plan_image *out, struct err *e)
{
	struct outline_source *s = (struct outline_source *)source;
	int found = s->images->resolve(s->images, a, name, platform, out, e);

	if (found)
		return found;
	*out = (struct plan_image){
		.name = name,
		.config.platform = *platform,
	};
	return 1;
}

void outline_source_init(struct outline_source *s, struct plan_source *images)
{
	*s = (struct outline_source){{resolve_any}, images};
}
