#include "parser/glob.h"

#include "parser/utf8.h"

#include <stdlib.h>
#include <string.h>

/*
 * A pattern is a list of items. Between two stars they form a segment, which
 * has a fixed number of runes. Matching tries positions for one segment after
 * the other and never has to come back to an earlier segment: what a later
 * position of it would allow, the earliest allows too. That holds for newlines
 * (which no star crosses) because a segment with a newline in it can only
 * match at one position that the star before it reaches.
 */
enum item_kind {
	ITEM_RUNE,
	ITEM_ANY,
	ITEM_STAR,
};

struct item {
	enum item_kind kind;
	struct str text; /* ITEM_RUNE: its bytes, in the pattern */
};

struct glob {
	struct item *v; /* owned */
	size_t n;
	size_t first_end; /* of the items before the first star */
	size_t *steps_left;
	bool exhausted; /* a star looked for its segment up to the end */
	bool backward;	/* items and value are read from their ends */
};

static void glob_release(struct glob *g)
{
	free(g->v);
}
#define SCOPED_GLOB SCOPED(glob_release)

static int add_item(struct glob *g, enum item_kind kind, struct str text)
{
	g->v[g->n++] = (struct item){kind, text};
	return 0;
}

static int bad_escape(struct str pattern, struct err *e)
{
	return err_set(e, ERR_INVALID,
		       "pattern '%.*s' has a backslash that escapes nothing: "
		       "only * ? \\ } and / can be escaped in it",
		       STR_ARG(pattern));
}

/* *text begins with a backslash; the item is what it escapes. */
static int parse_escape(struct glob *g, struct str *text, struct str pattern,
			struct err *e)
{
	*text = str_skip(*text, 1);
	if (text->n == 0 || !memchr("}/*?\\", text->p[0], 5))
		return bad_escape(pattern, e);
	add_item(g, ITEM_RUNE, str_sub(*text, 0, 1));
	*text = str_skip(*text, 1);
	return 0;
}

static bool step(const struct glob *g)
{
	if (*g->steps_left == 0)
		return false;
	--*g->steps_left;
	return true;
}

static int check_steps(const struct glob *g, struct err *e)
{
	if (*g->steps_left)
		return 0;
	return err_set(e, ERR_LIMIT,
		       "matching the patterns of substitutions takes too long");
}

static const struct item *item_at(const struct glob *g, size_t i)
{
	return &g->v[g->backward ? g->n - 1 - i : i];
}

static size_t segment_end(const struct glob *g, size_t i)
{
	while (i < g->n && item_at(g, i)->kind != ITEM_STAR)
		i++;
	return i;
}

static int glob_parse(struct glob *g, struct str pattern, struct err *e)
{
	struct str text = pattern;

	*g->steps_left -=
		pattern.n < *g->steps_left ? pattern.n : *g->steps_left;
	if (check_steps(g, e) < 0)
		return -1;
	g->v = xreallocarray(NULL, pattern.n + 1, sizeof(*g->v));
	while (text.n) {
		size_t n = rune_at(text).n;

		if (text.p[0] == '\\') {
			if (parse_escape(g, &text, pattern, e) < 0)
				return -1;
			continue;
		}
		if (text.p[0] == '*')
			add_item(g, ITEM_STAR, (struct str){0});
		else if (text.p[0] == '?')
			add_item(g, ITEM_ANY, (struct str){0});
		else
			add_item(g, ITEM_RUNE, str_sub(text, 0, n));
		text = str_skip(text, n);
	}
	g->first_end = segment_end(g, 0);
	return 0;
}

/* Take the rune that value begins (backward: ends) with off it. */
static struct str take_rune(const struct glob *g, struct str *value)
{
	size_t n = g->backward ? rune_before_end(*value).n : rune_at(*value).n;
	struct str rune;

	if (g->backward) {
		rune = str_skip(*value, value->n - n);
		value->n -= n;
	} else {
		rune = str_sub(*value, 0, n);
		*value = str_skip(*value, n);
	}
	return rune;
}

/* Items i up to end at the beginning of *value, which they are taken off. */
static bool match_segment(struct glob *g, size_t i, size_t end,
			  struct str *value)
{
	struct str left = *value;
	size_t first = i; /* whoever tried this place has counted it */

	for (; i < end; i++) {
		const struct item *item = item_at(g, i);
		struct str rune;

		if (i > first)
			(void)step(g);
		if (left.n == 0)
			return false;
		rune = take_rune(g, &left);
		if (item->kind == ITEM_ANY ? rune.p[0] == '\n'
					   : !str_eq(item->text, rune))
			return false;
	}
	*value = left;
	return true;
}

/*
 * Where a star stands before items i up to end: the nearest, or the farthest,
 * place in *value where they match; *value becomes what is after it.
 */
