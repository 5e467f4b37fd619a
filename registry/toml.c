#include "registry/toml.h"

#include <string.h>

struct toml toml_begin(struct arena *a, struct str text, const char *what)
{
	return (struct toml){a, text, what, 1};
}

static int wrong(const struct toml *t, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s: line %u: %s", t->what, t->line,
		       what);
}

static char peek(const struct toml *t)
{
	return t->rest.n ? t->rest.p[0] : '\0';
}

static void step(struct toml *t)
{
	if (peek(t) == '\n')
		t->line++;
	t->rest = str_skip(t->rest, 1);
}

static bool take(struct toml *t, char c)
{
	if (!t->rest.n || peek(t) != c)
		return false;
	step(t);
	return true;
}

static void skip_blanks(struct toml *t)
{
	while (peek(t) == ' ' || peek(t) == '\t')
		step(t);
}

static void skip_comment(struct toml *t)
{
	if (peek(t) == '#')
		while (t->rest.n && peek(t) != '\n')
			step(t);
}

/* Blanks, comments and ends of lines. */
static void skip_lines(struct toml *t)
{
	size_t before;

	do {
		before = t->rest.n;
		skip_blanks(t);
		skip_comment(t);
		if (peek(t) == '\r' || peek(t) == '\n')
			step(t);
	} while (t->rest.n != before);
}

static int end_line(struct toml *t, struct err *e)
{
	skip_blanks(t);
	skip_comment(t);
	(void)take(t, '\r');
	if (t->rest.n && !take(t, '\n'))
		return wrong(t, "expected the end of the line", e);
	return 0;
}

/* \b \t \n \f \r \" \\ ; \u is not of registries.conf */
static int take_escape(struct toml *t, char *out, struct err *e)
{
	static const char from[] = "btnfr\"\\";
	static const char to[] = "\b\t\n\f\r\"\\";
	const char *at = t->rest.n && peek(t) ? strchr(from, peek(t)) : NULL;

	if (!at)
		return wrong(t, "an escape that is not known", e);
	*out = to[at - from];
	step(t);
	return 0;
}

/* "basic" or 'literal' */
static int take_string(struct toml *t, struct str *out, struct err *e)
{
	char quote = peek(t);
	char *text = arena_alloc(t->arena, t->rest.n);
	size_t n = 0;

	step(t);
	while (t->rest.n && peek(t) != quote && peek(t) != '\n') {
		text[n] = peek(t);
		step(t);
		if (text[n] == '\\' && quote == '"' &&
		    take_escape(t, &text[n], e) < 0)
			return -1;
		n++;
	}
	if (!take(t, quote))
		return wrong(t, "a string without its end", e);
	*out = (struct str){text, n};
	return 0;
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static struct str take_bare(struct toml *t)
{
	struct str word = {t->rest.p, 0};

	while (t->rest.n && is_bare(peek(t))) {
		step(t);
		word.n++;
	}
	return word;
}

/* key := part { "." part } */
static int take_key(struct toml *t, struct str *out, struct err *e)
{
	struct str part;

	*out = (struct str){0};
	do {
		skip_blanks(t);
		if (peek(t) == '"' || peek(t) == '\'') {
			if (take_string(t, &part, e) < 0)
				return -1;
		} else {
			part = take_bare(t);
			if (!part.n)
				return wrong(t, "expected a key", e);
		}
		*out = out->n ? arena_printf(t->arena, "%.*s.%.*s",
					     STR_ARG(*out), STR_ARG(part))
			      : part;
		skip_blanks(t);
	} while (take(t, '.'));
	return 0;
}

static int take_word(struct toml *t, struct toml_item *out, struct err *e)
{
	bool negative = take(t, '-');
	struct str word = take_bare(t);
	uint64_t n;

	out->kind = TOML_BOOL;
	out->boolean = str_eq_c(word, "true");
	if (!negative && (out->boolean || str_eq_c(word, "false")))
		return 0;
	out->kind = TOML_INTEGER;
	if (!str_to_u64(word, INT64_MAX, &n))
		return wrong(t,
			     "a value that is no string, boolean, integer "
			     "or array",
			     e);
	out->integer = negative ? -(int64_t)n : (int64_t)n;
	return 0;
}

static int take_array(struct toml *t, struct toml_item *out, struct err *e)
{
	struct toml_item element = {0};

	out->kind = TOML_STRINGS;
	step(t);
	for (;;) {
		skip_lines(t);
		if (take(t, ']'))
			return 0;
		if (peek(t) == '"' || peek(t) == '\'') {
			if (take_string(t, &element.string, e) < 0)
				return -1;
			out->strings = str_list_add(t->arena, out->strings,
						    element.string);
		} else if (take_word(t, &element, e) < 0) {
			return -1;
		}
		skip_lines(t);
		if (!take(t, ',') && peek(t) != ']')
			return wrong(t, "expected ',' or ']' in an array", e);
	}
}

static int take_value(struct toml *t, struct toml_item *out, struct err *e)
{
	switch (peek(t)) {
	case '"':
	case '\'':
		out->kind = TOML_STRING;
		return take_string(t, &out->string, e);
	case '[': return take_array(t, out, e);
	default: return take_word(t, out, e);
	}
}

static int take_table(struct toml *t, struct toml_item *out, struct err *e)
{
	step(t);
	out->kind = take(t, '[') ? TOML_ARRAY_TABLE : TOML_TABLE;
	if (take_key(t, &out->key, e) < 0)
		return -1;
	if (!take(t, ']') || (out->kind == TOML_ARRAY_TABLE && !take(t, ']')))
		return wrong(t, "a table's name without its ']'", e);
	return end_line(t, e);
}

int toml_next(struct toml *t, struct toml_item *out, struct err *e)
{
	*out = (struct toml_item){0};
	skip_lines(t);
	out->line = t->line;
	if (!t->rest.n)
		return 0;
	if (peek(t) == '[')
		return take_table(t, out, e) < 0 ? -1 : 1;
	if (take_key(t, &out->key, e) < 0)
		return -1;
	if (!take(t, '='))
		return wrong(t, "expected '=' after a key", e);
	skip_blanks(t);
	if (take_value(t, out, e) < 0)
		return -1;
	return end_line(t, e) < 0 ? -1 : 1;
}
