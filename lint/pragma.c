#include "lint/pragma.h"

#include "base/vec.h"
#include "lint/rule.h"

#include <string.h>

struct reader {
	struct lint_file *f;
	VEC(struct lint_pragma) found;
};

bool ids_have(const struct lint_strings *ids, const char *id)
{
	for (size_t i = 0; id && i < ids->n; i++)
		if (str_eq_nocase(ids->v[i], str_from(id)))
			return true;
	return false;
}

/* "A, B" */
static struct lint_strings split_ids(struct arena *a, struct str list)
{
	struct str *v;
	struct lint_strings ids = {0};
	size_t n = 1;

	for (size_t i = 0; i < list.n; i++)
		n += list.p[i] == ',';
	v = arena_new_array(a, n, struct str);
	while (list.n) {
		struct str id;

		(void)str_cut(list, ',', &id, &list);
		id = str_trim(id);
		if (id.n)
			v[ids.n++] = id;
	}
	ids.v = v;
	return ids;
}

/* Takes the word at the beginning of *s and the blanks behind it. */
static bool take(struct str *s, const char *word)
{
	struct str rest;

	if (!str_starts(*s, word))
		return false;
	rest = str_skip(*s, strlen(word));
	if (rest.n && rest.p[0] != ' ' && rest.p[0] != '\t' && rest.p[0] != '=')
		return false;
	*s = str_trim(rest);
	return true;
}

static bool take_equals(struct str *s)
{
	if (!str_starts(*s, "="))
		return false;
	*s = str_trim(str_skip(*s, 1));
	return true;
}

/* Without a comment at the end, "... # why". */
static struct str before_comment(struct str s)
{
	struct str head;
	struct str tail;

	(void)str_cut(s, '#', &head, &tail);
	return str_trim(head);
}

/* The first instruction that ends behind offset; n where there is none. */
static size_t instruction_after(const struct dockerfile *df, uint32_t offset)
{
	size_t low = 0;
	size_t high = df->n_instructions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (df->instructions[middle].span.end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct span instruction_range(const struct dockerfile *df,
				     struct span comment)
{
	size_t i = instruction_after(df, comment.offset);
	const struct instruction *in = &df->instructions[i];

	if (i == df->n_instructions)
		return (struct span){comment.end, UINT32_MAX};
	return (struct span){in->span.offset < comment.offset ? in->span.offset
							      : comment.end,
			     in->span.end};
}

static struct span stage_range(const struct dockerfile *df, struct span comment)
{
	size_t i = instruction_after(df, comment.offset);
	struct span range = {0, UINT32_MAX};

	for (size_t k = 0; k < df->n_stages; k++) {
		const struct instruction *from = df->stages[k].from;

		if (from <= &df->instructions[i]) {
			range.offset = from->span.offset;
		} else {
			range.end = from->span.offset;
			break;
		}
	}
	return range;
}

static struct lint_pragma *push(struct reader *r, enum pragma_kind kind,
				struct span comment, struct span range)
{
	struct lint_pragma *p = vec_push(&r->found);

	p->kind = kind;
	p->comment = comment;
	p->range = range;
	return p;
}

static void read_hadolint(struct reader *r, struct str s, struct span comment)
{
	const struct dockerfile *df = r->f->dockerfile;
	struct span range = instruction_range(df, comment);
	struct lint_pragma *p;

	if (take(&s, "shell") && take_equals(&s)) {
		p = push(r, PRAGMA_SHELL, comment, range);
		p->shell = before_comment(s);
		return;
	}
	if (take(&s, "global"))
		range = (struct span){0, UINT32_MAX};
	else if (take(&s, "stage"))
		range = stage_range(df, comment);
	if (!take(&s, "ignore") || !take_equals(&s) ||
	    r->f->options->disable_pragmas)
		return;
	p = push(r, PRAGMA_IGNORE, comment, range);
	p->ids = split_ids(r->f->arena, before_comment(s));
	p->hadolint = true;
}

/* "skip=A,B;error=true;experimental=all" */
static void read_check(struct reader *r, struct str s, struct span comment,
		       struct span range)
{
	while (s.n) {
		struct str part;
		struct str key;
		struct str value;

		(void)str_cut(s, ';', &part, &s);
		(void)str_cut(part, '=', &key, &value);
		key = str_trim(key);
		if (str_eq_nocase(key, STR("skip")))
			push(r, PRAGMA_IGNORE, comment, range)->ids =
				split_ids(r->f->arena, value);
		else if (str_eq_nocase(key, STR("experimental")))
			push(r, PRAGMA_EXPERIMENTAL, comment, range)->ids =
				split_ids(r->f->arena, value);
		else if (str_eq_nocase(key, STR("error")))
			r->f->check_error =
				str_eq_nocase(str_trim(value), STR("true"));
	}
}

static void read_comment(struct reader *r, const struct comment *c)
{
	struct str s = str_trim(c->text);

	if (take(&s, "hadolint"))
		read_hadolint(r, s, c->span);
	else if (take(&s, "check") && take_equals(&s))
		read_check(r, s, c->span,
			   instruction_range(r->f->dockerfile, c->span));
}

void pragmas_read(struct lint_file *f)
{
	const struct dockerfile *df = f->dockerfile;
	const struct span everything = {0, UINT32_MAX};
	struct reader r = {.f = f};
	struct lint_pragma *v;

	read_check(&r, f->options->check, (struct span){0}, everything);
	for (size_t i = 0; i < df->n_directives; i++)
		if (str_eq_c(df->directives[i].name, "check"))
			read_check(&r, df->directives[i].value,
				   df->directives[i].span, everything);
	for (size_t i = 0; i < df->n_comments; i++)
		read_comment(&r, &df->comments[i]);
	v = arena_new_array(f->arena, r.found.n, struct lint_pragma);
	if (r.found.n)
		memcpy(v, r.found.v, r.found.n * sizeof(*v));
	f->pragmas = v;
	f->n_pragmas = r.found.n;
	vec_release(&r.found);
}

static bool ignores(const struct lint_pragma *p, const struct diag *diag)
{
	if (p->kind != PRAGMA_IGNORE || diag->span.offset < p->range.offset ||
	    diag->span.offset >= p->range.end)
		return false;
	if (ids_have(&p->ids, diag->id) || ids_have(&p->ids, diag->alias))
		return true;
	return !p->hadolint && ids_have(&p->ids, "all") &&
	       (diag->alias || rule_is_buildkit(diag->id));
}

bool pragmas_ignore(const struct lint_file *f, const struct diag *diag)
{
	for (size_t i = 0; i < f->n_pragmas; i++)
		if (ignores(&f->pragmas[i], diag))
			return true;
	return false;
}

bool pragmas_enable(const struct lint_file *f, const char *id)
{
	for (size_t i = 0; i < f->n_pragmas; i++)
		if (f->pragmas[i].kind == PRAGMA_EXPERIMENTAL &&
		    (ids_have(&f->pragmas[i].ids, id) ||
		     ids_have(&f->pragmas[i].ids, "all")))
			return true;
	return false;
}
