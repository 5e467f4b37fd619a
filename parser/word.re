/*
 * The word parser. Grammar, E standing for the escape character:
 *
 *   word    = ( bare | E any | "'" [^']* "'" | dquote | dollar )*
 *   dquote  = '"' ( bare | E ["$E] | E | dollar )* '"'
 *   dollar  = '$' name? | '${' name '}' | '${' name op word '}'
 *           | '${' name '/' '/'? word '/' word '}'
 *   op      = ':'? [-+?] | '#' | '%'
 *   name    = [letter _] [letter digit _]* | digit+ | [@*#?$!-]
 *
 * The operand of # % / // is parsed "raw": an escape stays in it, because the
 * pattern or its replacement reads it later.
 */
#include "base/vec.h"
#include "parser/utf8.h"
#include "parser/word_template.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	DEPTH_MAX = 200, /* of ${ inside ${ */
	SMALL_NODES = 32,
	SMALL_CHARS = 512,
};

struct places {
	VEC(struct span) v;
};

struct word_parser {
	const char *start;
	const char *p; /* where parsing stands */
	const char *limit;
	char escape;
	bool quotes; /* false in a heredoc's content: ' and " are bare there */
	unsigned depth;
	struct node *nodes;
	uint32_t n_nodes;
	uint32_t nodes_cap;
	uint32_t n_closed; /* nodes that no text may be added to any more */
	char *chars;
	uint32_t n_chars;
	uint32_t chars_cap;
	struct node small_nodes[SMALL_NODES];
	char small_chars[SMALL_CHARS];
	const char *error; /* static; NULL while all is well */
	const char *error_at;
	struct places *places; /* of the names read, for who asks; NULL */
};

static void parser_init(struct word_parser *wp, struct str text, char escape)
{
	wp->start = text.p;
	wp->p = text.p;
	wp->limit = text.p + text.n;
	wp->escape = escape;
	wp->quotes = true;
	wp->depth = 0;
	wp->nodes = wp->small_nodes;
	wp->n_nodes = 0;
	wp->nodes_cap = SMALL_NODES;
	wp->n_closed = 0;
	wp->chars = wp->small_chars;
	wp->n_chars = 0;
	wp->chars_cap = SMALL_CHARS;
	wp->error = NULL;
	wp->places = NULL;
}

static void parser_release(struct word_parser *wp)
{
	if (wp->nodes != wp->small_nodes)
		free(wp->nodes);
	if (wp->chars != wp->small_chars)
		free(wp->chars);
}

static bool fail(struct word_parser *wp, const char *at, const char *message)
{
	wp->error = message;
	wp->error_at = at;
	return false;
}

static struct node *push_node(struct word_parser *wp, enum node_kind kind)
{
	struct node *node;

	if (wp->n_nodes == wp->nodes_cap) {
		size_t cap = (size_t)wp->nodes_cap * 2;
		struct node *more = xreallocarray(NULL, cap, sizeof(*more));

		memcpy(more, wp->nodes, wp->n_nodes * sizeof(*more));
		if (wp->nodes != wp->small_nodes)
			free(wp->nodes);
		wp->nodes = more;
		wp->nodes_cap = (uint32_t)cap;
	}
	node = &wp->nodes[wp->n_nodes++];
	*node = (struct node){
		.kind = (uint8_t)kind,
		.offset = wp->n_chars,
		.end = wp->n_nodes,
	};
	return node;
}

static void push_chars(struct word_parser *wp, const char *p, size_t n)
{
	if (n > wp->chars_cap - wp->n_chars) {
		size_t cap = wp->chars_cap;
		char *more;

		while (cap - wp->n_chars < n)
			cap *= 2;
		more = xmalloc(cap);
		memcpy(more, wp->chars, wp->n_chars);
		if (wp->chars != wp->small_chars)
			free(wp->chars);
		wp->chars = more;
		wp->chars_cap = (uint32_t)cap;
	}
	memcpy(wp->chars + wp->n_chars, p, n);
	wp->n_chars += (uint32_t)n;
}

