#include "parser/source.h"

#include "parser/utf8.h"

#include <string.h>

static uint32_t count_lines(struct str text)
{
	uint32_t n = 1;
	const char *p = text.p;
	const char *end = text.p ? text.p + text.n : NULL;

	while (p != end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		n++;
	}
	return n;
}

void source_init(struct source *s, struct arena *a, struct str name,
		 struct str text)
{
	const char *p = text.p;
	const char *end = text.p ? text.p + text.n : NULL;
	uint32_t n = count_lines(text);
	uint32_t *offsets = arena_new_array(a, n, uint32_t);
	uint32_t i = 0;

	offsets[i++] = 0;
	while (p != end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		offsets[i++] = (uint32_t)(p - text.p);
	}
	*s = (struct source){
		.name = name,
		.text = text,
		.line_offsets = offsets,
		.n_lines = n,
	};
}

struct position source_position(const struct source *s, uint32_t offset)
{
	uint32_t low = 0;
	uint32_t high = s->n_lines;

	if (offset > s->text.n)
		offset = (uint32_t)s->text.n;
	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (s->line_offsets[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return (struct position){low + 1, offset - s->line_offsets[low] + 1};
}

struct position source_character(const struct source *s, uint32_t offset,
				 struct source_mark *mark)
{
	struct position at = source_position(s, offset);
	uint32_t begin = s->line_offsets[at.line - 1];
	uint32_t end = begin + at.column - 1;
	struct str rest;

	at.column = 1;
	if (mark->at.line == at.line && mark->offset <= end) {
		begin = mark->offset;
		at.column = mark->at.column;
	}
	for (rest = source_text(s, (struct span){begin, end}); rest.n;
	     at.column++)
		rest = str_skip(rest, rune_at(rest).n);
	*mark = (struct source_mark){end, at};
	return at;
}

struct str source_line(const struct source *s, uint32_t line)
{
	struct str text;
	size_t end;

	if (line == 0 || line > s->n_lines)
		return (struct str){0};
	end = line < s->n_lines ? s->line_offsets[line] : s->text.n;
	text = str_sub(s->text, s->line_offsets[line - 1], end);
	if (text.n && text.p[text.n - 1] == '\n')
		text.n--;
	if (text.n && text.p[text.n - 1] == '\r')
		text.n--;
	return text;
}

struct str source_text(const struct source *s, struct span span)
{
	return str_sub(s->text, span.offset, span.end);
}
