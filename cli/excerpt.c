#include "cli/excerpt.h"

#include <stdbool.h>

enum {
	AROUND = 2,
	LINES_MAX = 40, /* of a long instruction */
};

static const char RULE[] = "--------------------\n";

void excerpt_add(struct buf *out, const struct source *src, struct span span)
{
	uint32_t last = span.end > span.offset ? span.end - 1 : span.end;
	uint32_t start = source_position(src, span.offset).line;
	uint32_t end = source_position(src, last).line;
	uint32_t from = start > AROUND ? start - AROUND : 1;
	uint32_t to = end + AROUND < src->n_lines ? end + AROUND : src->n_lines;

	if (to > start + LINES_MAX)
		to = start + LINES_MAX;
	buf_printf(out, "%.*s:%u\n%s", STR_ARG(src->name), start, RULE);
	for (uint32_t line = from; line <= to; line++) {
		buf_printf(out, "%4u | %s", line,
			   line >= start && line <= end ? ">>> " : "    ");
		buf_add_str(out, source_line(src, line));
		buf_add_char(out, '\n');
	}
	buf_add_c(out, RULE);
}
