/*
 * Where a cursor stands in a text that is being written: in which instruction,
 * behind which words. The instruction need not parse yet.
 */
#ifndef CLI_LSP_CURSOR_H
#define CLI_LSP_CURSOR_H

#include "cli/lsp/documents.h"
#include "parser/instruction.h"

enum lsp_cursor_kind {
	LSP_IN_KEYWORD,
	LSP_IN_COMMENT,
	LSP_IN_ARGUMENTS,
	LSP_IN_HEREDOC, /* or another place where nothing is known */
};

struct lsp_cursor {
	enum lsp_cursor_kind kind;
	const struct instruction_info *info; /* in its arguments */
	bool onbuild;	     /* it is a trigger, or shall be one */
	struct str line;     /* in a comment: the line up to the cursor */
	struct str word;     /* what of the word stands before the cursor */
	uint32_t offset;     /* of the cursor */
	size_t n_words;	     /* words before it that are no flags */
	struct str words[2]; /* the first of them */
	bool has_from;	     /* --from= is among the flags */
};

/* Everything lives in a. */
void lsp_cursor_find(struct arena *a, const struct lsp_document *doc,
		     uint32_t offset, struct lsp_cursor *out);

#endif
