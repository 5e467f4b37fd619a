#include "builder/gofmt.h"

#include <stdio.h>

/* What strconv.Quote writes for c beside the printable ones. */
static bool add_escape(struct buf *out, unsigned char c, char quote)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */

	if (c >= 7 && c <= 13)
		buf_printf(out, "\\%c", letters[c - 7]);
	else if (c == '\\' || c == (unsigned char)quote)
		buf_printf(out, "\\%c", c);
	else if (c < 0x20 || c == 0x7f)
		buf_printf(out, "\\x%02x", c);
	else
		return false;
	return true;
}

void gofmt_quote(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	for (size_t i = 0; i < s.n; i++)
		if (!add_escape(out, (unsigned char)s.p[i], '"'))
			buf_add_char(out, s.p[i]);
	buf_add_char(out, '"');
}

void gofmt_quote_list(struct buf *out, struct str_list list)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < list.n; i++) {
		if (i)
			buf_add_char(out, ' ');
		gofmt_quote(out, list.v[i]);
	}
	buf_add_char(out, ']');
}

void gofmt_list(struct buf *out, struct str_list list)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < list.n; i++) {
		if (i)
			buf_add_char(out, ' ');
		buf_add_str(out, list.v[i]);
	}
	buf_add_char(out, ']');
}

/* value / unit with up to digits decimals, trailing zeros left out */
static void add_decimal(struct buf *out, uint64_t value, uint64_t unit,
			int digits)
{
	char text[32];
	int n;

	buf_printf(out, "%llu", (unsigned long long)(value / unit));
	if (value % unit == 0)
		return;
	n = snprintf(text, sizeof(text), "%0*llu", digits,
		     (unsigned long long)(value % unit));
	while (n > 0 && text[n - 1] == '0')
		n--;
	buf_printf(out, ".%.*s", n, text);
}

void gofmt_duration(struct buf *out, int64_t ns)
{
	uint64_t left = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
	uint64_t minutes = left / 60000000000u;

	if (ns == 0) {
		buf_add_c(out, "0s");
		return;
	}
	if (ns < 0)
		buf_add_char(out, '-');
	if (left < 1000) {
		buf_printf(out, "%lluns", (unsigned long long)left);
	} else if (left < 1000000) {
		add_decimal(out, left, 1000, 3);
		buf_add_c(out, "\302\265s");
	} else if (left < 1000000000) {
		add_decimal(out, left, 1000000, 6);
		buf_add_c(out, "ms");
	} else {
		if (minutes >= 60)
			buf_printf(out, "%lluh",
				   (unsigned long long)(minutes / 60));
		if (minutes)
			buf_printf(out, "%llum",
				   (unsigned long long)(minutes % 60));
		add_decimal(out, left % 60000000000u, 1000000000, 9);
		buf_add_char(out, 's');
	}
}

void gofmt_quote_rune(struct buf *out, int64_t n)
{
	buf_add_char(out, '\'');
	if (n < 0 || n > 0x7e)
		buf_add_c(out, "\357\277\275"); /* U+FFFD and beyond ASCII */
	else if (!add_escape(out, (unsigned char)n, '\''))
		buf_add_char(out, (char)n);
	buf_add_char(out, '\'');
}
