#include "parser/line.h"

#include "parser/directive.h"
#include "parser/utf8.h"

#include <string.h>

void line_reader_init(struct line_reader *r, struct arena *a,
		      const struct source *src, struct diags *d)
{
	*r = (struct line_reader){
		.arena = a,
		.source = src,
		.diags = d,
		.escape = '\\',
		.joined = BUF_INIT(SOURCE_MAX_BYTES),
	};
	if (str_starts(src->text, "\xef\xbb\xbf"))
		r->at = 3;
}

void line_reader_release(struct line_reader *r)
{
	vec_release(&r->comments);
	vec_release(&r->docs);
	vec_release(&r->directives);
	vec_release(&r->segments);
	buf_release(&r->joined);
}

struct str line_trim_end(struct str s)
{
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

bool line_next_raw(struct line_reader *r, struct str *raw)
{
	struct str rest = str_skip(r->source->text, r->at);
	ptrdiff_t end = str_find(rest, '\n');

	if (rest.n == 0)
		return false;
	*raw = str_sub(rest, 0, end < 0 ? rest.n : (size_t)end + 1);
	r->at += (uint32_t)raw->n;
	return true;
}

static struct span span_of(const struct line_reader *r, struct str part)
{
	uint32_t offset = (uint32_t)(part.p - r->source->text.p);

	return (struct span){offset, offset + (uint32_t)part.n};
}

bool line_cut_continuation(struct str *line, char escape)
{
	size_t n = line->n;

	while (n && (line->p[n - 1] == ' ' || line->p[n - 1] == '\t'))
		n--;
	if (n == 0 || line->p[n - 1] != escape)
		return false;
	if (n > 1 && line->p[n - 2] == escape)
		return false;
	line->n = n - 1;
	return true;
}

static void set_escape(struct line_reader *r, struct str value)
{
	struct diag *diag;

	if (value.n == 1 && (value.p[0] == '`' || value.p[0] == '\\')) {
		r->escape = value.p[0];
		return;
	}
	diag = diag_add(r->diags, "invalid-escape", DIAG_ERROR,
			span_of(r, value),
			"'%.*s' can't be the escape character", STR_ARG(value));
	diag_hint(r->diags, diag, "write # escape=` or # escape=\\");
}

static int directive_index(struct str name)
{
	static const char *const names[] = {"syntax", "escape", "check"};

	for (int i = 0; i < 3; i++)
		if (str_eq_nocase(name, str_from(names[i])))
			return i;
	return -1;
}

static struct str lower(struct arena *a, struct str s)
{
	struct str copy = arena_str(a, s);

	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			((char *)copy.p)[i] = (char)(s.p[i] - 'A' + 'a');
	return copy;
}

/* line is one of the file's first ones. True where it is a directive. */
static bool read_directive(struct line_reader *r, struct str line)
{
	struct directive *directive;
	struct str name;
	struct str value;
	int index;

	if (r->directives_done)
		return false;
	r->directives_done = true;
	if (!directive_parse(line, &name, &value))
		return false;
	index = directive_index(name);
	if (index < 0)
		return false;
	r->directives_done = false;
	if (r->seen[index]) {
		diag_add(r->diags, "repeated-directive", DIAG_ERROR,
			 span_of(r, line),
			 "the directive %.*s can be given only once",
			 STR_ARG(lower(r->arena, name)));
		return true;
	}
	r->seen[index] = true;
	directive = vec_push(&r->directives);
	directive->name = lower(r->arena, name);
	directive->value = value;
	directive->span = span_of(r, line);
	if (index == 1)
		set_escape(r, value);
	return true;
}

/* A comment, in a line that may have blanks in front of it. */
static void add_comment(struct line_reader *r, struct str line)
{
	struct comment *comment = vec_push(&r->comments);
	struct str text = str_trim_space_left(line);

	comment->text = str_skip(text, 1);
	comment->span = span_of(r, text);
}

/* The comment is above an instruction. An empty one ends what came before. */
static void add_doc(struct line_reader *r, struct str line)
{
	struct str text = str_trim_space(str_skip(line, 1));

	if (text.n == 0)
		r->docs.n = 0;
	else
		*vec_push(&r->docs) = text;
}

static struct str take_doc(struct line_reader *r)
{
	struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	struct str doc = {0};

