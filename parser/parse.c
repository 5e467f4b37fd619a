/* What the parsers of all instructions share. */
#include "parser/parse.h"

#include "parser/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span parse_span(const struct parse *p, struct str part,
		       struct span fallback)
{
	struct str text = p->line->text;

	if (!part.p || part.p < text.p || part.p + part.n > text.p + text.n)
		return fallback;
	return line_span(p->line, part);
}

/*
 * BuildKit finds these while it cuts lines, so below ONBUILD too; the rest
 * when the trigger runs.
 */
static bool is_found_at_once(const char *id)
{
	static const char *const ids[] = {
		"missing-value",
		"missing-equals",
		"json-not-strings",
	};

	for (size_t i = 0; i < ARRAY_LEN(ids); i++)
		if (strcmp(id, ids[i]) == 0)
			return true;
	return false;
}

enum { MESSAGE_MAX = 300 }; /* of what may quote any length of a file */

__attribute__((format(printf, 2, 0))) static void
format_message(char text[static MESSAGE_MAX], const char *fmt, va_list ap)
{
	int n = vsnprintf(text, MESSAGE_MAX, fmt, ap);

	if (n >= MESSAGE_MAX)
		memcpy(text + MESSAGE_MAX - 4, "...", 4);
}

struct diag *parse_report(struct parse *p, const char *id, struct str part,
			  const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	format_message(text, fmt, ap);
	va_end(ap);
	p->failed = true;
	return diag_add(p->diags, id,
			is_found_at_once(id) ? DIAG_ERROR : p->severity,
			parse_span(p, part, p->line->span), "%s", text);
}

void parse_hint(struct parse *p, struct diag *diag, const char *fmt, ...)
{
	char text[MESSAGE_MAX];
	va_list ap;

	va_start(ap, fmt);
	format_message(text, fmt, ap);
	va_end(ap);
	diag_hint(p->diags, diag, "%s", text);
}

static struct span word_error_span(const struct parse *p, struct str text,
				   struct span span, size_t offset)
{
	if (offset > text.n)
		offset = text.n;
	span = parse_span(p, str_sub(text, offset, offset + 1), span);
	return span;
}

struct word parse_expanding(struct parse *p, struct str text, struct span span)
{
	struct word word = {text, span, NULL};
	struct word_error we;
	struct diag *diag;

	if (word_parse(p->arena, text, p->reader->escape, &word.template,
		       &we) == 0)
		return word;
	p->failed = true;
	diag = diag_add(p->diags, "bad-substitution", p->severity,
			word_error_span(p, text, span, we.offset), "%.*s",
			STR_ARG(we.text));
	if (str_starts(we.text, "unknown modifier"))
		diag_hint(p->diags, diag,
			  "after the name may come :- - :+ + :? ? # ## %% %%%% "
			  "/ //");
	return word;
}

struct word parse_plain(struct str text, struct span span)
{
	return (struct word){text, span, NULL};
}

struct words parse_take_words(struct parse *p)
{
	struct word *v;

	if (p->words.n == 0)
		return (struct words){0};
	v = arena_new_array(p->arena, p->words.n, struct word);
	memcpy(v, p->words.v, p->words.n * sizeof(*v));
	return (struct words){v, p->words.n};
}

const struct flag *parse_flag(const struct instruction *in, const char *name)
{
	for (size_t i = 0; i < in->flags.n; i++)
		if (str_eq_c(in->flags.v[i].name, name))
			return &in->flags.v[i];
	return NULL;
}

bool parse_flag_bool(const struct instruction *in, const char *name)
{
	const struct flag *flag = parse_flag(in, name);

	return flag && !str_eq_nocase(flag->value.text, STR("false"));
}

struct word parse_flag_word(const struct instruction *in, const char *name)
{
	const struct flag *flag = parse_flag(in, name);

	return flag ? flag->value : (struct word){0};
}

static int compare_doc_lines(const void *a, const void *b)
{
	const struct doc_line *x = a;
	const struct doc_line *y = b;
	int c = str_cmp(x->name, y->name);

	return c ? c : (x->number > y->number) - (x->number < y->number);
}

struct doc_lines parse_doc_lines(struct arena *a, struct str doc)
{
	struct doc_lines lines = {0};
	struct str rest = doc;
	struct str line;
	size_t n = 0;

	for (; rest.n; n++)
		(void)str_cut(rest, '\n', &line, &rest);
	lines.v = arena_new_array(a, n, struct doc_line);
	while (doc.n) {
		struct doc_line *d = &lines.v[lines.n];

		(void)str_cut(doc, '\n', &line, &doc);
		if (!str_cut(line, ' ', &d->name, &d->text))
			continue;
		d->number = lines.n++;
	}
	if (lines.n)
		qsort(lines.v, lines.n, sizeof(*lines.v), compare_doc_lines);
	return lines;
}

struct str parse_doc_of(const struct doc_lines *lines, struct str name)
{
	size_t low = 0;
	size_t high = lines->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (str_cmp(lines->v[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == lines->n || !str_eq(lines->v[low].name, name))
		return (struct str){0};
	return lines->v[low].text;
}