/* Add text, to the node before where that is of the same kind and open. */
static void push_text(struct word_parser *wp, enum node_kind kind,
		      const char *p, size_t n)
{
	struct node *node = NULL;

	if (n == 0)
		return;
	if (wp->n_nodes > wp->n_closed)
		node = &wp->nodes[wp->n_nodes - 1];
	if (!node || node->kind != kind || node->offset + node->n != wp->n_chars)
		node = push_node(wp, kind);
	push_chars(wp, p, n);
	node->n += (uint32_t)n;
}

static struct str rest(const struct word_parser *wp)
{
	return (struct str){wp->p, (size_t)(wp->limit - wp->p)};
}

/* What comes next; 0 at the end (a NUL byte reads the same: see at_end). */
static char peek(const struct word_parser *wp)
{
	return wp->p < wp->limit ? *wp->p : '\0';
}

static bool at_end(const struct word_parser *wp)
{
	return wp->p == wp->limit;
}

/*!re2c
	re2c:api = custom;
	re2c:api:style = free-form;
	re2c:define:YYCTYPE = "unsigned char";
	re2c:define:YYPEEK = "(p < limit ? (unsigned char)*p : 0)";
	re2c:define:YYSKIP = "p++;";
	re2c:define:YYBACKUP = "marker = p;";
	re2c:define:YYRESTORE = "p = marker;";
	re2c:yyfill:enable = 0;
*/

/* The end of the run of bytes that mean only themselves outside quotes. */
static const char *skip_bare(const char *p, const char *limit)
{
	for (;;) {
		const char *from = p;
		/*!re2c
			[^\x00'"$\\`}/]+ { continue; }
			* { return from; }
		*/
	}
}

/* The same between double quotes. */
static const char *skip_quoted(const char *p, const char *limit)
{
	for (;;) {
		const char *from = p;
		/*!re2c
			[^\x00"$\\`]+ { continue; }
			* { return from; }
		*/
	}
}

/* The end of an ASCII name at p; p where there is none. */
static const char *skip_name(const char *p, const char *limit)
{
	const char *from = p;
	/*!re2c
		[a-zA-Z_] [a-zA-Z0-9_]* { return p; }
		[0-9]+                  { return p; }
		[@*#?$!-]               { return p; }
		*                       { return from; }
	*/
}

static bool name_goes_on(uint32_t rune, bool digits)
{
	if (digits)
		return rune_is_digit(rune);
	return rune == '_' || rune_is_letter(rune) || rune_is_digit(rune);
}

/* name, above; letters and digits are Unicode's. */
static struct str parse_name(struct word_parser *wp)
{
	const char *from = wp->p;
	bool special;
	bool digits;

	wp->p = skip_name(wp->p, wp->limit);
	special = wp->p == from + 1 && strchr("@*#?$!-", *from);
	digits = wp->p > from ? *from >= '0' && *from <= '9'
			      : rune_is_digit(rune_at(rest(wp)).value);
	if (!special && ((unsigned char)peek(wp) >= 0x80)) {
		while (name_goes_on(rune_at(rest(wp)).value, digits))
			wp->p += rune_at(rest(wp)).n;
	}
	return (struct str){from, (size_t)(wp->p - from)};
}

static bool parse_list(struct word_parser *wp, char stop, bool raw);
static bool parse_dollar(struct word_parser *wp, bool quoted);

static void note_place(struct word_parser *wp, struct str name)
{
	struct span *place;

	if (!wp->places || name.n == 0)
		return;
	place = vec_push(&wp->places->v);
	place->offset = (uint32_t)(name.p - wp->start);
	place->end = place->offset + (uint32_t)name.n;
}

static void push_variable(struct word_parser *wp, struct str name, bool quoted)
{
	struct node *node = push_node(wp, NODE_VARIABLE);

	note_place(wp, name);
	node->n = (uint32_t)name.n;
	node->quoted = quoted;
	push_chars(wp, name.p, name.n);
}

