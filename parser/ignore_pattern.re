#include "parser/ignore_pattern.h"

#include "base/buf.h"
#include "base/vec.h"
#include "parser/match.h"
#include "parser/utf8.h"

#include <string.h>

/*
 * The expression is a list of items, which is an automaton too: being in state
 * i means that item i comes next. Items that may match nothing are passed over
 * at once.
 */
enum item_kind {
	ITEM_RUNE,
	ITEM_SET,        /* [...] */
	ITEM_NOT_NEWLINE, /* "." */
	ITEM_OPEN_DIRS,  /* (.*\/)? begins: the next item, or the one after */
	ITEM_DIRS,       /* anything, and on with the next item at a slash */
	ITEM_START,      /* ^ or \A: here only at the very beginning */
	ITEM_STOP,       /* \z: here only at the very end */
	ITEM_BOUNDARY,   /* \b or, negated, \B */
};

struct item {
	enum item_kind kind;
	bool star; /* any number of times */
	bool negated;
	uint32_t rune;
	const struct rune_range *ranges; /* ITEM_SET */
	size_t n_ranges;
};

enum match_type {
	MATCH_EXACT,
	MATCH_PREFIX,
	MATCH_SUFFIX,
	MATCH_ITEMS,
};

struct ignore_pattern {
	enum match_type type;
	struct str text; /* the path, the prefix or the suffix */
	const struct item *items;
	size_t n_items;
	bool has_boundary;
};

struct translation {
	struct buf expression;
	enum match_type type;
};

/* "**", with the slash behind it where there is one. */
static void translate_stars(struct translation *t, bool first, bool last)
{
	if (!last) {
		buf_add_c(&t->expression, "(.*/)?");
		t->type = MATCH_ITEMS;
	} else if (t->type == MATCH_EXACT) {
		t->type = MATCH_PREFIX;
	} else {
		buf_add_c(&t->expression, ".*");
		t->type = MATCH_ITEMS;
	}
	if (first)
		t->type = MATCH_SUFFIX;
}

/* What patternmatcher's compile makes of text. */
static void translate(struct translation *t, struct str text)
{
	const char *p = text.p;
	const char *limit = text.p + text.n;

	for (;;) {
		const char *from = p;
		bool first = from == text.p;
		const char *marker;

		if (p == limit)
			return;
		/*!re2c
			re2c:api = custom;
			re2c:api:style = free-form;
			re2c:define:YYCTYPE = "unsigned char";
			re2c:define:YYPEEK = "(p < limit ? (unsigned char)*p : 0)";
			re2c:define:YYSKIP = "p++;";
			re2c:define:YYBACKUP = "marker = p;";
			re2c:define:YYRESTORE = "p = marker;";
			re2c:yyfill:enable = 0;

			"**" "/"? {
				translate_stars(t, first, p == limit);
				continue;
			}
			"*" {
				buf_add_c(&t->expression, "[^/]*");
				t->type = MATCH_ITEMS;
				continue;
			}
			"?" {
				buf_add_c(&t->expression, "[^/]");
				t->type = MATCH_ITEMS;
				continue;
			}
			[.+()|{}$] {
				buf_add_char(&t->expression, '\\');
				buf_add_char(&t->expression, *from);
				continue;
			}
			"\\" {
				struct str rest = {p, (size_t)(limit - p)};
				size_t n = rune_at(rest).n;

				buf_add(&t->expression, from, 1 + n);
				p += n;
				t->type = MATCH_ITEMS;
				continue;
			}
			"[" | "]" {
				buf_add_char(&t->expression, *from);
				t->type = MATCH_ITEMS;
				continue;
			}
			* {
				buf_add_char(&t->expression, *from);
				(void)marker;
				continue;
			}
		*/
	}
}

struct compiler {
	struct arena *arena;
	struct str rest; /* of the expression */
	VEC(struct item) items;
	VEC(struct rune_range) ranges;
};

static const struct rune_range digit_ranges[] = {{'0', '9'}};
static const struct rune_range space_ranges[] = {{'\t', '\n'}, {'\f', '\r'},
						 {' ', ' '}};
