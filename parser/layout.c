#include "parser/layout.h"

#include "parser/line.h"
#include "parser/utf8.h"

#include <string.h>

struct maker {
	const struct dockerfile *df;
	VEC(struct layout_line) lines;
	struct buf text;
};

static struct span span_of(const struct maker *m, struct str part)
{
	uint32_t offset = (uint32_t)(part.p - m->df->source->text.p);

	return (struct span){offset, offset + (uint32_t)part.n};
}

/* raw is the physical line without its end. Whether one more belongs to it. */
static bool add_line(struct maker *m, struct str raw, uint32_t keyword)
{
	struct layout_line *line = vec_push(&m->lines);
	struct str trimmed = str_trim_space_left(raw);
	struct str text = raw;

	line->span = span_of(m, raw);
	line->text_offset = m->text.n;
	if (m->lines.n == 1) {
		text = str_skip(raw, keyword - line->span.offset);
	} else if (trimmed.n == 0 || trimmed.p[0] == '#') {
		line->kind = trimmed.n ? LAYOUT_COMMENT : LAYOUT_EMPTY;
		return true;
	}
	line->continues = line_cut_continuation(&text, m->df->escape);
	line->text = span_of(m, text);
	buf_add_str(&m->text, text);
	return line->continues;
}

static void add_lines(struct maker *m, const struct instruction *in)
{
	const struct source *source = m->df->source;
	uint32_t keyword = in->span.offset;
	uint32_t at =
		source->line_offsets[source_position(source, keyword).line - 1];
	bool more = true;

	while (more && at < source->text.n) {
		struct str rest = str_skip(source->text, at);
		ptrdiff_t end = str_find(rest, '\n');
		struct str raw =
			str_sub(rest, 0, end < 0 ? rest.n : (size_t)end);

		at += (uint32_t)raw.n + 1;
		more = add_line(m, line_trim_end(raw), keyword);
	}
}

void layout_make(struct arena *a, const struct dockerfile *df,
		 const struct instruction *in, struct layout *out)
{
	struct maker m = {.df = df, .text = BUF_INIT(SOURCE_MAX_BYTES)};

	add_lines(&m, in);
	*out = (struct layout){
		.lines = arena_new_array(a, m.lines.n, struct layout_line),
		.n_lines = m.lines.n,
		.text = arena_str(a, buf_str(&m.text)),
	};
	if (m.lines.n)
		memcpy(out->lines, m.lines.v, m.lines.n * sizeof(*out->lines));
	vec_release(&m.lines);
	buf_release(&m.text);
}

size_t layout_offset(const struct layout *l, uint32_t source_offset)
{
	size_t low = 0;
	size_t high = l->n_lines;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->lines[middle].span.end < source_offset)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < l->n_lines && l->lines[low].kind != LAYOUT_CODE)
		low++;
	if (low == l->n_lines)
		return l->text.n;
	if (source_offset < l->lines[low].text.offset)
		return l->lines[low].text_offset;
	if (source_offset > l->lines[low].text.end)
		source_offset = l->lines[low].text.end;
	return l->lines[low].text_offset +
	       (source_offset - l->lines[low].text.offset);
}

uint32_t layout_source_offset(const struct layout *l, size_t offset)
{
	size_t low = 0;
	size_t high = l->n_lines;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (l->lines[middle].text_offset <= offset)
			low = middle;
		else
			high = middle;
	}
	while (low && l->lines[low].kind != LAYOUT_CODE)
		low--;
	if (l->n_lines == 0)
		return 0;
	offset -= l->lines[low].text_offset;
	if (offset > l->lines[low].text.end - l->lines[low].text.offset)
		return l->lines[low].text.end;
	return l->lines[low].text.offset + (uint32_t)offset;
}