static bool parse_single_quoted(struct word_parser *wp)
{
	const char *from = wp->p++;
	const char *close = at_end(wp) ? NULL
				       : memchr(wp->p, '\'', rest(wp).n);

	if (!close)
		return fail(wp, from, "no closing ' for this quote");
	push_text(wp, NODE_RAW, wp->p, (size_t)(close - wp->p));
	wp->p = close + 1;
	return true;
}

/* E ["$E] or a lone E, between double quotes. */
static void parse_quoted_escape(struct word_parser *wp, bool raw)
{
	const char *escape = wp->p++;
	char next = peek(wp);

	if (raw)
		push_text(wp, NODE_RAW, escape, 1);
	if (at_end(wp))
		return;
	if (next == '"' || next == '$' || next == wp->escape)
		push_text(wp, NODE_RAW, wp->p++, 1);
	else /* so an escape counts twice in a pattern: there, it is literal */
		push_text(wp, NODE_RAW, escape, 1);
}

static bool parse_double_quoted(struct word_parser *wp, bool raw)
{
	const char *from = wp->p++;

	for (;;) {
		const char *run = skip_quoted(wp->p, wp->limit);

		push_text(wp, NODE_RAW, wp->p, (size_t)(run - wp->p));
		wp->p = run;
		if (at_end(wp))
			return fail(wp, from, "no closing \" for this quote");
		if (*wp->p == '"') {
			wp->p++;
			return true;
		}
		if (*wp->p == '$') {
			if (!parse_dollar(wp, true))
				return false;
		} else if (*wp->p == wp->escape) {
			parse_quoted_escape(wp, raw);
		} else {
			push_text(wp, NODE_RAW, wp->p++, 1);
		}
	}
}

/* The escape outside quotes: the next rune, whatever it is, loses its meaning. */
static void parse_escape(struct word_parser *wp, bool raw)
{
	const char *escape = wp->p++;
	uint32_t n = rune_at(rest(wp)).n;

	if (raw)
		push_text(wp, NODE_RAW, escape, 1);
	push_text(wp, NODE_RAW, wp->p, n);
	wp->p += n;
}

static bool parse_operator(struct word_parser *wp, struct str name,
			   enum operator operator, bool colon, bool quoted)
{
	bool raw = operator >= OPERATOR_TRIM_PREFIX;
	bool two = operator >= OPERATOR_REPLACE;
	struct node *node = push_node(wp, NODE_OPERATOR);
	uint32_t at = wp->n_nodes - 1;

	note_place(wp, name);
	node->n = (uint32_t)name.n;
	node->operator = (uint8_t)operator;
	node->colon = colon;
	node->quoted = quoted;
	push_chars(wp, name.p, name.n);
	if (++wp->depth > DEPTH_MAX)
		return fail(wp, wp->p, "substitutions are nested too deeply");
	wp->n_closed = wp->n_nodes;
	if (!parse_list(wp, two ? '/' : '}', raw))
		return false;
	wp->nodes[at].first_end = wp->n_nodes;
	wp->n_closed = wp->n_nodes;
	if (two && !parse_list(wp, '}', true))
		return false;
	wp->nodes[at].end = wp->n_nodes;
	wp->n_closed = wp->n_nodes;
	wp->depth--;
	return true;
}

static bool bad_modifier(struct word_parser *wp)
{
	if (at_end(wp))
		return fail(wp, wp->p, "no closing } for ${");
	return fail(wp, wp->p, "unknown modifier %s in ${...}");
}