static bool match_after_star(struct glob *g, size_t i, size_t end,
			     bool farthest, struct str *value)
{
	struct str at = *value;
	bool found = false;

	while (step(g)) {
		struct str left = at;

		if (match_segment(g, i, end, &left)) {
			*value = left;
			found = true;
			if (!farthest)
				break;
		}
		g->exhausted = at.n == 0;
		if (at.n == 0 || take_rune(g, &at).p[0] == '\n')
			break;
	}
	return found;
}

/* The pattern at the beginning of *value, which becomes what it leaves. */
static bool match_here(struct glob *g, bool greedy, struct str *value)
{
	size_t end = g->first_end;
	struct str left = *value;

	g->exhausted = false;
	if (!match_segment(g, 0, end, &left))
		return false;
	while (end < g->n) {
		size_t i = end + 1;

		end = segment_end(g, i);
		if (!match_after_star(g, i, end, greedy && end == g->n, &left))
			return false;
	}
	*value = left;
	return true;
}

static int trim(struct glob *g, struct str pattern, struct str value,
		bool greedy, struct str *out, struct err *e)
{
	if (glob_parse(g, pattern, e) < 0)
		return -1;
	*out = value;
	if (!match_here(g, greedy, out))
		*out = value;
	return check_steps(g, e);
}

int glob_trim_prefix(struct str pattern, struct str value, bool greedy,
		     size_t *steps, struct str *out, struct err *e)
{
	SCOPED_GLOB struct glob g = {.steps_left = steps};

	return trim(&g, pattern, value, greedy, out, e);
}

int glob_trim_suffix(struct str pattern, struct str value, bool greedy,
		     size_t *steps, struct str *out, struct err *e)
{
	SCOPED_GLOB struct glob g = {.steps_left = steps, .backward = true};

	return trim(&g, pattern, value, greedy, out, e);
}

/*
 * The leftmost match in value at or after from: true with where it begins and
 * ends.
 */
static bool find(struct glob *g, struct str value, size_t from, size_t *start,
		 size_t *end)
{
	struct str at = str_skip(value, from);

	while (step(g)) {
		struct str left = at;

		if (match_here(g, true, &left)) {
			*start = value.n - at.n;
			*end = value.n - left.n;
			return true;
		}
		/* What is not in all the rest is not in a part of it. */
		if (at.n == 0 || g->exhausted)
			return false;
		(void)take_rune(g, &at);
	}
	return false;
}

int glob_replace(struct buf *out, struct str pattern, struct str value,
		 struct str replacement, size_t *steps, struct err *e)
{
	SCOPED_GLOB struct glob g = {.steps_left = steps};
	size_t start;
	size_t end;

	if (glob_parse(&g, pattern, e) < 0)
		return -1;
	if (find(&g, value, 0, &start, &end)) {
		buf_add_str(out, str_sub(value, 0, start));
		buf_add_str(out, replacement);
		buf_add_str(out, str_skip(value, end));
	} else {
		buf_add_str(out, value);
	}
	return check_steps(&g, e);
}

static size_t template_name_length(struct str s)
{
	size_t n = 0;

	while (n < s.n) {
		struct rune r = rune_at(str_skip(s, n));

		if (r.value != '_' && !rune_is_letter(r.value) &&
		    !rune_is_digit(r.value))
			break;
		n += r.n;
	}
	return n;
}

/* replacement as Go's Regexp.Expand reads it, for one match. */
static void add_expanded(struct buf *out, struct str replacement,
			 struct str match)
{
	struct str head;

	while (str_cut(replacement, '$', &head, &replacement)) {
		bool brace = str_starts(replacement, "{");
		struct str name = str_skip(replacement, brace);
		size_t n = template_name_length(name);

		buf_add_str(out, head);
		if (str_starts(replacement, "$")) {
			buf_add_char(out, '$');
			replacement = str_skip(replacement, 1);
		} else if (n == 0 ||
			   (brace && (n == name.n || name.p[n] != '}'))) {
			buf_add_char(out, '$');
		} else {
			uint64_t group;

			if (str_to_u64(str_sub(name, 0, n), 100, &group) &&
			    group == 0)
				buf_add_str(out, match);
			replacement = str_skip(name, n + brace);
		}
	}
	buf_add_str(out, head);
}

int glob_replace_all(struct buf *out, struct str pattern, struct str value,
		     struct str replacement, size_t *steps, struct err *e)
{
	SCOPED_GLOB struct glob g = {.steps_left = steps};
	size_t copied = 0; /* of value */
	size_t from = 0;
	size_t start;
	size_t end;

	if (glob_parse(&g, pattern, e) < 0)
		return -1;
	while (from <= value.n && find(&g, value, from, &start, &end)) {
		/* Not an empty match right behind the match before. */
		if (end > copied || start == 0) {
			buf_add_str(out, str_sub(value, copied, start));
			add_expanded(out, replacement,
				     str_sub(value, start, end));
			copied = end;
		}
		from = end;
		if (start == end)
			from += from < value.n
					? rune_at(str_skip(value, from)).n
					: 1;
	}
	buf_add_str(out, str_skip(value, copied));
	return check_steps(&g, e);
}
