/* registries.conf: what is taken leads every name somewhere, or is refused. */
#include "registry/settings.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_endpoints(const struct settings *s, struct arena *a,
			    struct str name)
{
	struct reference ref;
	struct endpoint *v;
	struct err e;
	size_t n;

	if (reference_parse(a, name, &ref, &e) < 0)
		abort();
	if (settings_endpoints(s, a, &ref, (struct str_list){0}, &v, &n, &e) ==
		    0 &&
	    (n == 0 || v[n - 1].is_mirror))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	struct str text = {(const char *)data, size};
	struct settings s = {0};
	struct err e;

	if (settings_parse(&s, &a, text, "file", &e) == 0) {
		check_endpoints(&s, &a, STR("debian"));
		check_endpoints(&s, &a, STR("a.example:5000/b/c:1"));
	}
	settings_release(&s);
	return 0;
}
