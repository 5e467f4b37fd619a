/*
 * How an instruction is laid out: the physical lines that it was joined from,
 * for those who change the text of a file and not its meaning.
 */
#ifndef PARSER_LAYOUT_H
#define PARSER_LAYOUT_H

#include "parser/dockerfile.h"

enum layout_kind {
	LAYOUT_CODE,
	LAYOUT_COMMENT,
	LAYOUT_EMPTY, /* only blanks, inside of what goes on */
};

struct layout_line {
	enum layout_kind kind;
	struct span span; /* without the line's end */
	/* CODE: what of it is joined, so without blanks before the keyword */
	struct span text;
	size_t text_offset; /* where that is, or would be, in the joined text */
	bool continues;	    /* CODE: it ends with the escape */
};

struct layout {
	struct layout_line *lines;
	size_t n_lines;
	struct str text; /* joined; offsets below are into it */
};

/* in is one of df's own, and no trigger. Heredocs' bodies are left out. */
void layout_make(struct arena *a, const struct dockerfile *df,
		 const struct instruction *in, struct layout *out);

/* Where a source's offset is in the joined text; text.n behind it. */
size_t layout_offset(const struct layout *l, uint32_t source_offset);
/* Where in the source the joined text's byte at offset (or its end) is. */
uint32_t layout_source_offset(const struct layout *l, size_t offset);

#endif
