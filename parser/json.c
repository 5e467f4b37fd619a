#include "parser/json.h"

#include "base/vec.h"
#include "parser/utf8.h"

#include <string.h>

enum { DEPTH_MAX = 10000 }; /* as in encoding/json */

struct json {
	const char *p;
	const char *limit;
};

static void skip_blanks(struct json *j)
{
	while (j->p < j->limit && memchr(" \t\r\n", *j->p, 4))
		j->p++;
}

static bool take(struct json *j, char c)
{
	if (j->p == j->limit || *j->p != c)
		return false;
	j->p++;
	return true;
}

static bool take_word(struct json *j, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(j->limit - j->p) < n || memcmp(j->p, word, n) != 0)
		return false;
	j->p += n;
	return true;
}

static bool take_digits(struct json *j)
{
	const char *from = j->p;

	while (j->p < j->limit && *j->p >= '0' && *j->p <= '9')
		j->p++;
	return j->p > from;
}

/* number = "-"? ("0" | [1-9][0-9]*) ("." [0-9]+)? ([eE] [-+]? [0-9]+)? */
static bool take_number(struct json *j)
{
	(void)take(j, '-');
	if (!take(j, '0') && !take_digits(j))
		return false;
	if (take(j, '.') && !take_digits(j))
		return false;
	if (take(j, 'e') || take(j, 'E')) {
		if (!take(j, '-'))
			(void)take(j, '+');
		return take_digits(j);
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hex digits at p, or -1. */
static int hex4(const char *p, const char *limit)
{
	int value = 0;

	if (limit - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(p[i]);

		if (digit < 0)
			return -1;
		value = value << 4 | digit;
	}
	return value;
}

/* A string with its quotes; *plain where its value is what stands in it. */
static bool take_string(struct json *j, struct str *raw, bool *plain)
{
	const char *from = j->p;

	*plain = true;
	if (!take(j, '"'))
		return false;
	while (j->p < j->limit && *j->p != '"') {
		unsigned char c = (unsigned char)*j->p++;

		if (c < 0x20)
			return false;
		if (c >= 0x80)
			*plain = false;
		if (c != '\\')
			continue;
		*plain = false;
		if (j->p == j->limit || !memchr("\"\\/bfnrtu", *j->p, 9))
			return false;
		if (*j->p++ == 'u') {
			if (hex4(j->p, j->limit) < 0)
				return false;
			j->p += 4;
		}
	}
	if (!take(j, '"'))
		return false;
	*raw = (struct str){from, (size_t)(j->p - from)};
	return true;
}

static size_t put_rune(char *to, uint32_t rune)
{
	if (rune < 0x80) {
		to[0] = (char)rune;
		return 1;
	}
	if (rune < 0x800) {
		to[0] = (char)(0xc0 | rune >> 6);
		to[1] = (char)(0x80 | (rune & 0x3f));
		return 2;
	}
	if (rune < 0x10000) {
		to[0] = (char)(0xe0 | rune >> 12);
		to[1] = (char)(0x80 | (rune >> 6 & 0x3f));
		to[2] = (char)(0x80 | (rune & 0x3f));
		return 3;
	}
	to[0] = (char)(0xf0 | rune >> 18);
	to[1] = (char)(0x80 | (rune >> 12 & 0x3f));
	to[2] = (char)(0x80 | (rune >> 6 & 0x3f));
	to[3] = (char)(0x80 | (rune & 0x3f));
	return 4;
}

/* *p stands behind \u; half a surrogate pair becomes U+FFFD. */
static uint32_t decode_u(const char **p, const char *limit)
{
	int high = hex4(*p, limit);
	int low;

	*p += 4;
	if (high < 0xd800 || high > 0xdfff)
		return (uint32_t)high;
	if (high > 0xdbff || limit - *p < 6 || (*p)[0] != '\\' ||
	    (*p)[1] != 'u')
		return RUNE_BAD;
	low = hex4(*p + 2, limit);
	if (low < 0xdc00 || low > 0xdfff)
		return RUNE_BAD;
	*p += 6;
	return 0x10000 + (((uint32_t)high - 0xd800) << 10) +
	       ((uint32_t)low - 0xdc00);
}

static char simple_escape(char c)
{
	switch (c) {
	case 'b': return '\b';
	case 'f': return '\f';
	case 'n': return '\n';
	case 'r': return '\r';
	case 't': return '\t';
	}
	return c;
}

/* raw was accepted by take_string. A malformed byte becomes U+FFFD. */
static struct str decode(struct arena *a, struct str raw)
{
	const char *p = raw.p + 1;
	const char *limit = raw.p + raw.n - 1;
	char *to = arena_alloc(a, raw.n * 3 + 1);
	size_t n = 0;

	while (p < limit) {
		struct str rest = {p, (size_t)(limit - p)};
		struct rune r = rune_at(rest);

		if (*p != '\\') {
			p += r.n;
			n += put_rune(to + n, r.value);
		} else if (p[1] == 'u') {
			p += 2;
			n += put_rune(to + n, decode_u(&p, limit));
		} else {
			to[n++] = simple_escape(p[1]);
			p += 2;
		}
	}
	return (struct str){to, n};
}

static bool take_scalar(struct json *j)
{
	struct str raw;
	bool plain;

	if (j->p < j->limit && *j->p == '"')
		return take_string(j, &raw, &plain);
	return take_word(j, "true") || take_word(j, "false") ||
	       take_word(j, "null") || take_number(j);
}

static bool take_key(struct json *j)
{
	struct str raw;
	bool plain;

	skip_blanks(j);
	if (!take_string(j, &raw, &plain))
		return false;
	skip_blanks(j);
	return take(j, ':');
}

/* Close as many of the open containers as close here. */
static bool take_closers(struct json *j, const char *open, size_t *depth)
{
	while (*depth) {
		char closer = open[*depth - 1];

		skip_blanks(j);
		if (take(j, ','))
			return closer == ']' || take_key(j);
		if (!take(j, closer))
			return false;
		(*depth)--;
	}
	return true;
}

/* Any value, skipped. The containers that are open lie in an array. */
static bool take_value(struct json *j)
{
	char open[DEPTH_MAX];
	size_t depth = 0;

	do {
		bool opened = false;

		skip_blanks(j);
		if (depth < DEPTH_MAX && take(j, '[')) {
			open[depth++] = ']';
			skip_blanks(j);
			opened = j->p < j->limit && *j->p != ']';
		} else if (depth < DEPTH_MAX && take(j, '{')) {
			open[depth++] = '}';
			skip_blanks(j);
			opened = j->p < j->limit && *j->p != '}';
			if (opened && !take_key(j))
				return false;
		} else if (!take_scalar(j)) {
			return false;
		}
		if (opened)
			continue;
		if (!take_closers(j, open, &depth))
			return false;
	} while (depth);
	return true;
}

enum json_result json_parse_strings(struct arena *a, struct str text,
				    struct json_strings *out, struct str *mixed)
{
	struct json j = {text.p, text.p + text.n};
	VEC(struct json_string) found = {0};
	enum json_result result = JSON_OTHER;
	bool more;

	*mixed = (struct str){0};
	if (text.n == 0 || !take(&j, '['))
		return JSON_OTHER;
	skip_blanks(&j);
	more = !take(&j, ']');
	while (more) {
		const char *from;
		struct str raw;
		bool plain;

		skip_blanks(&j);
		from = j.p;
		if (j.p < j.limit && *j.p == '"') {
			struct json_string *s;

			if (!take_string(&j, &raw, &plain))
				goto out;
			s = vec_push(&found);
			s->raw = raw;
			s->value = plain ? str_sub(raw, 1, raw.n - 1)
					 : decode(a, raw);
		} else {
			if (!take_value(&j))
				goto out;
			if (!mixed->p)
				*mixed = (struct str){from,
						      (size_t)(j.p - from)};
		}
		skip_blanks(&j);
		more = take(&j, ',');
		if (!more && !take(&j, ']'))
			goto out;
	}
	skip_blanks(&j);
	if (j.p != j.limit)
		goto out;
	result = mixed->p ? JSON_MIXED : JSON_STRINGS;
	if (found.n) {
		struct json_string *v =
			arena_new_array(a, found.n, struct json_string);

		memcpy(v, found.v, found.n * sizeof(*v));
		*out = (struct json_strings){v, found.n};
	} else {
		*out = (struct json_strings){0};
	}
out:
	vec_release(&found);
	return result;
}
