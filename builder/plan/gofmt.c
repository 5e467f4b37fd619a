#include "builder/plan/gofmt.h"

#include <stdio.h>

/* Assigned, but not what Go's unicode.IsPrint takes; past ASCII. */
static const struct {
	uint32_t first;
	uint32_t last;
} unprintable[] = {
	{0x80, 0xa0},	    {0xad, 0xad},	{0x600, 0x605},
	{0x61c, 0x61c},	    {0x6dd, 0x6dd},	{0x70f, 0x70f},
	{0x890, 0x891},	    {0x8e2, 0x8e2},	{0x1680, 0x1680},
	{0x180e, 0x180e},   {0x2000, 0x200f},	{0x2028, 0x202f},
	{0x205f, 0x206f},   {0x3000, 0x3000},	{0xd800, 0xf8ff},
	{0xfeff, 0xfeff},   {0xfff0, 0xfffb},	{0xfffe, 0xffff},
	{0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x1bca0, 0x1bca3},
	{0x1d173, 0x1d17a}, {0xe0000, 0xe00ff}, {0xe01f0, 0x10ffff},
};

static bool is_printable(uint32_t rune)
{
	for (size_t i = 0; i < ARRAY_LEN(unprintable); i++)
		if (rune >= unprintable[i].first && rune <= unprintable[i].last)
			return false;
	return rune >= 0x20 && rune != 0x7f;
}

static void add_utf8(struct buf *out, uint32_t rune)
{
	if (rune < 0x80) {
		buf_add_char(out, (char)rune);
		return;
	}
	if (rune < 0x800) {
		buf_add_char(out, (char)(0xc0 | rune >> 6));
	} else if (rune < 0x10000) {
		buf_add_char(out, (char)(0xe0 | rune >> 12));
		buf_add_char(out, (char)(0x80 | (rune >> 6 & 0x3f)));
	} else {
		buf_add_char(out, (char)(0xf0 | rune >> 18));
		buf_add_char(out, (char)(0x80 | (rune >> 12 & 0x3f)));
		buf_add_char(out, (char)(0x80 | (rune >> 6 & 0x3f)));
	}
	buf_add_char(out, (char)(0x80 | (rune & 0x3f)));
}

/* strconv's appendEscapedRune */
static void add_rune(struct buf *out, uint32_t rune, char quote)
{
	static const char letters[] = "abtnvfr"; /* 7 to 13 */

	if (rune == '\\' || rune == (unsigned char)quote)
		buf_printf(out, "\\%c", (int)rune);
	else if (is_printable(rune))
		add_utf8(out, rune);
	else if (rune >= 7 && rune <= 13)
		buf_printf(out, "\\%c", letters[rune - 7]);
	else if (rune < 0x80)
		buf_printf(out, "\\x%02x", rune);
	else if (rune < 0x10000)
		buf_printf(out, "\\u%04x", rune);
	else
		buf_printf(out, "\\U%08x", rune);
}

/* The code point of the n bytes at p, which are UTF-8. */
static uint32_t decode(const char *p, size_t n)
{
	uint32_t rune = (unsigned char)p[0];

	if (n > 1)
		rune &= 0x7fu >> n;
	for (size_t i = 1; i < n; i++)
		rune = rune << 6 | ((unsigned char)p[i] & 0x3f);
	return rune;
}

void gofmt_quote(struct buf *out, struct str s)
{
	buf_add_char(out, '"');
	while (s.n) {
		size_t n = str_utf8_length(s);

		if (n)
			add_rune(out, decode(s.p, n), '"');
		else
			buf_printf(out, "\\x%02x", (unsigned char)s.p[0]);
		s = str_skip(s, n ? n : 1);
	}
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
	bool valid = n >= 0 && n <= 0x10ffff && (n < 0xd800 || n > 0xdfff);

	buf_add_char(out, '\'');
	add_rune(out, valid ? (uint32_t)n : 0xfffd, '\'');
	buf_add_char(out, '\'');
}
