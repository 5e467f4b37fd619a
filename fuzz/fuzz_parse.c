/* Arbitrary bytes as a Dockerfile, through the parser and all its dumps. */
#include "harness.h"

#include "parser/dockerfile.h"
#include "parser/tokens.h"

#include <assert.h>

static void check_span(const struct source *src, struct span span)
{
	assert(span.offset <= span.end);
	assert(span.end <= src->text.n);
}

static void check_instruction(const struct source *src,
			      const struct instruction *in)
{
	check_span(src, in->span);
	check_span(src, in->keyword);
	for (size_t i = 0; i < in->flags.n; i++)
		check_span(src, in->flags.v[i].span);
	if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger)
		check_instruction(src, in->onbuild.trigger);
}

static void check_result(const struct source *src, const struct dockerfile *df,
			 const struct diags *d)
{
	uint32_t before = 0;

	for (size_t i = 0; i < df->n_instructions; i++) {
		check_instruction(src, &df->instructions[i]);
		assert(df->instructions[i].span.offset >= before);
		before = df->instructions[i].span.end;
	}
	for (size_t i = 0; i < df->n_comments; i++)
		check_span(src, df->comments[i].span);
	for (size_t i = 0; i < d->n; i++)
		check_span(src, d->v[i].span);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(64u << 20);
	const struct dockerfile *df;
	struct source src;
	struct diags d;

	source_init(&src, &a, STR("Dockerfile"), harness_str(data, n));
	diags_init(&d, &a);
	df = dockerfile_parse(&a, &src, &d);
	check_result(&src, df, &d);
	dockerfile_dump(&out, df);
	dockerfile_dump_json(&out, df);
	tokens_dump(&out, &src);
	for (size_t i = 0; i < d.n && i < 20; i++) {
		diag_render(&out, &src, &d.v[i]);
		diag_render_json(&out, &src, &d.v[i]);
	}
	d.n = 0;
	(void)dockerfile_parse_trigger(&a, &src, '`', &d);
	diags_release(&d);
	return 0;
}
