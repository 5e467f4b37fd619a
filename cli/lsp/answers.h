/*
 * What the server has to say about a document, as the JSON of LSP 3.17. Each
 * gives a new reference; NULL stands for null.
 */
#ifndef CLI_LSP_ANSWERS_H
#define CLI_LSP_ANSWERS_H

#include "cli/lsp/documents.h"

struct json_t;

/* "textDocument/publishDiagnostics", the params */
struct json_t *lsp_diagnostics(const struct lsp_document *doc);
/* ... of a document that was closed: none */
struct json_t *lsp_no_diagnostics(struct str uri);
/* "textDocument/hover": the findings there, else the instruction. */
struct json_t *lsp_hover(const struct lsp_document *doc,
			 struct lsp_position at);
/*
 * "textDocument/codeAction": the fixes of findings that touch range, and of the
 * whole file. only is the context's list of kinds, or NULL.
 */
struct json_t *lsp_code_actions(const struct lsp_document *doc,
				struct lsp_range range,
				const struct json_t *only);
/* "textDocument/formatting": NULL where the document has mistakes. */
struct json_t *lsp_formatting(const struct lsp_document *doc);
/* "textDocument/documentSymbol": stages with their instructions. */
struct json_t *lsp_symbols(const struct lsp_document *doc);

#endif
