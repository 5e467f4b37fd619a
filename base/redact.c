#include "base/redact.h"

#include <stdbool.h>
#include <string.h>

static bool is_letter(char c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t find_any(struct str s, const char *set)
{
	size_t i = 0;

	while (i < s.n && s.p[i] && !strchr(set, s.p[i]))
		i++;
	return i;
}

/* Where "://" after a scheme stands; s.n where it does not. */
static size_t find_url(struct str s)
{
	for (size_t i = 1; i + 3 <= s.n; i++)
		if (memcmp(s.p + i, "://", 3) == 0 &&
		    (is_letter(s.p[i - 1]) || is_digit(s.p[i - 1])))
			return i;
	return s.n;
}

static bool ends_with_scheme(struct str before, const char *scheme)
{
	return before.n >= strlen(scheme) &&
	       str_eq_nocase(str_skip(before, before.n - strlen(scheme)),
			     str_from(scheme));
}

/* ":port" that is none: a password that holds a "/", or is cut off. */
static bool has_odd_port(struct str authority)
{
	ptrdiff_t colon = str_rfind(authority, ':');

	if (colon < 0 || authority.p[0] == '[')
		return false;
	for (size_t i = (size_t)colon + 1; i < authority.n; i++)
		if (!is_digit(authority.p[i]))
			return true;
	return false;
}

/*
 * How many bytes of rest, which follows "://", are to be hidden. An "@" after
 * the authority belongs to a path, unless there was none before and the port is
 * no number.
 */
static size_t secret_length(struct str before, struct str rest)
{
	struct str authority =
		str_sub(rest, 0, find_any(rest, "/?# \t\r\n\"<>"));
	struct str word = str_sub(rest, 0, find_any(rest, " \t\r\n\"<>"));
	ptrdiff_t at = str_rfind(authority, '@');

	if (at < 0 && has_odd_port(authority)) {
		at = str_rfind(word, '@');
		/* cut off: nothing of the word can be told from a password */
		if (at < 0)
			return word.n == rest.n ? word.n : 0;
	}
	if (at <= 0)
		return 0;
	if (str_find(str_sub(rest, 0, (size_t)at), ':') < 0 &&
	    !ends_with_scheme(before, "http") &&
	    !ends_with_scheme(before, "https"))
		return 0;
	return (size_t)at;
}

void redact_add(struct buf *out, struct str text)
{
	while (text.n) {
		size_t at = find_url(text);
		size_t n = at + 3 < text.n ? at + 3 : text.n;
		struct str before = str_sub(text, 0, at);
		size_t secret;

		buf_add(out, text.p, n);
		text = str_skip(text, n);
		secret = secret_length(before, text);
		if (secret)
			buf_add_c(out, "xxxxx");
		text = str_skip(text, secret);
	}
}

struct str redact_str(struct arena *a, struct str text)
{
	SCOPED_BUF struct buf out = BUF_INIT(2 * text.n + 1024);

	if (find_url(text) == text.n)
		return text;
	redact_add(&out, text);
	return arena_str(a, buf_str(&out));
}
