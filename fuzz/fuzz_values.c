/* The small grammars: each on the whole input. */
#include "harness.h"

#include "parser/json.h"
#include "parser/utf8.h"
#include "parser/values.h"

#include <assert.h>

static void fuzz_json(struct arena *a, struct str s)
{
	struct json_strings strings = {0};
	struct str mixed;

	if (json_parse_strings(a, s, &strings, &mixed) == JSON_OTHER)
		return;
	for (size_t i = 0; i < strings.n; i++)
		assert(utf8_is_valid(strings.v[i].value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	SCOPED_ARENA struct arena a = {0};
	struct str s = harness_str(data, n);
	const struct mode_change *mode;
	struct str *ports = NULL;
	size_t n_ports = 0;
	uint64_t bytes;
	int64_t ns;
	int64_t number;
	bool truth;
	struct err e;

	(void)duration_parse(s, &ns, &e);
	(void)size_parse(s, &bytes, &e);
	(void)bool_parse(s, &truth, &e);
	(void)ports_parse(&a, s, &ports, &n_ports, &e);
	if (signal_parse(s, &number, &e) == 0)
		assert(number != 0);
	if (mode_parse(&a, s, &mode, &e) == 0) {
		assert(mode_apply(mode, 0644, false) <= 07777);
		assert(mode_apply(mode, 0755, true) <= 07777);
	}
	fuzz_json(&a, s);
	return 0;
}
