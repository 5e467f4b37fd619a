#include "lint/lint.h"

#include "lint/context.h"
#include "lint/fix.h"
#include "lint/pragma.h"

#include <string.h>

static bool is_overridden(const struct lint_options *o, const char *id)
{
	for (size_t i = 0; i < ARRAY_LEN(o->overrides); i++)
		if (ids_have(&o->overrides[i], id))
			return true;
	return false;
}

static bool in_set(const struct lint_options *o, const char *id,
		   const char *alias)
{
	enum lint_set sets = alias		    ? LINT_ALL
			     : rule_is_buildkit(id) ? LINT_BUILDKIT
						    : LINT_HADOLINT;

	return (o->set & sets) != 0;
}

static bool is_selected(const struct lint_options *o, const char *id,
			const char *alias)
{
	return o->selected.n == 0 || ids_have(&o->selected, id) ||
	       ids_have(&o->selected, alias);
}

static bool runs(const struct lint_file *f, const struct rule *rule)
{
	const struct lint_options *o = f->options;
	bool asked = is_overridden(o, rule->id) ||
		     (o->selected.n && is_selected(o, rule->id, rule->alias));

	if (!rule->check || !rule_is_in(rule, o->rules_version) ||
	    !in_set(o, rule->id, rule->alias) ||
	    !is_selected(o, rule->id, rule->alias))
		return false;
	if (rule->off && !asked)
		return false;
	return !rule->experimental || o->experimental || asked ||
	       pragmas_enable(f, rule->id);
}

/* The parser's own mistakes and warnings, under the ids that people know. */
static void take_parser_diag(struct lint_file *f, const struct diag *from)
{
	static const char *const ids[][2] = {
		{"empty-continuation-line", "NoEmptyContinuation"},
		{"before-from", "DL3061"},
		{"onbuild-not-allowed", "DL3043"},
	};
	const char *id = "DL1000";
	struct diag *to;

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (strcmp(from->id, ids[i][0]) == 0)
			id = ids[i][1];
	to = diag_add(&f->diags, id, from->severity, from->span, "%.*s",
		      STR_ARG(from->text));
	to->hint = from->hint;
}

static void parse(struct lint_file *f)
{
	struct diags parser;

	diags_init(&parser, f->arena);
	f->dockerfile = dockerfile_parse(f->arena, f->source, &parser);
	for (size_t i = 0; i < parser.n; i++)
		take_parser_diag(f, &parser.v[i]);
	diags_release(&parser);
}

void lint_begin(struct lint_file *f, struct arena *a,
		const struct source *source, const struct lint_options *options)
{
	struct lint l = {
		.arena = a,
		.options = options,
		.diags = &f->diags,
	};

	*f = (struct lint_file){
		.arena = a,
		.source = source,
		.options = options,
	};
	diags_init(&f->diags, a);
	parse(f);
	l.df = f->dockerfile;
	pragmas_read(f);
	lint_context_make(&l, f);
	for (size_t i = 0; i < rules_n; i++)
		if (runs(f, &rules[i]))
			rules[i].check(&l, &rules[i]);
	if (options->fixes)
		fixes_attach(&l);
}

/* DL1001: a pragma is used. Runs here, for it needs the pragmas. */
static void report_pragmas(struct lint_file *f)
{
	const struct rule *rule = rule_find(STR("DL1001"));

	if (!is_overridden(f->options, "DL1001") &&
	    !ids_have(&f->options->selected, "DL1001"))
		return;
	for (size_t i = 0; i < f->n_pragmas; i++)
		if (f->pragmas[i].hadolint)
			(void)diag_add(&f->diags, rule->id, rule->severity,
				       f->pragmas[i].comment,
				       "a comment ignores rules");
}

/*
 * Under the id of the set that is run, with its severity; false where it is
 * none of it. BuildKit knows warnings only.
 */
static bool name_for_set(const struct lint_options *o, struct diag *diag)
{
	if (strcmp(diag->id, "DL1000") == 0)
		return true;
	if (!in_set(o, diag->id, diag->alias))
		return false;
	if (o->set == LINT_BUILDKIT && diag->alias) {
		diag->id = diag->alias;
		diag->severity = DIAG_WARNING;
	}
	if (o->set != LINT_ALL)
		diag->alias = NULL;
	return true;
}

static bool is_ignored(const struct lint_file *f, const struct diag *diag)
{
	return ids_have(&f->options->ignored, diag->id) ||
	       ids_have(&f->options->ignored, diag->alias) ||
	       !is_selected(f->options, diag->id, diag->alias) ||
	       pragmas_ignore(f, diag);
}

/* found is what the rule reported, with both its ids. */
static void set_severity(const struct lint_options *o, struct diag *diag,
			 const struct diag *found)
{
	for (size_t i = 0; i < ARRAY_LEN(o->overrides); i++)
		if (ids_have(&o->overrides[i], found->id) ||
		    ids_have(&o->overrides[i], found->alias))
			diag->severity = (enum diag_severity)i;
}

void lint_finish(struct lint_file *f)
{
	size_t n = 0;

	report_pragmas(f);
	for (size_t i = 0; i < f->diags.n; i++) {
		struct diag *diag = &f->diags.v[i];
		const struct diag found = *diag;

		if (is_ignored(f, diag) || !name_for_set(f->options, diag))
			continue;
		set_severity(f->options, diag, &found);
		f->diags.v[n++] = *diag;
	}
	f->diags.n = n;
	diags_sort(&f->diags);
}

void lint_release(struct lint_file *f)
{
	diags_release(&f->diags);
}

bool lint_fails(const struct lint_file *f, enum diag_severity threshold)
{
	for (size_t i = 0; i < f->diags.n; i++) {
		const struct diag *diag = &f->diags.v[i];

		if (diag->severity <= threshold)
			return true;
		if (f->check_error &&
		    (diag->alias || rule_is_buildkit(diag->id)))
			return true;
	}
	return false;
}

bool lint_shellcheck_excluded(unsigned code)
{
	return code == 2187 || code == 1090 || code == 1091;
}

bool lint_label_kind(struct str name, enum label_kind *out)
{
	static const char *const names[LABEL_KIND_N] = {
		[LABEL_TEXT] = "text",	   [LABEL_RFC3339] = "rfc3339",
		[LABEL_SEMVER] = "semver", [LABEL_URL] = "url",
		[LABEL_HASH] = "hash",	   [LABEL_SPDX] = "spdx",
		[LABEL_EMAIL] = "email",
	};

	for (size_t i = 0; i < LABEL_KIND_N; i++)
		if (str_eq_c(name, names[i])) {
			*out = (enum label_kind)i;
			return true;
		}
	/* hadolint's other name for text */
	*out = LABEL_TEXT;
	return str_eq_c(name, "rawText") || str_eq_c(name, "");
}
