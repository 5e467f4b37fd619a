#include "parser/values.h"

#include <string.h>

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* suffix = "" | unit | unit "b" | unit "ib" | "b"; unit = one of kmgtp. */
static int unit_shift(struct str suffix)
{
	static const char units[] = "kmgtp";
	const char *unit;

	if (suffix.n == 0 || (suffix.n == 1 && lower(suffix.p[0]) == 'b'))
		return 0;
	unit = memchr(units, lower(suffix.p[0]), strlen(units));
	if (!unit)
		return -1;
	suffix = str_skip(suffix, 1);
	if (suffix.n && !str_eq_nocase(suffix, STR("b")) &&
	    !str_eq_nocase(suffix, STR("ib")))
		return -1;
	return (int)(unit - units + 1) * 10;
}

static int bad_size(struct str s, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "'%.*s' is not a size: write a number of bytes, or a "
		       "number with a unit such as 64m or 1GiB",
		       STR_ARG(s));
}

/*
 * size = (digits ["." digits*] | "." digits) [" "] suffix. The fraction is of
 * the unit; what is left below one byte is dropped.
 */
int size_parse(struct str s, uint64_t *out_bytes, struct err *e)
{
	struct str whole;
	struct str digits;
	uint64_t value = 0;
	size_t n = 0;
	double fraction = 0;
	double place = 0.1;
	int shift;

	while (n < s.n && (s.p[n] == '.' || (s.p[n] >= '0' && s.p[n] <= '9')))
		n++;
	(void)str_cut(str_sub(s, 0, n), '.', &whole, &digits);
	if (whole.n + digits.n == 0 || str_find(digits, '.') >= 0)
		return bad_size(s, e);
	if (whole.n && !str_to_u64(whole, INT64_MAX, &value))
		return bad_size(s, e);
	for (size_t i = 0; i < digits.n; i++, place /= 10)
		fraction += (digits.p[i] - '0') * place;
	n += n < s.n && s.p[n] == ' ';
	shift = unit_shift(str_skip(s, n));
	if (shift < 0 || value > (uint64_t)INT64_MAX >> shift)
		return bad_size(s, e);
	*out_bytes = (value << shift) +
		     (uint64_t)(fraction * (double)(1ull << shift));
	return 0;
}
