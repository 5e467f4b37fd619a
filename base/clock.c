#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const int64_t NS_PER_S = 1000000000;

static int64_t now_ns(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* can't fail for these clocks */
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_realtime_ns(void)
{
	return now_ns(CLOCK_REALTIME);
}

int64_t clock_monotonic_ns(void)
{
	return now_ns(CLOCK_MONOTONIC);
}

void clock_add_rfc3339(struct buf *out, int64_t epoch_ns)
{
	int64_t ns = epoch_ns % NS_PER_S;
	time_t seconds = (time_t)(epoch_ns / NS_PER_S);
	char text[16];
	struct tm tm;

	if (ns < 0) {
		ns += NS_PER_S;
		seconds--;
	}
	(void)gmtime_r(&seconds, &tm);
	buf_printf(out, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
		   tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (ns) {
		size_t n = 10;

		(void)snprintf(text, sizeof(text), ".%09d", (int)ns);
		while (text[n - 1] == '0')
			n--;
		buf_add(out, text, n);
	}
	buf_add_char(out, 'Z');
}

/* n digits at *s, which moves on. */
static bool digits(struct str *s, size_t n, int *out)
{
	uint64_t value;

	if (s->n < n || !str_to_u64(str_sub(*s, 0, n), 9999, &value))
		return false;
	*out = (int)value;
	*s = str_skip(*s, n);
	return true;
}

static bool literal(struct str *s, const char *any_of)
{
	if (s->n == 0 || s->p[0] == '\0' || !strchr(any_of, s->p[0]))
		return false;
	*s = str_skip(*s, 1);
	return true;
}

static bool fraction(struct str *s, int64_t *ns)
{
	int64_t unit = NS_PER_S;

	*ns = 0;
	if (!literal(s, "."))
		return true;
	while (s->n && s->p[0] >= '0' && s->p[0] <= '9') {
		unit /= 10;
		*ns += unit * (s->p[0] - '0');
		*s = str_skip(*s, 1);
	}
	return unit != NS_PER_S;
}

static bool zone(struct str *s, int64_t *offset_s)
{
	int sign;
	int hours;
	int minutes;

	*offset_s = 0;
	if (literal(s, "Zz"))
		return true;
	if (s->n == 0)
		return false;
	sign = s->p[0] == '-' ? -1 : 1;
	if (!literal(s, "+-") || !digits(s, 2, &hours) || !literal(s, ":") ||
	    !digits(s, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*offset_s = (int64_t)sign * (hours * 3600 + minutes * 60);
	return true;
}

static int days_of_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30,
				   31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

bool clock_parse_rfc3339(struct str s, int64_t *epoch_ns)
{
	struct tm tm = {0};
	int64_t ns;
	int64_t offset_s;

	if (!digits(&s, 4, &tm.tm_year) || !literal(&s, "-") ||
	    !digits(&s, 2, &tm.tm_mon) || !literal(&s, "-") ||
	    !digits(&s, 2, &tm.tm_mday) || !literal(&s, "Tt ") ||
	    !digits(&s, 2, &tm.tm_hour) || !literal(&s, ":") ||
	    !digits(&s, 2, &tm.tm_min) || !literal(&s, ":") ||
	    !digits(&s, 2, &tm.tm_sec) || !fraction(&s, &ns) ||
	    !zone(&s, &offset_s) || s.n)
		return false;
	if (tm.tm_mon < 1 || tm.tm_mon > 12 || tm.tm_mday < 1 ||
	    tm.tm_mday > days_of_month(tm.tm_year, tm.tm_mon) ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
	    tm.tm_year > 2261)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	/* the zero value of Go's time.Time, year 1, is before what fits */
	if (tm.tm_year < 1678 - 1900)
		return false;
	*epoch_ns = ((int64_t)timegm(&tm) - offset_s) * NS_PER_S + ns;
	return true;
}
