/* The first line is a name, the second a pattern. */
#include "harness.h"

#include "parser/match.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str pattern = harness_str(data, n);
	struct str name = harness_line(&pattern);
	enum match_result r;

	if (n > 4096)
		return 0;
	r = match_name(pattern, name);
	if (!match_has_wildcard(pattern) && str_find(pattern, '\\') < 0)
		assert((r == MATCH_YES) == str_eq(pattern, name));
	/* Whether a pattern is bad does not depend on the name. */
	assert((r == MATCH_BAD_PATTERN) ==
	       (match_name(pattern, STR("")) == MATCH_BAD_PATTERN));
	return 0;
}
