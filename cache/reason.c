#include "cache/reason.h"

#include "base/strmap.h"

#include <string.h>

enum { VALUE_MAX_BYTES = 400 }; /* what a person reads of a value */

void reasons_release(struct reasons *r)
{
	vec_release(&r->v);
	arena_release(&r->arena);
}

struct reason *reasons_add(struct reasons *r, enum reason_kind kind)
{
	struct reason *out = vec_push(&r->v);

	out->kind = kind;
	return out;
}

static const char *const KINDS[] = {
	[REASON_FIRST] = "first", [REASON_NO_CACHE] = "no-cache",
	[REASON_GONE] = "gone",	  [REASON_COMPONENT] = "component",
	[REASON_FILE] = "file",	  [REASON_MORE] = "more",
	[REASON_SAME] = "same",
};

static const char *const FIELDS[] = {
	[REASON_FIELD_NONE] = "",	    [REASON_FIELD_ADDED] = "added",
	[REASON_FIELD_GONE] = "gone",	    [REASON_FIELD_TYPE] = "type",
	[REASON_FIELD_CONTENT] = "content", [REASON_FIELD_MODE] = "mode",
	[REASON_FIELD_OWNER] = "owner",
};

const char *reason_kind_name(enum reason_kind kind)
{
	return KINDS[kind];
}

const char *reason_field_name(enum reason_field f)
{
	return FIELDS[f];
}

/* The values of a name, in their order. */
struct values {
	VEC(struct str) v;
};

static void find_values(const struct key *k, struct str name,
			struct values *out)
{
	out->v.n = 0;
	for (size_t i = 0; i < k->components.n; i++)
		if (str_eq(k->components.v[i].name, name))
			*vec_push(&out->v) = k->components.v[i].value;
}

static bool same_values(const struct values *a, const struct values *b)
{
	if (a->v.n != b->v.n)
		return false;
	for (size_t i = 0; i < a->v.n; i++)
		if (!str_eq(a->v.v[i], b->v.v[i]))
			return false;
	return true;
}

/* Of two texts the lines where they begin to differ. */
static void cut_to_lines(struct str *a, struct str *b)
{
	size_t n = 0;
	size_t start = 0;
	ptrdiff_t end;

	while (n < a->n && n < b->n && a->p[n] == b->p[n]) {
		if (a->p[n] == '\n')
			start = n + 1;
		n++;
	}
	*a = str_skip(*a, start);
	*b = str_skip(*b, start);
	end = str_find(*a, '\n');
	if (end >= 0)
		*a = str_sub(*a, 0, (size_t)end);
	end = str_find(*b, '\n');
	if (end >= 0)
		*b = str_sub(*b, 0, (size_t)end);
	*a = str_sub(*a, 0, VALUE_MAX_BYTES);
	*b = str_sub(*b, 0, VALUE_MAX_BYTES);
}

static void add_component(struct reasons *r, struct str name,
			  struct str subject, const struct str *before,
			  const struct str *after)
{
	struct reason *out = reasons_add(r, REASON_COMPONENT);
	struct str a = before ? *before : (struct str){0};
	struct str b = after ? *after : (struct str){0};

	cut_to_lines(&a, &b);
	out->component = arena_str(&r->arena, name);
	out->subject = arena_str(&r->arena, subject);
	out->had_before = before != NULL;
	out->has_after = after != NULL;
	out->before = arena_str(&r->arena, a);
	out->after = arena_str(&r->arena, b);
}

/* Names to their values; those are borrowed. */
static void map_env(struct strmap *out, const struct values *env)
{
	for (size_t i = 0; i < env->v.n; i++) {
		struct str name, value;

		(void)str_cut(env->v.v[i], '=', &name, &value);
		strmap_set(out, name, &env->v.v[i]);
	}
}

/* NULL: it has none. */
static const struct str *find_variable(const struct strmap *env,
				       struct str name, struct str *value)
{
	const struct str *found = strmap_get(env, name);

	if (!found)
		return NULL;
	(void)str_cut(*found, '=', &name, value);
	return value;
}

static void compare_env(struct reasons *r, struct str component,
			const struct values *before, const struct values *after)
{
	const struct values *const both[] = {before, after};
	struct strmap maps[2] = {0};

	map_env(&maps[0], before);
	map_env(&maps[1], after);
	for (size_t side = 0; side < 2; side++) {
		for (size_t i = 0; i < both[side]->v.n; i++) {
			struct str name, rest, a, b;
			const struct str *old, *new;

			(void)str_cut(both[side]->v.v[i], '=', &name, &rest);
			old = find_variable(&maps[0], name, &a);
			new = find_variable(&maps[1], name, &b);
			/* those of both sides were told with the first */
			if ((side == 1 && old) ||
			    (old && new &&str_eq(*old, *new)))
				continue;
			add_component(r, component, name, old, new);
		}
	}
	strmap_release(&maps[0]);
	strmap_release(&maps[1]);
}

/* The first value that differs stands for a list. */
static void compare_list(struct reasons *r, struct str component,
			 const struct values *before,
			 const struct values *after)
{
	const struct str *old, *new;
	size_t i = 0;

	while (i < before->v.n && i < after->v.n &&
	       str_eq(before->v.v[i], after->v.v[i]))
		i++;
	old = i < before->v.n ? &before->v.v[i] : NULL;
	new = i < after->v.n ? &after->v.v[i] : NULL;
	add_component(r, component, (struct str){0}, old, new);
}

