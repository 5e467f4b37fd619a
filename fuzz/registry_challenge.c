/* WWW-Authenticate: always ends, and what is taken stood in the header. */
#include "registry/challenge.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	struct str rest = {(const char *)data, size};
	struct challenge c;
	size_t n = 0;

	while (challenge_next(&a, &rest, &c)) {
		if (!c.scheme.n || c.realm.n > size || ++n > size)
			abort();
	}
	return 0;
}
