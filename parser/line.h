/*
 * Logical lines: what one instruction is made of once comments are taken out
 * and continued lines are joined. Internal to the parser.
 *
 * Reference: BuildKit parser/parser.go (Parse), parser/directives.go.
 */
#ifndef PARSER_LINE_H
#define PARSER_LINE_H

#include "base/vec.h"
#include "parser/diag.h"
#include "parser/dockerfile.h"

/* From text_offset on, a logical line's text comes from source_offset on. */
struct segment {
	uint32_t text_offset;
	uint32_t source_offset;
};

struct logical_line {
	struct str text; /* borrowed from the source where it is one segment */
	const struct segment *segments;
	size_t n_segments;
	struct segment one; /* what segments points to where there is one */
	struct span span;   /* of the physical lines, without the last's end */
	struct str doc;	    /* the comment lines above */
};

struct line_reader {
	struct arena *arena;
	const struct source *source;
	struct diags *diags;
	uint32_t at; /* where the next physical line begins */
	char escape;
	bool directives_done;
	bool seen[3]; /* syntax, escape, check */
	VEC(struct comment) comments;
	VEC(struct str) docs; /* the comments above, as doc comments read */
	VEC(struct directive) directives;
	struct buf joined;
	VEC(struct segment) segments;
};

void line_reader_init(struct line_reader *r, struct arena *a,
		      const struct source *src, struct diags *d);
void line_reader_release(struct line_reader *r);

/* The next logical line; false at the end. */
bool line_next(struct line_reader *r, struct logical_line *out);

/*
 * The next physical line as it stands, line end included, into *raw, for a
 * heredoc's body; false at the end.
 */
bool line_next_raw(struct line_reader *r, struct str *raw);

/* Where part, a piece of line's text, lies in the source. */
struct span line_span(const struct logical_line *line, struct str part);

/*
 * Cut the continuation off *line, which is without its end: an escape with
 * nothing but blanks behind it, unless another escape stands before it.
 */
bool line_cut_continuation(struct str *line, char escape);

/* s without the line ends (any number of them) that it ends with. */
struct str line_trim_end(struct str s);

#endif