static void compare_name(struct reasons *r, const struct key *before,
			 const struct key *after, struct str name)
{
	struct values a = {0};
	struct values b = {0};

	find_values(before, name, &a);
	find_values(after, name, &b);
	if (!same_values(&a, &b)) {
		if (str_eq_c(name, "env"))
			compare_env(r, name, &a, &b);
		else
			compare_list(r, name, &a, &b);
	}
	vec_release(&a.v);
	vec_release(&b.v);
}

static bool has_name(const struct key *k, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(k->components.v[i].name, name))
			return true;
	return false;
}

/* Whether component i is the first of its name; those of a list are together.
 */
static bool is_first(const struct key *k, size_t i)
{
	struct str name = k->components.v[i].name;

	return (i == 0 || !str_eq(k->components.v[i - 1].name, name)) &&
	       !has_name(k, i, name);
}

void reasons_compare(struct reasons *r, const struct key *before,
		     const struct key *after)
{
	if (!str_eq(before->domain, after->domain))
		add_component(r, STR("domain"), (struct str){0},
			      &before->domain, &after->domain);
	for (size_t i = 0; i < after->components.n; i++)
		if (is_first(after, i))
			compare_name(r, before, after,
				     after->components.v[i].name);
	for (size_t i = 0; i < before->components.n; i++)
		if (is_first(before, i) &&
		    !has_name(after, after->components.n,
			      before->components.v[i].name))
			compare_name(r, before, after,
				     before->components.v[i].name);
}

/* --- in words ----------------------------------------------------------- */

/* What people call a component; others are called as they are. */
static const char *const WORDS[][2] = {
	{"argv", "the command"},
	{"script", "the heredoc"},
	{"cwd", "the working folder"},
	{"user", "the user"},
	{"parent", "the files that it is built on"},
	{"dest", "the destination"},
	{"chown", "--chown"},
	{"chmod_text", "--chmod"},
	{"excludes", "--exclude"},
	{"network", "--network"},
	{"security", "--security"},
	{"domain", "the kind of step"},
	{"epoch_s", "SOURCE_DATE_EPOCH"},
};

static struct str words_for(struct str component)
{
	for (size_t i = 0; i < ARRAY_LEN(WORDS); i++)
		if (str_eq_c(component, WORDS[i][0]))
			return str_from(WORDS[i][1]);
	return component;
}

static void add_values(struct buf *out, const struct reason *r)
{
	if (r->had_before && r->has_after)
		buf_printf(out, ": \"%.*s\" -> \"%.*s\"", STR_ARG(r->before),
			   STR_ARG(r->after));
	else if (r->has_after)
		buf_printf(out, ": \"%.*s\" is new", STR_ARG(r->after));
	else
		buf_printf(out, ": \"%.*s\" is gone", STR_ARG(r->before));
}

static void add_component_text(struct buf *out, const struct reason *r)
{
	struct str words = words_for(r->component);

	if (str_eq_c(r->component, "parent")) {
		buf_add_c(out, "the base, or a step before, has other files");
		return;
	}
	if (str_ends(r->component, "content")) {
		buf_printf(out, "%.*s: other files",
			   STR_ARG(r->subject.n ? r->subject : r->component));
		return;
	}
	buf_add_str(out, r->subject.n ? r->subject : words);
	add_values(out, r);
	if (r->unused)
		buf_add_c(out, " (the command does not name it: declare it "
			       "below this step)");
}

static const char *file_hint(const struct reason *r)
{
	if (r->field == REASON_FIELD_MODE)
		return " (from the umask of a checkout? --chmod settles it)";
	if (str_starts(r->subject, ".git/") || str_ends(r->subject, ".log") ||
	    str_starts(r->subject, "node_modules/"))
		return " (does the image need it? .dockerignore leaves it out)";
	return "";
}

static void add_file_text(struct buf *out, const struct reason *r)
{
	buf_printf(out, "%.*s: %s", STR_ARG(r->subject), FIELDS[r->field]);
	if (r->had_before)
		buf_printf(out, " %.*s -> %.*s", STR_ARG(r->before),
			   STR_ARG(r->after));
	buf_add_c(out, file_hint(r));
}

void reason_add_text(struct buf *out, const struct reason *r)
{
	switch (r->kind) {
	case REASON_FIRST:
		buf_add_c(out, "no earlier build is known to compare with");
		break;
	case REASON_NO_CACHE: buf_add_c(out, "--no-cache"); break;
	case REASON_GONE:
		buf_add_c(out, "nothing differs, but its result is not in the "
			       "store any more");
		break;
	case REASON_COMPONENT: add_component_text(out, r); break;
	case REASON_FILE: add_file_text(out, r); break;
	case REASON_MORE:
		buf_printf(out, "and %llu more differences",
			   (unsigned long long)r->count);
		break;
	case REASON_SAME:
		buf_add_c(out, "it made the same files as before, so what "
			       "follows does not differ for it");
		break;
	}
}
