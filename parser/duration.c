#include "parser/values.h"

#include <string.h>

struct unit {
	const char *name;
	uint64_t ns;
};

static const struct unit units[] = {
	{"ns", 1},	     {"us", 1000},
	{"\xc2\xb5s", 1000}, /* micro sign */
	{"\xce\xbcs", 1000}, /* Greek mu */
	{"ms", 1000000},     {"s", 1000000000},
	{"m", 60000000000},  {"h", 3600000000000},
};

static int bad_duration(struct str s, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "'%.*s' is not a duration: write numbers with units, "
		       "such as 30s, 1m30s or 500ms",
		       STR_ARG(s));
}

static struct str take_digits(struct str *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
		n++;
	*s = str_skip(*s, n);
	return (struct str){s->p - n, n};
}

static const struct unit *take_unit(struct str *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != '.' &&
	       !(s->p[n] >= '0' && s->p[n] <= '9'))
		n++;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (str_eq_c(str_sub(*s, 0, n), units[i].name)) {
			*s = str_skip(*s, n);
			return &units[i];
		}
	}
	return NULL;
}

/* The digits behind the point, of one unit; what is below 1 ns is dropped. */
static uint64_t fraction_ns(struct str digits, uint64_t unit_ns)
{
	uint64_t value = 0;
	double scale = 1;

	for (size_t i = 0; i < digits.n && value < INT64_MAX / 10 - 1; i++) {
		value = value * 10 + (uint64_t)(digits.p[i] - '0');
		scale *= 10;
	}
	return (uint64_t)((double)value * ((double)unit_ns / scale));
}

/* number = digits ["." digits] | "." digits, then a unit. */
static bool take_part(struct str *s, uint64_t *total_ns)
{
	const uint64_t limit = (uint64_t)1 << 63;
	struct str whole = take_digits(s);
	struct str digits = {0};
	const struct unit *unit;
	uint64_t value = 0;
	uint64_t part;

	if (str_starts(*s, ".")) {
		*s = str_skip(*s, 1);
		digits = take_digits(s);
	}
	if (whole.n + digits.n == 0)
		return false;
	if (whole.n && !str_to_u64(whole, limit, &value))
		return false;
	unit = take_unit(s);
	if (!unit || value > limit / unit->ns)
		return false;
	part = value * unit->ns + fraction_ns(digits, unit->ns);
	*total_ns += part;
	return part <= limit && *total_ns <= limit;
}

/* duration = [-+]? ( "0" | (number unit)+ ) */
int duration_parse(struct str s, int64_t *out_ns, struct err *e)
{
	struct str rest = s;
	bool negative = str_starts(s, "-");
	uint64_t total_ns = 0;

	rest = str_skip(rest, negative || str_starts(s, "+"));
	if (rest.n == 0)
		return bad_duration(s, e);
	if (str_eq_c(rest, "0")) {
		*out_ns = 0;
		return 0;
	}
	while (rest.n)
		if (!take_part(&rest, &total_ns))
			return bad_duration(s, e);
	if (total_ns > (uint64_t)INT64_MAX && !negative)
		return bad_duration(s, e);
	*out_ns = (int64_t)(negative ? 0 - total_ns : total_ns);
	return 0;
}
