/*
 *   flag  = "--" ( bare | E any | quote )*       up to a blank
 *   word  = ( bare | E any | quote )*            up to a blank
 *   quote = "'" [^']* "'"? | '"' ( [^"E] | E any )* '"'?
 *   blank = [^ \t\v\f\r]+                        up to a blank
 *
 * E is the escape. In a flag's quotes of either kind it escapes; in a word's
 * single quotes it does not. A quote that is not closed ends with the line.
 * Reference: BuildKit parser/split_command.go, parser/line_parsers.go.
 */
#include "parser/argument.h"

#include "parser/utf8.h"

#include <string.h>

/*!re2c
	re2c:api = custom;
	re2c:api:style = free-form;
	re2c:define:YYCTYPE = "unsigned char";
	re2c:define:YYPEEK = "(p < limit ? (unsigned char)*p : 0)";
	re2c:define:YYSKIP = "p++;";
	re2c:define:YYBACKUP = "marker = p;";
	re2c:define:YYRESTORE = "p = marker;";
	re2c:yyfill:enable = 0;

	space = [ \t\n\v\f\r];
	wide  = [\x80-\xff];
*/

static const char *skip_escape(const char *p, const char *limit)
{
	struct str rest = {p + 1, (size_t)(limit - p - 1)};

	return p + 1 + rune_at(rest).n;
}

/* p stands at a quote; the end of what it quotes, its other quote included. */
static const char *skip_quote(const char *p, const char *limit, char escape,
			      bool escapes)
{
	char quote = *p++;

	while (p < limit) {
		if (*p == quote)
			return p + 1;
		p = escapes && *p == escape ? skip_escape(p, limit) : p + 1;
	}
	return limit;
}

/* A space of Unicode's that is no byte. */
static bool is_wide_space(const char *p, const char *limit)
{
	struct str rest = {p, (size_t)(limit - p)};

	return rune_is_space(rune_at(rest).value);
}

static const char *skip_word(const char *p, const char *limit, char escape,
			     bool flag)
{
	for (;;) {
		const char *from = p;
		/*!re2c
			[^\x00 \t\n\v\f\r'"\\`\x80-\xff]+ { continue; }
			space  { return from; }
			['"]   {
				p = skip_quote(from, limit, escape,
					       flag || *from == '"');
				continue;
			}
			[\\`]  {
				if (*from == escape)
					p = skip_escape(from, limit);
				continue;
			}
			wide   {
				if (!flag && is_wide_space(from, limit))
					return from;
				continue;
			}
			"\x00" {
				if (from == limit)
					return limit;
				continue;
			}
		*/
	}
}

bool argument_flag(struct str *rest, char escape, struct str *flag)
{
	struct str s = str_trim_space_left(*rest);
	const char *end;

	*rest = s;
	if (!str_starts(s, "--"))
		return false;
	end = skip_word(s.p, s.p + s.n, escape, true);
	*flag = (struct str){s.p, (size_t)(end - s.p)};
	*rest = str_skip(s, flag->n);
	return !str_eq_c(*flag, "--");
}

struct str argument_unquote(struct arena *a, struct str flag, char escape)
{
	char *to;
	size_t n = 0;
	char quote = '\0';

	if (str_find(flag, escape) < 0 && str_find(flag, '\'') < 0 &&
	    str_find(flag, '"') < 0)
		return flag;
	to = arena_alloc(a, flag.n + 1);
	for (size_t i = 0; i < flag.n; i++) {
		char c = flag.p[i];

		if (c == escape) {
			if (++i < flag.n)
				to[n++] = flag.p[i];
		} else if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
		} else {
			to[n++] = c;
		}
	}
	return (struct str){to, n};
}

/* word ends with an escape that has nothing to escape. */
static bool ends_in_escape(struct str word, char escape)
{
	size_t n = 0;

	while (n < word.n && word.p[word.n - 1 - n] == escape)
		n++;
	return n % 2;
}

bool argument_word(struct str *rest, char escape, struct str *word)
{
	struct str s = str_trim_space_left(*rest);
	const char *end;

	if (s.n == 0)
		return false;
	end = skip_word(s.p, s.p + s.n, escape, false);
	*word = (struct str){s.p, (size_t)(end - s.p)};
	*rest = str_skip(s, word->n);
	if (rest->n == 0 && ends_in_escape(*word, escape))
		word->n--;
	return word->n > 0;
}

bool argument_blank(struct str *rest, struct str *word)
{
	const char *p = rest->p;
	const char *limit = rest->p + rest->n;
	const char *from;

	if (rest->n == 0)
		return false;
	/*!re2c
		[ \t\v\f\r]+ { goto word; }
		* { p = rest->p; goto word; }
	*/
word:
	from = p;
	if (from == limit)
		return false;
	for (;;) {
		const char *last = p;
		/*!re2c
			[^\x00 \t\v\f\r]+ { continue; }
			[ \t\v\f\r] { p = last; goto done; }
			"\x00" {
				if (last < limit)
					continue;
				p = limit;
				goto done;
			}
		*/
	}
done:
	*word = (struct str){from, (size_t)(p - from)};
	*rest = (struct str){p, (size_t)(limit - p)};
	return true;
}
