/* Stages, and what there should be one of, or some of, in each. */
#include "lint/rules.h"

#include <ctype.h>

void check_stage_unique(struct lint *l, const struct rule *rule)
{
	SCOPED_STRMAP struct strmap seen = {0};

	FOR_ITEMS(l, item)
	{
		const struct from *from = &item->in->from;

		if (item->in->kind != INSTRUCTION_FROM || from->alias.n == 0)
			continue;
		if (strmap_has(&seen, from->alias))
			(void)lint_report(l, rule, from->alias_span,
					  "there is a stage %.*s already",
					  STR_ARG(from->alias));
		strmap_set(&seen, from->alias, &seen);
	}
}

void check_stage_reserved(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		if (item->in->kind == INSTRUCTION_FROM &&
		    name_in(item->in->from.alias, "scratch context"))
			(void)lint_report(
				l, rule, item->in->from.alias_span,
				"%.*s is a name with a meaning of its "
				"own",
				STR_ARG(item->in->from.alias));
	}
}

void check_stage_casing(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct from *from = &item->in->from;

		if (item->in->kind == INSTRUCTION_FROM &&
		    !str_eq(from->alias, from->alias_text))
			(void)lint_report(l, rule, from->alias_span,
					  "the stage name %.*s is not in "
					  "lower case",
					  STR_ARG(from->alias_text));
	}
}

static bool is_root(struct str user)
{
	struct str name;
	struct str group;

	(void)str_cut(user, ':', &name, &group);
	return str_eq_c(name, "root") || str_eq_c(name, "0");
}

/* The last USER of every stage. */
void check_last_user(struct lint *l, const struct rule *rule)
{
	for (size_t s = 0; s < l->n_stages; s++) {
		const struct instruction *last = NULL;

		for (size_t i = l->stages[s].first; i < l->stages[s].end; i++)
			if (l->items[i].in->kind == INSTRUCTION_USER &&
			    !l->items[i].onbuild)
				last = l->items[i].in;
		if (last && is_root(lint_plain(&last->word)))
			(void)lint_report(
				l, rule, last->span,
				"the last USER of this stage is root");
	}
}

/* An ARG may give a number; what an ENV holds is not asked. */
static bool user_is_arg(const struct strmap *args, const struct word *user)
{
	struct word_names names = {0};

	if (user->template)
		names = word_names(user->template);
	for (size_t i = 0; i < names.n; i++)
		if (strmap_has(args, names.v[i]))
			return true;
	return false;
}

static bool user_is_number(const struct word *word)
{
	struct str user;
	struct str group;

	(void)str_cut(lint_plain(word), ':', &user, &group);
	for (size_t i = 0; i < user.n; i++)
		if (!isdigit((unsigned char)user.p[i]))
			return false;
	return true;
}

/* The last USER of the last stage: that is who a container runs as. */
void check_user_numeric(struct lint *l, const struct rule *rule)
{
	SCOPED_STRMAP struct strmap args = {0};
	const struct word *bad = NULL;

	FOR_ITEMS(l, item)
	{
		const struct instruction *in = item->in;

		if (in->kind == INSTRUCTION_FROM)
			bad = NULL;
		for (size_t i = 0;
		     in->kind == INSTRUCTION_ARG && i < in->pairs.n; i++)
			strmap_set(&args, in->pairs.v[i].key.text, &args);
		if (in->kind != INSTRUCTION_USER || item->onbuild)
			continue;
		bad = user_is_number(&in->word) || user_is_arg(&args, &in->word)
			      ? NULL
			      : &in->word;
	}
	if (bad)
		(void)lint_report(l, rule, bad->span,
				  "a host can't tell who %.*s is: give its "
				  "number",
				  STR_ARG(lint_plain(bad)));
}

void check_healthcheck_missing(struct lint *l, const struct rule *rule)
{
	bool *good = arena_new_array(l->arena, l->n_stages, bool);

	for (size_t s = 0; s < l->n_stages; s++) {
		const struct lint_stage *stage = &l->stages[s];

		good[s] = stage->base != NO_STAGE && good[stage->base];
		for (size_t i = stage->first; i < stage->end; i++)
			good[s] |=
				l->items[i].in->kind == INSTRUCTION_HEALTHCHECK;
	}
	for (size_t s = 0; s < l->n_stages; s++)
		if (!good[s])
			(void)lint_report(l, rule,
					  l->stages[s].stage->from->span,
					  "this stage has no HEALTHCHECK");
}

static bool same_flags(const struct instruction *a, const struct instruction *b)
{
	if (a->flags.n != b->flags.n)
		return false;
	for (size_t i = 0; i < a->flags.n; i++)
		if (!str_eq(a->flags.v[i].name, b->flags.v[i].name) ||
		    !str_eq(a->flags.v[i].value.text, b->flags.v[i].value.text))
			return false;
	return true;
}

/* More than one command. Other shells' scripts are not counted. */
static bool is_long(const struct lint_run *run)
{
	return !run->posix || run->script.n_commands > 1;
}

/* A RUN of several commands was kept apart on purpose, so it may stay. */
void check_consecutive_runs(struct lint *l, const struct rule *rule)
{
	const struct lint_item *last = NULL;

	FOR_ITEMS(l, item)
	{
		const struct lint_item *before = last;

		last = item->run && !item->onbuild ? item : NULL;
		if (!before || !last || !same_flags(before->in, item->in) ||
		    is_long(before->run) || is_long(item->run))
			continue;
		(void)lint_report(l, rule, item->in->keyword,
				  "this RUN could be one with the RUN before "
				  "it");
	}
}

/*
 * CMD, ENTRYPOINT and HEALTHCHECK: only a stage's last one counts. hadolint
 * reports the later of two, BuildKit the earlier.
 */
void check_repeated(struct lint *l, const struct rule *rule)
{
	const enum instruction_kind *kind = rule->data;
	const struct instruction *before = NULL;

	FOR_ITEMS(l, item)
	{
		if (item->in->kind == INSTRUCTION_FROM)
			before = NULL;
		if (item->in->kind != *kind || item->onbuild)
			continue;
		if (before)
			(void)lint_report(l, rule,
					  l->options->set == LINT_BUILDKIT
						  ? before->span
						  : item->in->span,
					  "several %s in one stage: only the "
					  "last one counts",
					  instruction_name(*kind));
		before = item->in;
	}
}
