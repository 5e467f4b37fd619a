#include "cli/build_checks.h"

#include "cli/build_call.h"
#include "cli/dockerignore.h"

#include <string.h>

static struct str check_argument(const struct build_request *r)
{
	struct str value = {0};

	for (size_t i = 0; i < r->plan.build_args.n; i++)
		if (str_eq_c(r->plan.build_args.v[i].key,
			     "BUILDKIT_DOCKERFILE_CHECK"))
			value = r->plan.build_args.v[i].value;
	return value;
}

static const struct lint_foreign *foreign_of(struct arena *a,
					     const struct plan *plan)
{
	struct lint_foreign *out =
		arena_new_array(a, plan->n_foreign, struct lint_foreign);

	for (size_t i = 0; i < plan->n_foreign; i++) {
		const struct plan_foreign *f = &plan->foreign[i];

		out[i] = (struct lint_foreign){f->span, f->name,
					       platform_format(a, &f->found),
					       platform_format(a, &f->wanted)};
	}
	return out;
}

void build_checks_run(struct build_checks *c, struct arena *a,
		      const struct source *source,
		      const struct build_request *r,
		      const struct build_input *in, const struct plan *plan)
{
	*c = (struct build_checks){0};
	c->options = (struct lint_options){
		.set = LINT_BUILDKIT,
		.check = check_argument(r),
	};
	if (plan) {
		c->options.foreign = foreign_of(a, plan);
		c->options.n_foreign = plan->n_foreign;
	}
	if (in->context)
		c->options.dockerignore =
			dockerignore_read(a, in->dockerfile_path, in->context);
	lint_begin(&c->file, a, source, &c->options);
	lint_finish(&c->file);
}

void build_checks_release(struct build_checks *c)
{
	lint_release(&c->file);
}

/* The parser's mistakes are a build's own. */
static bool is_check(const struct diag *diag)
{
	return strcmp(diag->id, "DL1000") != 0;
}

static size_t count(const struct build_checks *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->file.diags.n; i++)
		n += is_check(&c->file.diags.v[i]);
	return n;
}

bool build_checks_fail(const struct build_checks *c)
{
	return c->file.check_error && count(c) > 0;
}

void build_checks_summary(struct buf *out, const struct build_checks *c)
{
	size_t n = count(c);

	if (n == 0)
		return;
	buf_printf(out, " %zu warning%s found:\n", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < c->file.diags.n; i++) {
		const struct diag *diag = &c->file.diags.v[i];

		if (is_check(diag))
			buf_printf(out, " - %s: %.*s (line %u)\n", diag->id,
				   STR_ARG(diag->text),
				   source_position(c->file.source,
						   diag->span.offset)
					   .line);
	}
	if (build_checks_fail(c))
		call_failed_rules(out, &c->file);
}