static const struct rune_range word_ranges[] = {{'0', '9'}, {'A', 'Z'},
						{'_', '_'}, {'a', 'z'}};

struct class {
	const char *name;
	const struct rune_range *ranges;
	size_t n;
};

#define CLASS(name, ranges) {name, ranges, sizeof(ranges) / sizeof(*(ranges))}

static const struct rune_range alnum[] = {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}};
static const struct rune_range alpha[] = {{'A', 'Z'}, {'a', 'z'}};
static const struct rune_range ascii[] = {{0, 0x7f}};
static const struct rune_range blank[] = {{'\t', '\t'}, {' ', ' '}};
static const struct rune_range cntrl[] = {{0, 0x1f}, {0x7f, 0x7f}};
static const struct rune_range graph[] = {{'!', '~'}};
static const struct rune_range lower[] = {{'a', 'z'}};
static const struct rune_range print[] = {{' ', '~'}};
static const struct rune_range punct[] = {{'!', '/'}, {':', '@'}, {'[', '`'},
					  {'{', '~'}};
static const struct rune_range space[] = {{'\t', '\r'}, {' ', ' '}};
static const struct rune_range upper[] = {{'A', 'Z'}};
static const struct rune_range xdigit[] = {{'0', '9'}, {'A', 'F'}, {'a', 'f'}};

static const struct class posix_classes[] = {
	CLASS("[:alnum:]", alnum), CLASS("[:alpha:]", alpha),
	CLASS("[:ascii:]", ascii), CLASS("[:blank:]", blank),
	CLASS("[:cntrl:]", cntrl), CLASS("[:digit:]", digit_ranges),
	CLASS("[:graph:]", graph), CLASS("[:lower:]", lower),
	CLASS("[:print:]", print), CLASS("[:punct:]", punct),
	CLASS("[:space:]", space), CLASS("[:upper:]", upper),
	CLASS("[:word:]", word_ranges), CLASS("[:xdigit:]", xdigit),
};

static uint32_t take_rune(struct str *s)
{
	struct rune r = rune_at(*s);

	*s = str_skip(*s, r.n);
	return r.value;
}

/* The ranges of \d, \s, \w; their negations have an upper-case letter. */
static bool perl_class(char c, const struct rune_range **out, size_t *n)
{
	switch (c | 0x20) {
	case 'd': *out = digit_ranges; *n = 1; return true;
	case 's': *out = space_ranges; *n = 3; return true;
	case 'w': *out = word_ranges; *n = 4; return true;
	}
	return false;
}

/* The rune that \c is, for those that are one. */
static bool escaped_rune(uint32_t c, uint32_t *out)
{
	static const char names[] = "afnrtv";
	static const char values[] = "\a\f\n\r\t\v";
	const char *name;

	if (c >= 0x80)
		return false;
	name = c ? strchr(names, (int)c) : NULL;
	*out = name ? (uint32_t)values[name - names] : c;
	return name || !((c >= '0' && c <= '9') ||
			 ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'));
}

static void add_range(struct compiler *c, uint32_t first, uint32_t last)
{
	struct rune_range *range = vec_push(&c->ranges);

	range->first = first;
	range->last = last;
}

/* All but the ranges, which are sorted. */
static void add_negated(struct compiler *c, const struct rune_range *ranges,
			size_t n)
{
	uint32_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (ranges[i].first > from)
			add_range(c, from, ranges[i].first - 1);
		from = ranges[i].last + 1;
	}
	add_range(c, from, 0x10ffff);
}

static bool take_posix(struct compiler *c)
{
	for (size_t i = 0; i < sizeof(posix_classes) / sizeof(*posix_classes);
	     i++) {
		const struct class *class = &posix_classes[i];

		if (!str_starts(c->rest, class->name))
			continue;
		for (size_t j = 0; j < class->n; j++)
			add_range(c, class->ranges[j].first,
				  class->ranges[j].last);
		c->rest = str_skip(c->rest, strlen(class->name));
		return true;
	}
	return false;
}

