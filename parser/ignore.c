#include "parser/ignore.h"

#include "base/vec.h"
#include "parser/ignore_pattern.h"
#include "parser/utf8.h"

#include <string.h>

enum { LINE_MAX_BYTES = 64 * 1024 }; /* BuildKit refuses longer lines too */

struct rule {
	const struct ignore_pattern *pattern;
	bool reinclude; /* it began with ! */
};

struct ignore {
	const struct rule *rules;
	size_t n;
	bool reincludes; /* some rule does */
};

struct rules {
	VEC(struct rule) v;
};

/* Go's filepath.Clean: no ".", no "//", ".." taken back where it can be. */
static struct str clean(struct arena *a, struct str path)
{
	bool rooted = str_starts(path, "/");
	char *to = arena_alloc(a, path.n + 2);
	size_t n = 0;
	size_t keep; /* what .. can't take back */

	if (rooted)
		to[n++] = '/';
	keep = n;
	while (path.n) {
		struct str part;

		(void)str_cut(path, '/', &part, &path);
		if (part.n == 0 || str_eq_c(part, "."))
			continue;
		if (str_eq_c(part, "..") && n > keep) {
			while (n > keep && to[n - 1] != '/')
				n--;
			n -= n > keep;
			continue;
		}
		if (str_eq_c(part, "..") && rooted)
			continue;
		if (n > 0 && to[n - 1] != '/')
			to[n++] = '/';
		memcpy(to + n, part.p, part.n);
		n += part.n;
		if (str_eq_c(part, ".."))
			keep = n;
	}
	if (n == 0)
		to[n++] = '.';
	return (struct str){to, n};
}

/* What ignorefile.ReadAll makes of a line; empty where it holds no pattern. */
static struct str read_line(struct arena *a, struct str line)
{
	struct str pattern = str_trim_space(line);
	bool reinclude = str_starts(pattern, "!");

	if (str_starts(line, "#") || pattern.n == 0)
		return (struct str){0};
	if (reinclude)
		pattern = str_trim_space(str_skip(pattern, 1));
	if (pattern.n) {
		pattern = clean(a, pattern);
		if (pattern.n > 1 && pattern.p[0] == '/')
			pattern = str_skip(pattern, 1);
	}
	if (reinclude)
		return arena_printf(a, "!%.*s", STR_ARG(pattern));
	return pattern;
}

/* What patternmatcher.New makes of a pattern. */
static int add_rule(struct arena *a, struct rules *rules, struct str text,
		    struct err *e)
{
	struct rule rule = {0};

	text = str_trim_space(text);
	if (text.n == 0)
		return 0;
	text = clean(a, text);
	rule.reinclude = str_starts(text, "!");
	text = str_skip(text, rule.reinclude);
	if (text.n == 0)
		return err_set(e, ERR_INVALID,
			       "a ! must be followed by a pattern");
	if (ignore_pattern_parse(a, text, &rule.pattern, e) < 0)
		return -1;
	*vec_push(&rules->v) = rule;
	return 0;
}

static const struct ignore *make(struct arena *a, struct rules *rules)
{
	struct ignore *ig = arena_new(a, struct ignore);
	struct rule *v = arena_new_array(a, rules->v.n, struct rule);

	for (size_t i = 0; i < rules->v.n; i++) {
		v[i] = rules->v.v[i];
		ig->reincludes |= v[i].reinclude;
	}
	ig->rules = v;
	ig->n = rules->v.n;
	return ig;
}

static int parse_lines(struct arena *a, struct str text, struct rules *rules,
		       struct err *e)
{
	size_t number = 1;
	struct str line;

	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_skip(text, 3);
	for (; text.n; number++) {
		(void)str_cut(text, '\n', &line, &text);
		if (line.n >= LINE_MAX_BYTES)
			return err_set(e, ERR_LIMIT,
				       "line %zu is longer than %d bytes",
				       number, LINE_MAX_BYTES);
		if (add_rule(a, rules, read_line(a, line), e) < 0)
			return err_wrap(e, "line %zu", number);
	}
	return 0;
}

int ignore_parse(struct arena *a, struct str text, const struct ignore **out,
		 struct err *e)
{
	struct rules rules = {0};
	int r = parse_lines(a, text, &rules, e);

	if (r == 0)
		*out = make(a, &rules);
	vec_release(&rules.v);
	return r;
}

int ignore_from_patterns(struct arena *a, const struct str *patterns, size_t n,
			 const struct ignore **out, struct err *e)
{
	struct rules rules = {0};
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = add_rule(a, &rules, patterns[i], e);
	if (r == 0)
		*out = make(a, &rules);
	vec_release(&rules.v);
	return r;
}

bool ignore_is_empty(const struct ignore *ig)
{
	return ig->n == 0;
}

bool ignore_has_exceptions(const struct ignore *ig)
{
	return ig->reincludes;
}

struct ignore_state ignore_root(const struct ignore *ig)
{
	(void)ig;
	return (struct ignore_state){.may_reinclude = true};
}

static bool bit(const uint64_t *bits, size_t i)
{
	return bits && (bits[i / 64] >> (i % 64) & 1);
}

/*
 * Below path, only a ! rule behind the last rule that path matched can change
 * the verdict: what matches a folder matches all below it.
 */
static bool may_reinclude(const struct ignore *ig, const uint64_t *matches,
			  struct str path)
{
	for (size_t i = ig->n; i > 0; i--) {
		const struct rule *rule = &ig->rules[i - 1];

		if (!rule->reinclude && bit(matches, i - 1))
			return false;
		if (rule->reinclude &&
		    ignore_pattern_may_match_below(rule->pattern, path))
			return true;
	}
	return false;
}

struct ignore_state ignore_step(const struct ignore *ig, struct arena *a,
				const struct ignore_state *parent,
				struct str path)
{
	const uint64_t *above = parent->parent_matches;
	uint64_t *matches = arena_new_array(a, ig->n / 64 + 1, uint64_t);
	struct ignore_state state = {.parent_matches = matches};

	for (size_t i = 0; i < ig->n; i++) {
		const struct rule *rule = &ig->rules[i];

		if (!bit(above, i)) {
			/* It could not change the verdict. */
			if (rule->reinclude != state.excluded)
				continue;
			if (!ignore_pattern_match(rule->pattern, path))
				continue;
		}
		matches[i / 64] |= (uint64_t)1 << (i % 64);
		state.excluded = !rule->reinclude;
	}
	state.may_reinclude =
		!state.excluded ||
		(ig->reincludes && may_reinclude(ig, matches, path));
	return state;
}

bool ignore_excludes(const struct ignore *ig, struct arena *a, struct str path)
{
	struct ignore_state state = ignore_root(ig);

	for (size_t i = 0; i <= path.n; i++)
		if (i == path.n || path.p[i] == '/')
			state = ignore_step(ig, a, &state, str_sub(path, 0, i));
	return state.excluded;
}
