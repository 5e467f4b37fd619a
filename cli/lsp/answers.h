/*
 * What the server has to say about a document, as the JSON of LSP 3.17: a
 * function for each method, by file. Each gives a new reference; NULL stands
 * for null, and with e set for an error.
 */
#ifndef CLI_LSP_ANSWERS_H
#define CLI_LSP_ANSWERS_H

#include "cli/lsp/documents.h"

struct json_t;
struct lint_settings;

/* What all answers may know. */
struct lsp_workspace {
	struct lsp_documents documents;
	const struct lint_settings *settings;
	/* what the client can: a list of documents' changes, new files in it */
	bool document_changes;
	bool creates_files;
};

struct lsp_question {
	const struct lsp_workspace *workspace;
	struct lsp_document *doc; /* linted; NULL where none is asked about */
	const struct json_t *params;
	uint32_t offset;  /* of the position, where one is wanted */
	struct span span; /* of the range, where one is wanted */
};

typedef struct json_t *lsp_answer(const struct lsp_question *q, struct err *e);

/* diagnostics.c */
lsp_answer lsp_pull_diagnostics;
enum { LSP_FINDINGS_MAX_BYTES = 1 << 30 };
/* Append what "textDocument/publishDiagnostics" takes, as JSON. */
void lsp_add_diagnostics(struct buf *out, const struct lsp_document *doc);
/* ... of a document that was closed: none */
struct json_t *lsp_no_diagnostics(struct str uri);
struct json_t *lsp_diagnostic(const struct lsp_document *doc,
			      const struct diag *diag);

/* hover.c */
lsp_answer lsp_hover;
/* completion.c */
lsp_answer lsp_completion;
/* signature.c */
lsp_answer lsp_signature;
/* navigation.c */
lsp_answer lsp_definition;
lsp_answer lsp_references;
lsp_answer lsp_highlight;
lsp_answer lsp_prepare_rename;
lsp_answer lsp_rename;
/* actions.c */
lsp_answer lsp_code_actions;
/* formatting.c */
lsp_answer lsp_formatting;
lsp_answer lsp_range_formatting;
lsp_answer lsp_on_type_formatting;
/* outline.c */
lsp_answer lsp_symbols;
lsp_answer lsp_workspace_symbols;
lsp_answer lsp_folding;
lsp_answer lsp_links;
/* tokens.c */
lsp_answer lsp_semantic_tokens;
/* the names of token types, in the order of their numbers */
struct json_t *lsp_token_legend(void);

/* The part of the text that differs from to, in whole lines, as edits. */
struct json_t *lsp_difference(const struct lsp_document *doc, struct str to);

#endif
