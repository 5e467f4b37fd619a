/*
 * An open document: its text, and positions in it as editors give them: lines
 * from 0, and units from the line's beginning; which, is agreed upon at first.
 * Spec: LSP 3.17, "Text Documents", "Position".
 */
#ifndef CLI_LSP_TEXT_H
#define CLI_LSP_TEXT_H

#include "base/buf.h"
#include "base/vec.h"
#include "parser/source.h"

enum lsp_encoding {
	LSP_UTF16, /* every client knows it */
	LSP_UTF8,
	LSP_UTF32,
};

struct lsp_text {
	struct buf bytes;
	VEC(uint32_t) lines; /* where each begins; the first is 0 */
	enum lsp_encoding encoding;
};

struct lsp_position {
	uint32_t line;
	uint32_t character;
};

struct lsp_range {
	struct lsp_position start;
	struct lsp_position end;
};

void lsp_text_release(struct lsp_text *t);
/* -1 with ERR_LIMIT for a text that no source can be; t is then unchanged. */
int lsp_text_set(struct lsp_text *t, struct str text, struct err *e);
/* Of line n (from 0), without its end; empty behind the last. */
struct str lsp_text_line(const struct lsp_text *t, uint32_t line);
/* ERR_INVALID for a range that ends before it begins. */
int lsp_text_replace(struct lsp_text *t, struct lsp_range range,
		     struct str text, struct err *e);

/* A position behind the end of a line, or of the text, is that end. */
uint32_t lsp_text_offset(const struct lsp_text *t, struct lsp_position at);
struct lsp_position lsp_text_position(const struct lsp_text *t,
				      uint32_t offset);
struct lsp_range lsp_text_range(const struct lsp_text *t, struct span span);

#endif