/* What follows ${name: one of } - + ? # % / or, before - + ?, a colon. */
static bool parse_modifier(struct word_parser *wp, struct str name,
			   bool quoted)
{
	bool colon = peek(wp) == ':';

	if (colon)
		wp->p++;
	switch (peek(wp)) {
	case '}':
		if (colon)
			return bad_modifier(wp);
		wp->p++;
		push_variable(wp, name, quoted);
		return true;
	case '-':
		wp->p++;
		return parse_operator(wp, name, OPERATOR_DEFAULT, colon, quoted);
	case '+':
		wp->p++;
		return parse_operator(wp, name, OPERATOR_ALTERNATE, colon,
				      quoted);
	case '?':
		wp->p++;
		return parse_operator(wp, name, OPERATOR_REQUIRE, colon, quoted);
	}
	if (colon)
		return bad_modifier(wp);
	switch (peek(wp)) {
	case '#':
		wp->p++;
		return parse_operator(wp, name, OPERATOR_TRIM_PREFIX, false,
				      quoted);
	case '%':
		wp->p++;
		return parse_operator(wp, name, OPERATOR_TRIM_SUFFIX, false,
				      quoted);
	case '/':
		wp->p++;
		if (peek(wp) != '/')
			return parse_operator(wp, name, OPERATOR_REPLACE, false,
					      quoted);
		wp->p++;
		return parse_operator(wp, name, OPERATOR_REPLACE_ALL, false,
				      quoted);
	}
	return bad_modifier(wp);
}

static bool parse_dollar(struct word_parser *wp, bool quoted)
{
	const char *dollar = wp->p++;
	struct str name;

	if (peek(wp) == '{') {
		wp->p++;
		if (at_end(wp))
			return fail(wp, dollar, "no closing } for ${");
		if (strchr("{}:", *wp->p) && *wp->p)
			return fail(wp, wp->p, "${ must be followed by a name");
		return parse_modifier(wp, parse_name(wp), quoted);
	}
	name = parse_name(wp);
	if (name.n)
		push_variable(wp, name, quoted);
	else /* a variable's value could be split; so can this */
		push_text(wp, quoted ? NODE_RAW : NODE_TEXT, dollar, 1);
	return true;
}

/* word, above, up to stop (consumed) or, where stop is 0, the end. */
static bool parse_list(struct word_parser *wp, char stop, bool raw)
{
	const char *from = wp->p;

	for (;;) {
		const char *run = skip_bare(wp->p, wp->limit);

		push_text(wp, NODE_TEXT, wp->p, (size_t)(run - wp->p));
		wp->p = run;
		if (at_end(wp))
			break;
		if (stop && *wp->p == stop) {
			wp->p++;
			return true;
		}
		if (*wp->p == '$') {
			if (!parse_dollar(wp, false))
				return false;
		} else if (*wp->p == '\'' && wp->quotes) {
			if (!parse_single_quoted(wp))
				return false;
		} else if (*wp->p == '"' && wp->quotes) {
			if (!parse_double_quoted(wp, raw))
				return false;
		} else if (*wp->p == wp->escape) {
			parse_escape(wp, raw);
		} else {
			push_text(wp, NODE_TEXT, wp->p++, 1);
		}
	}
	if (stop == '/')
		return fail(wp, from, "no / after the pattern in ${name/");
	if (stop)
		return fail(wp, from, "no closing } for ${");
	return true;
}

/* Runes only: a malformed byte becomes U+FFFD, as it does in Go. */
static struct str sanitize(struct arena *a, struct str text)
{
	char *copy = arena_alloc(a, text.n * 3 + 1);
	size_t n = 0;

	while (text.n) {
		struct rune r = rune_at(text);

		if (r.value == RUNE_BAD && r.n == 1) {
			memcpy(copy + n, "\xef\xbf\xbd", 3);
			n += 3;
		} else {
			memcpy(copy + n, text.p, r.n);
			n += r.n;
		}
		text = str_skip(text, r.n);
	}
	return (struct str){copy, n};
}

static struct word_names collect_names(struct arena *a,
				       const struct word_template *t)
{
	struct str *v;
	size_t n = 0;

	for (size_t i = 0; i < t->n_nodes; i++)
		n += t->nodes[i].kind >= NODE_VARIABLE;
	if (n == 0)
		return (struct word_names){0};
	v = arena_new_array(a, n, struct str);
	n = 0;
	for (size_t i = 0; i < t->n_nodes; i++) {
		const struct node *node = &t->nodes[i];

		if (node->kind >= NODE_VARIABLE)
			v[n++] = str_sub(t->text, node->offset,
					 node->offset + node->n);
	}
	return (struct word_names){v, n};
}

