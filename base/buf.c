#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_release(struct buf *b)
{
	free(b->p);
	*b = BUF_INIT(b->max_bytes);
}

char *buf_reserve(struct buf *b, size_t n)
{
	size_t cap;

	if (n > b->max_bytes || b->n > b->max_bytes - n) {
		b->over = true;
		return NULL;
	}
	if (b->n + n < b->cap)
		return b->p + b->n;
	cap = b->cap ? b->cap : 64;
	while (cap <= b->n + n)
		cap *= 2;
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
	b->p[b->n] = '\0';
	return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	char *to = buf_reserve(b, n);

	if (!to)
		return;
	if (n)
		memcpy(to, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void buf_add_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void buf_add_c(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_add_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	if ((size_t)n < sizeof(small)) {
		buf_add(b, small, (size_t)n);
		return;
	}
	if (!buf_reserve(b, (size_t)n)) /* there is always room for a NUL too */
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->over = false;
	if (b->p)
		b->p[0] = '\0';
}

struct str buf_str(const struct buf *b)
{
	return (struct str){b->p, b->n};
}

const char *buf_c(const struct buf *b)
{
	return b->p ? b->p : "";
}

int buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (!b->over)
		return 0;
	return err_set(e, ERR_LIMIT, "%s: larger than %zu bytes", what,
		       b->max_bytes);
}

void buf_add_base64(struct buf *b, struct str s)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < s.n; i += 3) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		size_t n = s.n - i < 3 ? s.n - i : 3;
		unsigned bits = (unsigned)p[0] << 16 |
				(n > 1 ? (unsigned)p[1] << 8 : 0) |
				(n > 2 ? p[2] : 0);

		for (size_t k = 0; k < 4; k++)
			buf_add_char(b,
				     k > n ? '='
					   : digits[bits >> (18 - 6 * k) & 63]);
	}
}

static void add_json_char(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"': buf_add_c(b, "\\\""); break;
	case '\\': buf_add_c(b, "\\\\"); break;
	case '\n': buf_add_c(b, "\\n"); break;
	case '\r': buf_add_c(b, "\\r"); break;
	case '\t': buf_add_c(b, "\\t"); break;
	default:
		if (c < 0x20)
			buf_printf(b, "\\u%04x", c);
		else
			buf_add_char(b, (char)c);
	}
}

void buf_add_json_string(struct buf *b, struct str s)
{
	buf_add_char(b, '"');
	while (s.n) {
		size_t n = str_utf8_length(s);

		if (n == 1)
			add_json_char(b, (unsigned char)s.p[0]);
		else if (n)
			buf_add(b, s.p, n);
		else
			buf_add_c(b, "\\ufffd");
		s = str_skip(s, n ? n : 1);
	}
	buf_add_char(b, '"');
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

bool buf_add_from_base64(struct buf *b, struct str s)
{
	unsigned bits = 0;
	unsigned n_bits = 0;

	while (s.n && s.p[s.n - 1] == '=')
		s.n--;
	if (s.n % 4 == 1)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		int value = base64_value(s.p[i]);

		if (value < 0)
			return false;
		bits = (bits << 6 | (unsigned)value) & 0xffff;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			buf_add_char(b, (char)(bits >> n_bits & 0xff));
		}
	}
	return true;
}
