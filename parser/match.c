#include "parser/match.h"

#include "parser/utf8.h"

/*
 * A pattern is read in chunks: stars, then text up to the next star outside
 * brackets.
 */
struct chunk {
	bool star; /* at least one stood before it */
	struct str text;
};

static struct chunk next_chunk(struct str *pattern)
{
	struct chunk chunk = {0};
	bool in_class = false;
	size_t i;

	while (str_starts(*pattern, "*")) {
		*pattern = str_skip(*pattern, 1);
		chunk.star = true;
	}
	for (i = 0; i < pattern->n; i++) {
		char c = pattern->p[i];

		if (c == '*' && !in_class)
			break;
		if (c == '\\' && i + 1 < pattern->n)
			i++;
		else if (c == '[')
			in_class = true;
		else if (c == ']')
			in_class = false;
	}
	chunk.text = str_sub(*pattern, 0, i);
	*pattern = str_skip(*pattern, i);
	return chunk;
}

/* One end of a range in brackets: a character, maybe behind a backslash. */
static bool class_member(struct str *pattern, uint32_t *member)
{
	struct rune r;

	if (pattern->n == 0 || pattern->p[0] == '-' || pattern->p[0] == ']')
		return false;
	if (pattern->p[0] == '\\')
		*pattern = str_skip(*pattern, 1);
	r = rune_at(*pattern);
	if (r.n == 0 || (r.value == RUNE_BAD && r.n == 1))
		return false;
	*member = r.value;
	*pattern = str_skip(*pattern, r.n);
	return pattern->n > 0;
}

/*
 * '[' '^'? (member ('-' member)?)+ ']'. False where it is malformed; *pattern
 * moves behind it.
 */
static bool match_class(struct str *pattern, uint32_t rune, bool *matches)
{
	bool negated;
	bool found = false;
	bool first = true;

	*pattern = str_skip(*pattern, 1);
	negated = str_starts(*pattern, "^");
	*pattern = str_skip(*pattern, negated);
	while (first || !str_starts(*pattern, "]")) {
		uint32_t low;
		uint32_t high;

		if (!class_member(pattern, &low))
			return false;
		high = low;
		if (str_starts(*pattern, "-")) {
			*pattern = str_skip(*pattern, 1);
			if (!class_member(pattern, &high))
				return false;
		}
		found |= low <= rune && rune <= high;
		first = false;
	}
	*pattern = str_skip(*pattern, 1);
	*matches = found != negated;
	return true;
}

/*
 * text, a chunk without a star, at the beginning of *name, which becomes what
 * is left. A bad pattern is found even behind a mismatch.
 */
static enum match_result match_chunk(struct str text, struct str *name)
{
	struct str left = *name;
	bool failed = false;

	while (text.n) {
		struct rune r = rune_at(left);

		failed |= left.n == 0;
		switch (text.p[0]) {
		case '[': {
			bool matches;

			if (!match_class(&text, r.value, &matches))
				return MATCH_BAD_PATTERN;
			failed |= !matches;
			left = str_skip(left, r.n);
			continue;
		}
		case '?':
			failed |= left.n > 0 && left.p[0] == '/';
			left = str_skip(left, r.n);
			break;
		case '\\':
			text = str_skip(text, 1);
			if (text.n == 0)
				return MATCH_BAD_PATTERN;
			__attribute__((fallthrough));
		default:
			failed |= left.n > 0 && left.p[0] != text.p[0];
			left = str_skip(left, 1);
		}
		text = str_skip(text, 1);
	}
	if (failed)
		return MATCH_NO;
	*name = left;
	return MATCH_YES;
}

static enum match_result check_rest(struct str pattern)
{
	while (pattern.n) {
		struct chunk chunk = next_chunk(&pattern);
		struct str empty = {0};

		if (match_chunk(chunk.text, &empty) == MATCH_BAD_PATTERN)
			return MATCH_BAD_PATTERN;
	}
	return MATCH_NO;
}

/*
 * chunk somewhere in *name where only characters that a star takes are in
 * front of it. The last chunk must also reach the end.
 */
static enum match_result match_after_star(struct str chunk, bool last,
					  struct str *name)
{
	for (size_t i = 0; i <= name->n; i++) {
		struct str left = str_skip(*name, i);
		enum match_result r = match_chunk(chunk, &left);

		if (r == MATCH_BAD_PATTERN)
			return r;
		if (r == MATCH_YES && (!last || left.n == 0)) {
			*name = left;
			return MATCH_YES;
		}
		if (i < name->n && name->p[i] == '/')
			break;
	}
	return MATCH_NO;
}

enum match_result match_name(struct str pattern, struct str name)
{
	while (pattern.n) {
		struct chunk chunk = next_chunk(&pattern);
		bool last = pattern.n == 0;
		enum match_result r;

		if (chunk.star && chunk.text.n == 0)
			return str_find(name, '/') < 0 ? MATCH_YES : MATCH_NO;
		if (chunk.star)
			r = match_after_star(chunk.text, last, &name);
		else
			r = match_chunk(chunk.text, &name);
		if (r == MATCH_YES && last && name.n > 0)
			r = MATCH_NO;
		if (r == MATCH_BAD_PATTERN)
			return r;
		if (r == MATCH_NO)
			return check_rest(pattern);
	}
	return name.n == 0 ? MATCH_YES : MATCH_NO;
}

bool match_has_wildcard(struct str pattern)
{
	for (size_t i = 0; i < pattern.n; i++) {
		if (pattern.p[i] == '\\')
			i++;
		else if (pattern.p[i] == '*' || pattern.p[i] == '?' ||
			 pattern.p[i] == '[')
			return true;
	}
	return false;
}
