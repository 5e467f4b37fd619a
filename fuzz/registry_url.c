/* A line is a base, the rest a Location: what comes out is a URL again. */
#include "registry/url.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	struct str location = {(const char *)data, size};
	struct str base;
	struct str out;
	struct str shown;
	struct url u;

	(void)str_cut(location, '\n', &base, &location);
	if (!url_resolve(&a, base, location, &out))
		return 0;
	if (!url_split(out, &u) || memchr(out.p, '\n', out.n))
		abort();
	if (!url_same_origin(out, out))
		abort();
	shown = url_shown(&a, out);
	if (!url_split(shown, &u) || u.userinfo.n)
		abort();
	return 0;
}
