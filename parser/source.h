/*
 * A source file: its bytes, its name in messages, and where its lines begin.
 */
#ifndef PARSER_SOURCE_H
#define PARSER_SOURCE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

/* Bytes offset..end of a source; end is exclusive. */
struct span {
	uint32_t offset;
	uint32_t end;
};

/* No place in the file: what the command line asked for, say. */
#define SPAN_NONE ((struct span){UINT32_MAX, UINT32_MAX})

struct source {
	struct str name; /* as messages show it: "Dockerfile", "-" */
	struct str text; /* borrowed; outlives everything parsed from it */
	const uint32_t *line_offsets; /* n_lines of them, the first is 0 */
	uint32_t n_lines;
};

/* Line and column count from 1; the column counts bytes, or characters. */
struct position {
	uint32_t line;
	uint32_t column;
};

/* A source past this is refused with ERR_LIMIT before it is parsed. */
#define SOURCE_MAX_BYTES (64u << 20)

/* Borrows name and text; the line table lives in arena a. */
void source_init(struct source *s, struct arena *a, struct str name,
		 struct str text);
struct position source_position(const struct source *s, uint32_t offset);
/*
 * The same for what other programs read: the column counts characters. mark,
 * zeroed at first, remembers where counting got to, so that many places of one
 * long line, asked for in order, cost no more than the line.
 */
struct source_mark {
	uint32_t offset;
	struct position at;
};
struct position source_character(const struct source *s, uint32_t offset,
				 struct source_mark *mark);
/* Line n (from 1) without its line end. */
struct str source_line(const struct source *s, uint32_t line);
struct str source_text(const struct source *s, struct span span);

#endif
