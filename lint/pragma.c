#include "lint/pragma.h"

#include "base/vec.h"
#include "lint/rule.h"

#include <string.h>

struct reader {
	struct lint_file *f;
	VEC(struct lint_pragma) found[PRAGMA_SCOPE_N];
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
	const struct instruction *in;

	if (i == df->n_instructions)
		return (struct span){comment.end, UINT32_MAX};
	in = &df->instructions[i];
	return (struct span){in->span.offset < comment.offset ? in->span.offset
							      : comment.end,
			     in->span.end};
}

static struct span stage_range(const struct dockerfile *df, struct span comment)
{
	size_t i = instruction_after(df, comment.offset);
	struct span range = {0, UINT32_MAX};
	size_t low = 0;
	size_t high = df->n_stages;

	/* the stages that begin at instruction i or before it */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (df->stages[middle].from <= &df->instructions[i])
			low = middle + 1;
		else
			high = middle;
	}
	if (low > 0)
		range.offset = df->stages[low - 1].from->span.offset;
	if (low < df->n_stages)
		range.end = df->stages[low].from->span.offset;
	return range;
}

/* Where a pragma is, and what it is for. */
struct place {
	enum pragma_scope scope;
	struct span comment;
	struct span range;
};

static struct lint_pragma *push(struct reader *r, enum pragma_kind kind,
				const struct place *place)
{
	struct lint_pragma *p = vec_push(&r->found[place->scope]);

	p->scope = place->scope;
	p->kind = kind;
	p->comment = place->comment;
	p->range = place->range;
	return p;
}

static void read_hadolint(struct reader *r, struct str s, struct span comment)
{
	const struct dockerfile *df = r->f->dockerfile;
	struct place place = {PRAGMA_OF_INSTRUCTION, comment,
			      instruction_range(df, comment)};
	struct lint_pragma *p;

	if (take(&s, "shell") && take_equals(&s)) {
		p = push(r, PRAGMA_SHELL, &place);
		p->shell = before_comment(s);
		return;
	}
	if (take(&s, "global"))
		place = (struct place){
			PRAGMA_OF_FILE, comment, {0, UINT32_MAX}};
	else if (take(&s, "stage"))
		place = (struct place){PRAGMA_OF_STAGE, comment,
				       stage_range(df, comment)};
	if (!take(&s, "ignore") || !take_equals(&s) ||
	    r->f->options->disable_pragmas)
		return;
	p = push(r, PRAGMA_IGNORE, &place);
	p->ids = split_ids(r->f->arena, before_comment(s));
	p->hadolint = true;
}

/* "skip=A,B;error=true;experimental=all" */
static void read_check(struct reader *r, struct str s,
		       const struct place *place)
{
	while (s.n) {
		struct str part;
		struct str key;
		struct str value;

		(void)str_cut(s, ';', &part, &s);
		(void)str_cut(part, '=', &key, &value);
		key = str_trim(key);
		if (str_eq_nocase(key, STR("skip")))
			push(r, PRAGMA_IGNORE, place)->ids =
				split_ids(r->f->arena, value);
		else if (str_eq_nocase(key, STR("experimental")))
			push(r, PRAGMA_EXPERIMENTAL, place)->ids =
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
		read_check(r, s,
			   &(struct place){PRAGMA_OF_INSTRUCTION, c->span,
					   instruction_range(r->f->dockerfile,
							     c->span)});
}

static void take_found(struct reader *r)
{
	struct lint_file *f = r->f;
	struct lint_pragma *v;
	size_t n = 0;

	for (size_t i = 0; i < PRAGMA_SCOPE_N; i++)
		f->n_pragmas += r->found[i].n;
	v = arena_new_array(f->arena, f->n_pragmas, struct lint_pragma);
	for (size_t i = 0; i < PRAGMA_SCOPE_N; i++) {
		if (r->found[i].n)
			memcpy(v + n, r->found[i].v,
			       r->found[i].n * sizeof(*v));
		n += r->found[i].n;
		vec_release(&r->found[i]);
		if (i == PRAGMA_OF_FILE)
			f->pragmas_of_stages = n;
		if (i == PRAGMA_OF_STAGE)
			f->pragmas_of_instructions = n;
	}
	f->pragmas = v;
}

void pragmas_read(struct lint_file *f)
{
	const struct dockerfile *df = f->dockerfile;
	struct place place = {PRAGMA_OF_FILE, {0}, {0, UINT32_MAX}};
	struct reader r = {.f = f};

	/* BuildKit does not look at the directive where it is told otherwise */
	read_check(&r, f->options->check, &place);
	for (size_t i = 0; f->options->check.n == 0 && i < df->n_directives;
	     i++) {
		place.comment = df->directives[i].span;
		if (str_eq_c(df->directives[i].name, "check"))
			read_check(&r, df->directives[i].value, &place);
	}
	for (size_t i = 0; i < df->n_comments; i++)
		read_comment(&r, &df->comments[i]);
	take_found(&r);
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

/*
 * Of the pragmas from..to, whose ranges end one after the other, one that ends
 * behind the finding ignores it.
 */
static bool one_ignores(const struct lint_file *f, size_t from, size_t to,
			const struct diag *diag)
{
	size_t high = to;

	while (from < high) {
		size_t middle = from + (high - from) / 2;

		if (f->pragmas[middle].range.end <= diag->span.offset)
			from = middle + 1;
		else
			high = middle;
	}
	for (; from < to && f->pragmas[from].range.offset <= diag->span.offset;
	     from++)
		if (ignores(&f->pragmas[from], diag))
			return true;
	return false;
}

/* More comments for the whole file than this are not looked at. */
enum { FILE_PRAGMAS_MAX = 1000 };

bool pragmas_ignore(const struct lint_file *f, const struct diag *diag)
{
	for (size_t i = 0; i < f->pragmas_of_stages && i < FILE_PRAGMAS_MAX;
	     i++)
		if (ignores(&f->pragmas[i], diag))
			return true;
	return one_ignores(f, f->pragmas_of_stages, f->pragmas_of_instructions,
			   diag) ||
	       one_ignores(f, f->pragmas_of_instructions, f->n_pragmas, diag);
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
