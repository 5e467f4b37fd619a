/* Where the bytes of a RUN's script stand in the Dockerfile. */
#include "parser/shell.h"

#include "base/vec.h"
#include "parser/line.h"
#include "parser/utf8.h"

#include <string.h>

struct mapper {
	VEC(struct shell_segment) segments;
	size_t n; /* bytes of the script placed so far */
};

static void add_piece(struct mapper *m, size_t offset, size_t n)
{
	struct shell_segment *segment;

	if (n == 0)
		return;
	segment = vec_push(&m->segments);
	segment->text_offset = (uint32_t)m->n;
	segment->source_offset = (uint32_t)offset;
	m->n += n;
}

static void take_segments(struct arena *a, struct mapper *m,
			  struct shell_text *out)
{
	struct shell_segment *v =
		arena_new_array(a, m->segments.n, struct shell_segment);

	if (m->segments.n)
		memcpy(v, m->segments.v, m->segments.n * sizeof(*v));
	out->segments = v;
	out->n_segments = m->segments.n;
	vec_release(&m->segments);
}

/* The physical line at offset, without its end; *next is where one follows. */
static struct str physical_line(struct str text, size_t offset, size_t *next)
{
	struct str rest = str_skip(text, offset);
	ptrdiff_t end = str_find(rest, '\n');
	struct str line = str_sub(rest, 0, end < 0 ? rest.n : (size_t)end);

	*next = end < 0 ? text.n : offset + (size_t)end + 1;
	return line_trim_end(line);
}

/* What the line reader does (parser/line.c), again, to learn where from. */
static void map_lines(struct mapper *m, const struct dockerfile *df,
		      struct str script, size_t offset)
{
	struct str text = df->source->text;
	bool first = true;

	while (m->n < script.n && offset < text.n) {
		size_t next;
		struct str line = physical_line(text, offset, &next);
		struct str trimmed = str_trim_space_left(line);

		if (first || (trimmed.n && trimmed.p[0] != '#')) {
			(void)line_cut_continuation(&line, df->escape);
			if (line.n > script.n - m->n)
				line.n = script.n - m->n;
			if (memcmp(line.p, script.p + m->n, line.n) != 0)
				break;
			add_piece(m, offset, line.n);
		}
		first = false;
		offset = next;
	}
}

static void map_command(struct arena *a, const struct dockerfile *df,
			const struct command *command, struct shell_text *out)
{
	struct str text = df->source->text;
	struct mapper m = {0};

	/* most commands stand on one line, and are borrowed from it */
	if (out->text.p && out->text.p >= text.p &&
	    out->text.p + out->text.n <= text.p + text.n)
		add_piece(&m, (size_t)(out->text.p - text.p), out->text.n);
	else
		map_lines(&m, df, out->text, command->span.offset);
	if (m.n != out->text.n)
		m.segments.n = 0;
	take_segments(a, &m, out);
}

static void map_heredoc(struct arena *a, const struct heredoc *h,
			struct shell_text *out)
{
	struct str rest = h->raw;
	size_t offset = h->body.offset;
	struct mapper m = {0};

	out->text = h->content;
	out->whole = h->body;
	if (!h->strip_tabs)
		add_piece(&m, offset, h->content.n);
	while (h->strip_tabs && rest.n) {
		size_t tabs = 0;
		ptrdiff_t end = str_find(rest, '\n');
		size_t n = end < 0 ? rest.n : (size_t)end + 1;

		while (tabs < n && rest.p[tabs] == '\t')
			tabs++;
		add_piece(&m, offset + tabs, n - tabs);
		offset += n;
		rest = str_skip(rest, n);
	}
	take_segments(a, &m, out);
}

/* The line is the heredoc's <<NAME and nothing more. */
static bool is_only_heredoc(const struct command *command)
{
	return command->heredocs.n == 1 &&
	       command->heredocs.v[0].span.offset == command->span.offset &&
	       command->heredocs.v[0].span.end == command->span.end;
}

void shell_text_of_command(struct arena *a, const struct dockerfile *df,
			   const struct command *command,
			   struct shell_text *out)
{
	*out = (struct shell_text){.whole = command->span};
	if (is_only_heredoc(command)) {
		map_heredoc(a, &command->heredocs.v[0], out);
		return;
	}
	if (command->n_args)
		out->text = command->args[0];
	map_command(a, df, command, out);
}

static uint32_t source_offset(const struct shell_text *text, uint32_t offset)
{
	size_t low = 0;
	size_t high = text->n_segments;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (text->segments[middle].text_offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return text->segments[low].source_offset +
	       (offset - text->segments[low].text_offset);
}

struct span shell_text_span(const struct shell_text *text, struct span part)
{
	struct span span;

	if (text->n_segments == 0)
		return text->whole;
	span.offset = source_offset(text, part.offset);
	span.end = part.end > part.offset
			   ? source_offset(text, part.end - 1) + 1
			   : span.offset;
	return span;
}
