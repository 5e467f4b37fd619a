#include "cli/lint/refusals.h"

#include "builder/plan/plan.h"

#include <string.h>

static bool has_mistake(const struct lint_file *f)
{
	for (size_t i = 0; i < f->diags.n; i++)
		if (f->diags.v[i].severity == DIAG_ERROR &&
		    strcmp(f->diags.v[i].id, "DL1000") == 0)
			return true;
	return false;
}

static bool is_wanted(const struct lint_file *f)
{
	const struct lint_strings *selected = &f->options->selected;

	for (size_t i = 0; i < selected->n; i++)
		if (str_eq_nocase(selected->v[i], STR("DL1000")))
			return true;
	return selected->n == 0;
}

/* Triggers are dispatched once for each stage that they are in. */
static bool is_known(const struct lint_file *f, const struct diag *diag)
{
	for (size_t i = 0; i < f->diags.n; i++) {
		const struct diag *d = &f->diags.v[i];

		if (d->span.offset == diag->span.offset &&
		    d->span.end == diag->span.end &&
		    str_eq(d->text, diag->text))
			return true;
	}
	return false;
}

enum { REFUSALS_MAX = 1000 }; /* of a file: more help nobody */

/*
 * A plan's variables and ports are lists that are copied when they grow: what
 * is larger than any real file would take minutes, and is not planned.
 */
enum { INSTRUCTIONS_MAX = 1000 };

void lint_refusals(struct lint_file *f)
{
	/* any platform is as good as another, and the same everywhere */
	const struct platform platform = {
		.os = STR("linux"),
		.architecture = STR("amd64"),
	};
	const struct plan_options options = {
		.target_platform = platform,
		.build_platform = platform,
		.allow_insecure = true,
		.by_file_alone = true,
	};
	const struct plan *plan;
	struct diags found;
	struct err e;

	if (f->dockerfile->n_instructions > INSTRUCTIONS_MAX ||
	    has_mistake(f) || !is_wanted(f))
		return;
	diags_init(&found, f->arena);
	/* where nothing is looked for, nothing fails to be read */
	(void)plan_make(f->arena, f->dockerfile, &options, NULL, &found, &plan,
			&e);
	for (size_t i = 0; i < found.n && i < REFUSALS_MAX; i++) {
		const struct diag *diag = &found.v[i];
		struct diag *added;

		if (diag->severity != DIAG_ERROR || is_known(f, diag))
			continue;
		added = diag_add(&f->diags, "DL1000", DIAG_ERROR, diag->span,
				 "%.*s", STR_ARG(diag->text));
		added->hint = diag->hint;
	}
	diags_release(&found);
}
