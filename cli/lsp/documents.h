/* The documents that an editor has open, each with what the linter says. */
#ifndef CLI_LSP_DOCUMENTS_H
#define CLI_LSP_DOCUMENTS_H

#include "cli/lsp/text.h"

#include "lint/lint.h"
#include <stdbool.h>

struct lsp_document {
	char *uri;
	int64_t version;
	struct lsp_text text;
	/* of the text as it is now */
	struct arena arena;
	struct source source;
	struct lint_options options;
	struct lint_file lint;
};

struct lsp_documents {
	VEC(struct lsp_document *) v;
	const struct lint_options *options;
};

/* More documents than this are not opened. */
enum { LSP_DOCUMENTS_MAX = 1000 };

void lsp_documents_release(struct lsp_documents *d);

/* NULL where it is not open. */
struct lsp_document *lsp_document_find(const struct lsp_documents *d,
				       struct str uri);
/* An empty one, or the one that is open already. NULL with ERR_LIMIT. */
struct lsp_document *lsp_document_open(struct lsp_documents *d, struct str uri,
				       struct err *e);
void lsp_document_close(struct lsp_documents *d, struct str uri);
/* To be called whenever the text changed. */
void lsp_document_lint(const struct lsp_documents *d, struct lsp_document *doc);

/*
 * The path that a file: URI names, %XX decoded, into out. false for another
 * URI, and for one with a NUL in it.
 */
bool lsp_path_of_uri(struct buf *out, struct str uri);

#endif
