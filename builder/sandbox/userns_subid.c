#include "builder/sandbox/userns_subid.h"

#include <stdbool.h>

/* <name or number>:<first>:<count> */
static bool parse_line(struct str line, struct str *owner,
		       struct subid_range *out)
{
	struct str first, count;
	uint64_t first_id, n;

	if (!str_cut(line, ':', owner, &line) ||
	    !str_cut(line, ':', &first, &count) ||
	    !str_to_u64(first, UINT32_MAX, &first_id) ||
	    !str_to_u64(count, UINT32_MAX, &n))
		return false;
	if (n == 0 || first_id + n > UINT32_MAX)
		return false;
	out->first = (uint32_t)first_id;
	out->n = (uint32_t)n;
	return true;
}

static bool is_owner(struct str owner, struct str name, uint32_t id)
{
	uint64_t number;

	if (name.n && str_eq(owner, name))
		return true;
	return str_to_u64(owner, UINT32_MAX, &number) && number == id;
}

void subid_parse(struct str text, struct str name, uint32_t id,
		 struct subid_ranges *out)
{
	struct subid_range range;
	struct str line, owner;
	bool more = true;

	out->n = 0;
	while (more && out->n < SUBID_RANGES_MAX) {
		more = str_cut(text, '\n', &line, &text);
		if (parse_line(str_trim(line), &owner, &range) &&
		    is_owner(owner, name, id))
			out->v[out->n++] = range;
	}
}
