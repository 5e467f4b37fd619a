/*
 * Subordinate ids: /etc/subuid and /etc/subgid. subuid(5).
 */
#ifndef BUILDER_SANDBOX_USERNS_SUBID_H
#define BUILDER_SANDBOX_USERNS_SUBID_H

#include "base/str.h"

enum { SUBID_RANGES_MAX = 16 };

struct subid_range {
	uint32_t first;
	uint32_t n;
};

struct subid_ranges {
	struct subid_range v[SUBID_RANGES_MAX];
	size_t n;
};

/*
 * The ranges that text gives to the user, known by name (may be empty) or
 * number, in the file's order. Lines that are malformed, empty ranges, and
 * ranges past 2^32 are passed over, as newuidmap does; so is what exceeds
 * SUBID_RANGES_MAX.
 */
void subid_parse(struct str text, struct str name, uint32_t id,
		 struct subid_ranges *out);

#endif