static bool take_perl(struct compiler *c)
{
	const struct rune_range *ranges;
	size_t n;

	if (c->rest.n < 2 || c->rest.p[0] != '\\' ||
	    !perl_class(c->rest.p[1], &ranges, &n))
		return false;
	if (c->rest.p[1] >= 'a')
		for (size_t i = 0; i < n; i++)
			add_range(c, ranges[i].first, ranges[i].last);
	else
		add_negated(c, ranges, n);
	c->rest = str_skip(c->rest, 2);
	return true;
}

static bool take_member(struct compiler *c, uint32_t *out)
{
	if (c->rest.n == 0)
		return false;
	if (c->rest.p[0] != '\\') {
		*out = take_rune(&c->rest);
		return true;
	}
	c->rest = str_skip(c->rest, 1);
	return c->rest.n && escaped_rune(take_rune(&c->rest), out);
}

/* '[' '^'? member+ ']'; a ] that comes first is a member. */
static bool compile_set(struct compiler *c)
{
	struct item *item = vec_push(&c->items);
	struct rune_range *copy;
	bool first = true;

	c->ranges.n = 0;
	item->kind = ITEM_SET;
	c->rest = str_skip(c->rest, 1);
	item->negated = str_starts(c->rest, "^");
	c->rest = str_skip(c->rest, item->negated);
	for (; first || !str_starts(c->rest, "]"); first = false) {
		uint32_t low;
		uint32_t high;

		if (take_posix(c) || take_perl(c))
			continue;
		if (!take_member(c, &low))
			return false;
		high = low;
		if (str_starts(c->rest, "-") && c->rest.n > 1 &&
		    c->rest.p[1] != ']') {
			c->rest = str_skip(c->rest, 1);
			if (!take_member(c, &high) || high < low)
				return false;
		}
		add_range(c, low, high);
	}
	c->rest = str_skip(c->rest, 1);
	copy = arena_new_array(c->arena, c->ranges.n, struct rune_range);
	if (c->ranges.n)
		memcpy(copy, c->ranges.v, c->ranges.n * sizeof(*copy));
	item->ranges = copy;
	item->n_ranges = c->ranges.n;
	return true;
}

static bool compile_escape(struct compiler *c)
{
	const struct rune_range *ranges;
	struct item *item = vec_push(&c->items);
	size_t n;
	uint32_t rune;

	c->rest = str_skip(c->rest, 1);
	rune = take_rune(&c->rest);
	if (rune == 'A' || rune == 'z') {
		item->kind = rune == 'A' ? ITEM_START : ITEM_STOP;
		return true;
	}
	if (rune == 'b' || rune == 'B') {
		item->kind = ITEM_BOUNDARY;
		item->negated = rune == 'B';
		return true;
	}
	if (rune < 0x80 && perl_class((char)rune, &ranges, &n)) {
		item->kind = ITEM_SET;
		item->ranges = ranges;
		item->n_ranges = n;
		item->negated = rune < 'a';
		return true;
	}
	item->kind = ITEM_RUNE;
	return escaped_rune(rune, &item->rune);
}

static bool compile_item(struct compiler *c)
{
	struct item *item;

	switch (c->rest.p[0]) {
	case '[': return compile_set(c);
	case '\\': return compile_escape(c);
	case '(': /* only of "(.*\/)?" */
		vec_push(&c->items)->kind = ITEM_OPEN_DIRS;
		vec_push(&c->items)->kind = ITEM_DIRS;
		c->rest = str_skip(c->rest, strlen("(.*/)?"));
		return true;
	case '.': /* only of ".*" */
		vec_push(&c->items)->kind = ITEM_NOT_NEWLINE;
		c->rest = str_skip(c->rest, 1);
		return true;
	case '^':
		vec_push(&c->items)->kind = ITEM_START;
		c->rest = str_skip(c->rest, 1);
		return true;
	}
	item = vec_push(&c->items);
	item->kind = ITEM_RUNE;
	item->rune = take_rune(&c->rest);
	return true;
}

static bool compile(struct compiler *c)
{
	while (c->rest.n) {
		if (!compile_item(c))
			return false;
		if (str_starts(c->rest, "*")) {
			c->items.v[c->items.n - 1].star = true;
			c->rest = str_skip(c->rest, 1);
		}
	}
	return true;
}

