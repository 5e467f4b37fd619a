/*
 * Build arguments. SOURCE_DATE_EPOCH is one that says seconds, or whose time it
 * is: "context" is the build context, other names are contexts of
 * --build-context and stages that do nothing but ADD one remote source.
 * BuildKit: frontend/dockerfile/dockerfile2llb/epoch.go.
 */
#include "builder/plan/planner.h"
#include "parser/git_url.h"

static const char EPOCH_ARG[] = "SOURCE_DATE_EPOCH";

static struct str seconds_text(struct planner *p, int64_t seconds)
{
	return arena_printf(p->arena, "%lld", (long long)seconds);
}

/* The source's time; empty where it says none. */
static int ask_source(struct planner *p, const struct plan_remote *what,
		      struct str *text, struct err *e)
{
	int64_t seconds;
	int known;

	*text = (struct str){0};
	if (!p->source->time)
		return 0;
	known = p->source->time(p->source, what, &seconds, e);
	if (known < 0)
		return err_wrap(e, "%s", EPOCH_ARG);
	if (known)
		*text = seconds_text(p, seconds);
	return 0;
}

static void refuse(struct planner *p, struct span span, const char *what)
{
	diag_add(p->diags, "source-date-epoch", DIAG_ERROR, span,
		 "a stage that %s is the time of %s", EPOCH_ARG, what);
}

/* Of the stage alone: nothing is known yet of what it is built on. */
static bool set_arg(struct planner *p, struct scope *scope,
		    const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->v[i];
		struct str value;

		if (!planner_build_arg(p, pair->key.text, &value)) {
			if (!pair->has_value)
				continue;
			if (!scope_expand(scope, &pair->value, &value,
					  p->diags))
				return false;
		}
		scope_set(scope, pair->key.text, value);
	}
	return true;
}

static bool set_source(struct planner *p, struct scope *scope,
		       const struct instruction *in, struct plan_remote *out)
{
	const struct copy *add = &in->copy;

	if (out->source.n || add->sources.n != 1 || add->heredocs.n) {
		refuse(p, in->span, "must ADD one source, and that one only");
		return false;
	}
	if (!scope_expand(scope, &add->sources.v[0], &out->source, p->diags) ||
	    !scope_expand(scope, &add->checksum, &out->checksum, p->diags))
		return false;
	if (remote_kind_of(out->source) != REMOTE_NONE)
		return true;
	refuse(p, in->span, "must ADD from a URL or a git repository");
	return false;
}

/* false: a mistake was noted. */
static bool stage_source(struct planner *p, const struct stage *stage,
			 struct plan_remote *out)
{
	struct scope scope = p->globals;
	struct str base;

	*out = (struct plan_remote){0};
	if (!scope_expand(&scope, &stage->from->from.base, &base, p->diags))
		return false;
	if (!str_eq_c(base, "scratch")) {
		refuse(p, stage->from->span, "must be FROM scratch");
		return false;
	}
	for (size_t i = 0; i < stage->n_instructions; i++) {
		const struct instruction *in = &stage->instructions[i];

		if (in->kind == INSTRUCTION_ARG) {
			if (!set_arg(p, &scope, &in->pairs))
				return false;
		} else if (in->kind != INSTRUCTION_ADD) {
			refuse(p, in->span, "may have ARG and ADD only");
			return false;
		} else if (!set_source(p, &scope, in, out)) {
			return false;
		}
	}
	if (out->source.n)
		return true;
	refuse(p, stage->from->span, "must ADD a source");
	return false;
}

static const struct stage *find_stage(const struct planner *p, struct str name)
{
	for (size_t i = 0; i < p->n_stages; i++)
		if (str_eq_nocase(p->df->stages[i].from->from.alias, name))
			return &p->df->stages[i];
	return NULL;
}

/* Whose time it is, by name. Mistakes are noted. */
static int resolve(struct planner *p, struct str name, struct str *text,
		   struct err *e)
{
	const struct named_context *named = planner_context(p, name);
	const struct stage *stage = find_stage(p, name);
	struct plan_remote what = {.is_context = true};

	*text = (struct str){0};
	if (str_eq_c(name, "context")) {
		*text = p->opt->context_epoch;
		return 0;
	}
	if (named) {
		what.source = named->value;
		return named->kind == NAMED_REMOTE
			       ? ask_source(p, &what, text, e)
			       : 0;
	}
	if (!stage) {
		diag_add(p->diags, "source-date-epoch", DIAG_ERROR, SPAN_NONE,
			 "%s: %.*s is no number of seconds, no context and no "
			 "stage",
			 EPOCH_ARG, STR_ARG(name));
		return 0;
	}
	return stage_source(p, stage, &what) ? ask_source(p, &what, text, e)
					     : 0;
}

static bool raw_value(struct planner *p, struct str *value)
{
	return (planner_build_arg(p, str_from(EPOCH_ARG), value) ||
		env_get(p->globals.env, str_from(EPOCH_ARG), value)) &&
	       value->n > 0;
}

static bool is_seconds(struct str text, int64_t *out)
{
	uint64_t seconds;

	if (!str_to_u64(text, INT64_MAX / 1000000000, &seconds))
		return false;
	*out = (int64_t)seconds;
	return true;
}

/* Stages see the time, or nothing, in place of a name. */
static void replace_value(struct planner *p, struct str text)
{
	struct str ignored;

	p->epoch_named = true;
	p->epoch_text = text;
	if (env_get(p->globals.env, str_from(EPOCH_ARG), &ignored))
		scope_unset(&p->globals, str_from(EPOCH_ARG));
	else
		return;
	if (text.n)
		scope_set(&p->globals, str_from(EPOCH_ARG), text);
	for (size_t i = 0; i < p->global_args.n; i++) {
		struct plan_arg *arg = &p->global_args.v[i];

		if (!str_eq_c(arg->declared->key.text, EPOCH_ARG))
			continue;
		arg->value = text;
		arg->has_value = text.n > 0;
	}
}

int planner_find_epoch(struct planner *p, struct err *e)
{
	struct str value;

	if (!raw_value(p, &value))
		return 0;
	if (!is_seconds(value, &p->epoch_s)) {
		if (resolve(p, value, &value, e) < 0)
			return -1;
		replace_value(p, value);
	}
	p->has_epoch = value.n && is_seconds(value, &p->epoch_s);
	return 0;
}

bool planner_epoch_arg(const struct planner *p, struct str name,
		       struct str *value)
{
	if (!p->epoch_named || !str_eq_c(name, EPOCH_ARG))
		return true;
	*value = p->epoch_text;
	return value->n > 0;
}

bool planner_build_arg(struct planner *p, struct str name, struct str *value)
{
	/* the last one given wins */
	for (size_t i = p->opt->build_args.n; i > 0; i--) {
		if (str_eq(p->opt->build_args.v[i - 1].key, name)) {
			*value = p->opt->build_args.v[i - 1].value;
			p->used_build_args[i - 1] = true;
			return planner_epoch_arg(p, name, value);
		}
	}
	return false;
}
