/*
 * The first line is a path; the rest is a .dockerignore. What a walk prunes
 * must not be what a look at the whole path brings back.
 */
#include "harness.h"

#include "parser/ignore.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA struct arena a = {0};
	struct str text = harness_str(data, n);
	struct str path = harness_line(&text);
	struct ignore_state state;
	const struct ignore *ig;
	bool pruned = false;
	struct err e;

	if (path.n > 4096 || ignore_parse(&a, text, &ig, &e) < 0)
		return 0;
	state = ignore_root(ig);
	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		state = ignore_step(ig, &a, &state, str_sub(path, 0, i));
		assert(!pruned || state.excluded);
		pruned |= state.excluded && !state.may_reinclude;
	}
	assert(state.excluded == ignore_excludes(ig, &a, path));
	return 0;
}