static bool make_items(struct arena *a, struct str expression,
		       struct ignore_pattern *p)
{
	struct compiler c = {.arena = a, .rest = expression};
	bool good = compile(&c);
	struct item *items;

	if (good) {
		items = arena_new_array(a, c.items.n, struct item);
		if (c.items.n)
			memcpy(items, c.items.v, c.items.n * sizeof(*items));
		p->items = items;
		p->n_items = c.items.n;
		for (size_t i = 0; i < p->n_items; i++)
			p->has_boundary |= items[i].kind == ITEM_BOUNDARY;
	}
	vec_release(&c.items);
	vec_release(&c.ranges);
	return good;
}

int ignore_pattern_parse(struct arena *a, struct str text,
			 const struct ignore_pattern **out, struct err *e)
{
	struct ignore_pattern *p = arena_new(a, struct ignore_pattern);
	struct translation t = {.expression = BUF_INIT(text.n * 8 + 64)};
	bool good;

	*out = p;
	if (match_name(text, STR(".")) == MATCH_BAD_PATTERN)
		return err_set(e, ERR_INVALID, "malformed pattern '%.*s'",
			       STR_ARG(text));
	translate(&t, text);
	p->type = t.type;
	p->text = text;
	if (t.type == MATCH_PREFIX)
		p->text = str_sub(text, 0, text.n - 2);
	if (t.type == MATCH_SUFFIX)
		p->text = str_skip(text, 2);
	good = t.type != MATCH_ITEMS ||
	       make_items(a, buf_str(&t.expression), p);
	buf_release(&t.expression);
	if (good)
		return 0;
	return err_set(e, ERR_INVALID, "malformed pattern '%.*s'",
		       STR_ARG(text));
}

enum { SMALL_WORDS = 4 };

/* The states that the automaton is in, as bits; n_items is the last one. */
struct states {
	const struct ignore_pattern *p;
	size_t n_words;
	uint64_t *now;
	uint64_t *next;
	uint64_t small[2][SMALL_WORDS];
};

static void states_init(struct states *s, const struct ignore_pattern *p)
{
	s->p = p;
	s->n_words = p->n_items / 64 + 1;
	s->now = s->small[0];
	s->next = s->small[1];
	if (s->n_words > SMALL_WORDS) {
		s->now = xcalloc(2 * s->n_words, sizeof(*s->now));
		s->next = s->now + s->n_words;
	}
	memset(s->now, 0, s->n_words * sizeof(*s->now));
}

static void states_release(struct states *s)
{
	uint64_t *first = s->now < s->next ? s->now : s->next;

	if (s->n_words > SMALL_WORDS)
		free(first);
}

/* Enter state i, and those that it leads to without a rune. */
static void enter(struct states *s, uint64_t *set, size_t i, bool start)
{
	for (;;) {
		const struct item *item;

		if (set[i / 64] >> (i % 64) & 1)
			return;
		set[i / 64] |= (uint64_t)1 << (i % 64);
		if (i == s->p->n_items)
			return;
		item = &s->p->items[i];
		if (item->kind == ITEM_OPEN_DIRS) {
			enter(s, set, i + 1, start);
			i += 2;
		} else if (item->star || (item->kind == ITEM_START && start)) {
			i++;
		} else {
			return;
		}
	}
}

static bool takes(const struct item *item, uint32_t rune)
{
	switch (item->kind) {
	case ITEM_RUNE: return item->rune == rune;
	case ITEM_NOT_NEWLINE:
	case ITEM_DIRS: return rune != '\n';
	case ITEM_SET:
		for (size_t i = 0; i < item->n_ranges; i++)
			if (rune >= item->ranges[i].first &&
			    rune <= item->ranges[i].last)
				return !item->negated;
		return item->negated;
	case ITEM_OPEN_DIRS:
	case ITEM_START:
	case ITEM_STOP:
	case ITEM_BOUNDARY: return false;
	}
	return false;
}

static void step_item(struct states *s, size_t i, uint32_t rune)
{
	const struct item *item = &s->p->items[i];

	if (!takes(item, rune))
		return;
	if (item->kind == ITEM_DIRS) {
		enter(s, s->next, i, false);
		if (rune == '/')
			enter(s, s->next, i + 1, false);
	} else {
		enter(s, s->next, item->star ? i : i + 1, false);
	}
}