static const struct word_template *make(struct arena *a,
					const struct word_parser *wp)
{
	struct word_template *t = arena_new(a, struct word_template);
	struct node *nodes;

	t->text = arena_str(a, (struct str){wp->chars, wp->n_chars});
	if (wp->n_nodes == 0)
		return t;
	nodes = arena_new_array(a, wp->n_nodes, struct node);
	memcpy(nodes, wp->nodes, wp->n_nodes * sizeof(*nodes));
	t->nodes = nodes;
	t->n_nodes = wp->n_nodes;
	t->names = collect_names(a, t);
	return t;
}

static void report(struct arena *a, const struct word_parser *wp,
		   struct word_error *we)
{
	char rune[8] = {0};
	struct str at = {wp->error_at, (size_t)(wp->limit - wp->error_at)};

	we->offset = (size_t)(wp->error_at - wp->start);
	if (!strstr(wp->error, "%s")) {
		we->text = str_from(wp->error);
		return;
	}
	memcpy(rune, at.p, rune_at(at).n);
	we->text = arena_printf(a, "unknown modifier %s in ${...}", rune);
}

static int parse(struct arena *a, struct str text, char escape, bool quotes,
		 const struct word_template **out, struct word_error *we)
{
	struct word_parser wp;
	bool ok;

	assert(text.n < UINT32_MAX / 4);
	parser_init(&wp, text, escape);
	wp.quotes = quotes;
	ok = parse_list(&wp, '\0', false);
	if (ok)
		*out = make(a, &wp);
	else
		report(a, &wp, we);
	parser_release(&wp);
	return ok ? 0 : -1;
}

/* No byte of text means anything but itself. */
static bool is_literal(struct str text)
{
	const char *p = text.p;
	const char *limit = p + text.n;
	/*!re2c
		[^\x00-\x08\x0e-\x1f\x7f-\xff'"$\\`]+ { return p == limit; }
		* { return false; }
	*/
}

static int make_literal(struct arena *a, struct str text,
			const struct word_template **out)
{
	struct word_template *t = arena_new(a, struct word_template);

	t->text = text;
	*out = t;
	return 0;
}

int word_parse(struct arena *a, struct str text, char escape,
	       const struct word_template **out, struct word_error *we)
{
	if (text.n == 0 || is_literal(text))
		return make_literal(a, text, out);
	if (!utf8_is_valid(text))
		text = sanitize(a, text);
	if (str_starts(text, "\xef\xbb\xbf")) /* Go's scanner skips one */
		text = str_skip(text, 3);
	return parse(a, text, escape, true, out, we);
}

int word_parse_content(struct arena *a, struct str text,
		       const struct word_template **out, struct word_error *we)
{
	if (text.n == 0)
		return make_literal(a, text, out);
	if (!utf8_is_valid(text))
		text = sanitize(a, text);
	return parse(a, text, '\\', false, out, we);
}

struct word_names word_names(const struct word_template *t)
{
	return t->names;
}

/* The text is parsed anew: places are seldom asked for. */
static struct word_places find_places(struct arena *a, struct str text,
				      char escape, bool quotes)
{
	struct word_places out = {0};
	struct places found = {0};
	struct word_parser wp;
	struct span *v;

	parser_init(&wp, text, escape);
	wp.quotes = quotes;
	wp.places = &found;
	if (parse_list(&wp, '\0', false) && found.v.n) {
		v = arena_new_array(a, found.v.n, struct span);
		memcpy(v, found.v.v, found.v.n * sizeof(*v));
		out = (struct word_places){v, found.v.n};
	}
	parser_release(&wp);
	vec_release(&found.v);
	return out;
}

struct word_places word_places(struct arena *a, struct str text, char escape)
{
	return find_places(a, text, escape, true);
}

struct word_places word_places_in_content(struct arena *a, struct str text)
{
	return find_places(a, text, '\\', false);
}
