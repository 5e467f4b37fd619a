/*
 * A Dockerfile, formatted: what parses is never refused, has its meaning and
 * its words afterwards, and a second time nothing changes.
 */
#include "harness.h"

#include "lint/fmt.h"
#include "parser/dockerfile.h"

#include <assert.h>
#include <string.h>

static enum fmt_result format(struct buf *out, struct str text,
			      const struct fmt_options *options)
{
	SCOPED_ARENA struct arena a = {0};
	struct source source;
	struct diags diags;
	enum fmt_result result;

	source_init(&source, &a, STR("Dockerfile"), text);
	diags_init(&diags, &a);
	result = fmt_text(out, &source, options, &diags);
	diags_release(&diags);
	return result;
}

static bool is_layout(char c)
{
	return c && strchr(" \t\v\f\n\r\\`", c);
}

/* Bytes that are no layout are the same, in any case, and in their order. */
static bool same_words(struct str a, struct str b)
{
	size_t i = 0;
	size_t k = 0;

	for (;;) {
		while (i < a.n && is_layout(a.p[i]))
			i++;
		while (k < b.n && is_layout(b.p[k]))
			k++;
		if (i == a.n || k == b.n)
			return i == a.n && k == b.n;
		if ((a.p[i] | 0x20) != (b.p[k] | 0x20))
			return false;
		i++;
		k++;
	}
}

static void check(struct str text, const struct fmt_options *options)
{
	SCOPED_BUF struct buf once = BUF_INIT(SOURCE_MAX_BYTES);
	SCOPED_BUF struct buf twice = BUF_INIT(SOURCE_MAX_BYTES);
	enum fmt_result result = format(&once, text, options);

	assert(result != FMT_REFUSED);
	if (result == FMT_MISTAKES)
		return;
	assert(same_words(text, buf_str(&once)));
	assert(format(&twice, buf_str(&once), options) == FMT_OK);
	assert(str_eq(buf_str(&once), buf_str(&twice)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct fmt_options all[] = {
		{0},
		{.tabs = true, .operators = FMT_OPERATORS_FIRST},
		{.indent = 2, .operators = FMT_OPERATORS_LAST},
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		check(harness_str(data, n), &all[i]);
	return 0;
}