/* False where no state is left. */
static bool step(struct states *s, uint32_t rune)
{
	uint64_t *swap = s->now;
	uint64_t any = 0;

	memset(s->next, 0, s->n_words * sizeof(*s->next));
	for (size_t w = 0; w < s->n_words; w++) {
		for (uint64_t bits = s->now[w]; bits; bits &= bits - 1) {
			size_t i = w * 64 + (size_t)__builtin_ctzll(bits);

			if (i < s->p->n_items)
				step_item(s, i, rune);
		}
	}
	for (size_t w = 0; w < s->n_words; w++)
		any |= s->next[w];
	s->now = s->next;
	s->next = swap;
	return any != 0;
}

static bool is_word(uint32_t rune)
{
	return rune == '_' || (rune < 0x80 && (rune_is_letter(rune) ||
					       rune_is_digit(rune)));
}

/* Pass over the boundaries that hold between two runes; 0 is none. */
static void pass_boundaries(struct states *s, uint32_t before, uint32_t after)
{
	bool boundary = is_word(before) != is_word(after);

	if (!s->p->has_boundary)
		return;
	for (size_t i = 0; i < s->p->n_items; i++) {
		const struct item *item = &s->p->items[i];

		if (item->kind == ITEM_BOUNDARY &&
		    boundary != item->negated && s->now[i / 64] >> (i % 64) & 1)
			enter(s, s->now, i + 1, before == 0);
	}
}

/* Read text and then after, 0 being the end; false where no state is left. */
static bool run(struct states *s, struct str text, uint32_t after)
{
	uint32_t before = 0;

	while (text.n) {
		struct rune r = rune_at(text);

		pass_boundaries(s, before, r.value);
		if (!step(s, r.value))
			return false;
		before = r.value;
		text = str_skip(text, r.n);
	}
	pass_boundaries(s, before, after);
	return after == 0 || step(s, after);
}

/* The last state is reached, maybe through items that the end satisfies. */
static bool accepts(const struct states *s)
{
	size_t i = s->p->n_items;

	while (i > 0 && s->p->items[i - 1].kind == ITEM_STOP)
		i--;
	for (; i <= s->p->n_items; i++)
		if (s->now[i / 64] >> (i % 64) & 1)
			return true;
	return false;
}

static bool match_items(const struct ignore_pattern *p, struct str path)
{
	struct states s;
	bool matches;

	states_init(&s, p);
	enter(&s, s.now, 0, true);
	matches = run(&s, path, 0) && accepts(&s);
	states_release(&s);
	return matches;
}

static bool starts(struct str s, struct str prefix)
{
	return str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool ignore_pattern_match(const struct ignore_pattern *p, struct str path)
{
	switch (p->type) {
	case MATCH_EXACT: return str_eq(path, p->text);
	case MATCH_PREFIX: return starts(path, p->text);
	case MATCH_SUFFIX:
		if (path.n >= p->text.n &&
		    str_eq(str_skip(path, path.n - p->text.n), p->text))
			return true;
		return str_starts(p->text, "/") &&
		       str_eq(path, str_skip(p->text, 1));
	case MATCH_ITEMS: return match_items(p, path);
	}
	return false;
}

/* text begins with directory and a slash. */
static bool is_below(struct str text, struct str directory)
{
	return text.n > directory.n && text.p[directory.n] == '/' &&
	       starts(text, directory);
}

bool ignore_pattern_may_match_below(const struct ignore_pattern *p,
				    struct str directory)
{
	struct states s;
	bool may;

	switch (p->type) {
	case MATCH_EXACT: return is_below(p->text, directory);
	case MATCH_PREFIX:
		return is_below(p->text, directory) ||
		       starts(directory, p->text) ||
		       (p->text.n == directory.n + 1 &&
			str_ends(p->text, "/") && starts(p->text, directory));
	case MATCH_SUFFIX: return true;
	case MATCH_ITEMS: break;
	}
	states_init(&s, p);
	enter(&s, s.now, 0, true);
	may = run(&s, directory, '/');
	states_release(&s);
	return may;
}
