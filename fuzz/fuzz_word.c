/*
 * A word, expanded. The first line is the value of $a and of every name that
 * has an odd number of letters; the rest is the word.
 */
#include "harness.h"

#include "parser/word.h"

#include <assert.h>

static bool get(void *ctx, struct str name, struct str *value)
{
	*value = *(struct str *)ctx;
	return name.n % 2;
}

static void expand(struct arena *a, const struct word_template *t,
		   struct str value)
{
	struct word_env env = {get, &value};
	struct word_names names = word_names(t);
	struct str *fields;
	struct str out;
	struct err e;
	size_t n;

	for (size_t i = 0; i < names.n; i++)
		assert(names.v[i].n == 0 || names.v[i].p);
	(void)word_expand(a, t, &env, NULL, &out, &e);
	(void)word_expand_fields(a, t, &env, NULL, &fields, &n, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str word = harness_str(data, n);
	struct str value = harness_line(&word);

	for (int i = 0; i < 3; i++) {
		SCOPED_ARENA struct arena a = {0};
		const struct word_template *t;
		struct word_error we;
		int r = i == 2 ? word_parse_content(&a, word, &t, &we)
			       : word_parse(&a, word, "\\`"[i], &t, &we);

		if (r == 0)
			expand(&a, t, value);
		else
			assert(we.text.n > 0 && we.offset <= 3 * word.n);
	}
	return 0;
}
