/* The documents that an editor has open, each with what the linter says. */
#ifndef CLI_LSP_DOCUMENTS_H
#define CLI_LSP_DOCUMENTS_H

#include "cli/lsp/text.h"

#include "lint/lint.h"
#include <stdbool.h>

struct lsp_names;

/* A finding of ShellCheck, in the text as it is now. */
struct lsp_finding {
	char id[16];
	enum diag_severity severity;
	struct span span;
	char *text;
};

struct lsp_document {
	char *uri;
	int64_t version;
	struct lsp_text text;
	unsigned revision;		    /* counts what was linted */
	VEC(struct lsp_finding) shellcheck; /* what of it holds still */
	bool wants_shellcheck; /* the text is not the one it has seen */
	/* of the text as it is now, once it is asked for */
	bool linted;
	struct arena arena;
	struct source source;
	struct lint_options options;
	struct lint_file lint;
	struct lsp_names *names;
};

struct lsp_documents {
	VEC(struct lsp_document *) v;
	const struct lint_options *options;
	enum lsp_encoding encoding;
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

/* The text becomes text, in range or, where that is NULL, as a whole. */
int lsp_document_change(struct lsp_document *doc, const struct lsp_range *range,
			struct str text, struct err *e);
/* What was linted no longer holds. */
void lsp_document_forget(struct lsp_document *doc);
/* Lint the text, where that was not done. */
void lsp_document_lint(const struct lsp_documents *d, struct lsp_document *doc);
/* A linted document's names. */
struct lsp_names *lsp_document_names(struct lsp_document *doc);
/* ShellCheck's findings are these now; takes them. */
void lsp_document_set_shellcheck(struct lsp_document *doc,
				 struct lsp_finding *findings, size_t n);

/*
 * The path that a file: URI names, %XX decoded, into out. false for another
 * URI, and for one with a NUL in it.
 */
bool lsp_path_of_uri(struct buf *out, struct str uri);
/* The other way; path is absolute. */
void lsp_uri_of_path(struct buf *out, struct str path);
/* The folder that the document lies in, with a slash at the end; or false. */
bool lsp_document_folder(const struct lsp_document *doc, struct buf *out);

#endif