	if (r->docs.n == 1) {
		doc = r->docs.v[0];
	} else if (r->docs.n > 1) {
		for (size_t i = 0; i < r->docs.n; i++) {
			if (i > 0)
				buf_add_char(&text, '\n');
			buf_add_str(&text, r->docs.v[i]);
		}
		doc = arena_str(r->arena, buf_str(&text));
		buf_release(&text);
	}
	r->docs.n = 0;
	return doc;
}

/* The first physical line of the next instruction, blanks and end cut off. */
static bool find_first(struct line_reader *r, struct str *first)
{
	struct str raw;

	while (line_next_raw(r, &raw)) {
		struct str line = str_trim_space_left(line_trim_end(raw));

		if (read_directive(r, line))
			continue;
		if (str_starts(line, "#")) {
			add_comment(r, line_trim_end(raw));
			add_doc(r, line_trim_end(raw));
			continue;
		}
		if (line.n) {
			*first = line;
			return true;
		}
	}
	return false;
}

static void add_segment(struct line_reader *r, struct str text)
{
	struct segment *segment;

	if (text.n == 0)
		return;
	segment = vec_push(&r->segments);
	segment->text_offset = (uint32_t)r->joined.n;
	segment->source_offset = (uint32_t)(text.p - r->source->text.p);
	buf_add_str(&r->joined, text);
}

static void warn_empty_line(struct line_reader *r, struct str line)
{
	struct diag *diag;

	diag = diag_add(r->diags, "empty-continuation-line", DIAG_WARNING,
			span_of(r, line),
			"empty line inside an instruction that continues");
	diag_hint(r->diags, diag, "remove the line, or begin it with a #");
}

/* Join first, which continues, with the lines that follow it. */
static void join(struct line_reader *r, struct str first,
		 struct logical_line *out)
{
	bool warned = false;
	bool more = true;
	struct segment *segments;
	struct str raw;

	buf_clear(&r->joined);
	r->segments.n = 0;
	add_segment(r, first);
	while (more && line_next_raw(r, &raw)) {
		struct str line = line_trim_end(raw);
		struct str text = str_trim_space_left(line);

		out->span.end = span_of(r, line).end;
		if (str_starts(text, "#")) {
			add_comment(r, line);
			continue;
		}
		if (text.n == 0) {
			if (!warned)
				warn_empty_line(r, line);
			warned = true;
			continue;
		}
		more = line_cut_continuation(&line, r->escape);
		add_segment(r, line);
	}
	out->text = arena_str(r->arena, buf_str(&r->joined));
	segments = arena_new_array(r->arena, r->segments.n, struct segment);
	if (r->segments.n)
		memcpy(segments, r->segments.v,
		       r->segments.n * sizeof(*segments));
	out->segments = segments;
	out->n_segments = r->segments.n;
}

bool line_next(struct line_reader *r, struct logical_line *out)
{
	struct str first;

	*out = (struct logical_line){0};
	if (!find_first(r, &first))
		return false;
	out->doc = take_doc(r);
	out->span = span_of(r, first);
	if (line_cut_continuation(&first, r->escape)) {
		join(r, first, out);
		return true;
	}
	out->text = first;
	out->one.source_offset = out->span.offset;
	out->segments = &out->one;
	out->n_segments = 1;
	return true;
}

static uint32_t source_offset(const struct logical_line *line, size_t offset)
{
	size_t low = 0;
	size_t high = line->n_segments;

	if (high == 0)
		return line->span.offset;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (line->segments[middle].text_offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return line->segments[low].source_offset +
	       (uint32_t)(offset - line->segments[low].text_offset);
}

struct span line_span(const struct logical_line *line, struct str part)
{
	size_t offset = (size_t)(part.p - line->text.p);
	struct span span = {source_offset(line, offset), 0};

	span.end = part.n == 0 ? span.offset
			       : source_offset(line, offset + part.n - 1) + 1;
	return span;
}
