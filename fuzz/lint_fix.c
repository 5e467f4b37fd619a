/* A Dockerfile, fixed: what was read still is, and a second time is no news. */
#include "harness.h"

#include "lint/fix.h"

#include <assert.h>
#include <string.h>

static size_t count_mistakes(struct str text)
{
	SCOPED_ARENA struct arena a = {0};
	struct source source;
	struct diags diags;
	size_t n;

	source_init(&source, &a, STR("Dockerfile"), text);
	diags_init(&diags, &a);
	(void)dockerfile_parse(&a, &source, &diags);
	n = diags.n_errors;
	diags_release(&diags);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct lint_options options = {
		.set = LINT_ALL,
		.experimental = true,
		.unsafe_fixes = true,
	};
	struct str text = harness_str(data, n);
	SCOPED_BUF struct buf once = BUF_INIT(SOURCE_MAX_BYTES);
	SCOPED_BUF struct buf twice = BUF_INIT(SOURCE_MAX_BYTES);

	if (fix_text(&once, text, &options) == 0)
		assert(str_eq(buf_str(&once), text));
	assert(count_mistakes(buf_str(&once)) <= count_mistakes(text));
	assert(fix_text(&twice, buf_str(&once), &options) == 0);
	return 0;
}
