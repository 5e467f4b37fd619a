#include "cli/build_checks.h"

#include "cli/build_call.h"
#include "cli/dockerignore.h"
#include "oci/reference.h"

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

/* Asks nobody but the store: no image is fetched for a check. */
static bool image_platform(void *ctx, struct str image, struct str wanted,
			   struct str *out)
{
	struct build_checks *c = ctx;
	struct reference reference;
	struct platform platform;
	struct plan_image found;
	struct err e;

	if (reference_parse(c->arena, image, &reference, &e) < 0 ||
	    platform_parse(c->arena, wanted, &platform, &e) < 0 ||
	    c->images->resolve(c->images, c->arena,
			       reference_name(c->arena, &reference), &platform,
			       &found, &e) <= 0)
		return false;
	/* a variant that is not said is no difference */
	if (str_eq(found.config.platform.os, platform.os) &&
	    str_eq(found.config.platform.architecture, platform.architecture))
		*out = wanted;
	else
		*out = platform_format(c->arena, &found.config.platform);
	return true;
}

void build_checks_run(struct build_checks *c, struct arena *a,
		      const struct source *source,
		      const struct build_request *r,
		      const struct build_input *in, struct plan_source *images)
{
	*c = (struct build_checks){.arena = a, .images = images};
	c->options = (struct lint_options){
		.set = LINT_BUILDKIT,
		.check = check_argument(r),
		.image_platform = images ? image_platform : NULL,
		.image_ctx = c,
	};
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
