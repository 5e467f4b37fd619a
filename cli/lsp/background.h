/*
 * ShellCheck beside the server: a child process at a time, for one document,
 * whose findings come through a pipe. It is never killed: it removes its
 * files. What it found in a text that changed meanwhile is dropped.
 */
#ifndef CLI_LSP_BACKGROUND_H
#define CLI_LSP_BACKGROUND_H

#include "cli/lsp/documents.h"

#include <sys/types.h>

struct lsp_background {
	pid_t pid; /* 0: none runs */
	int fd;	   /* what it writes comes from here */
	struct buf answer;
	char *uri;
	bool missing; /* there is no shellcheck program */
};

void lsp_background_init(struct lsp_background *b);
void lsp_background_release(struct lsp_background *b);

/* A document whose text ShellCheck has not seen; NULL. */
struct lsp_document *lsp_background_next(const struct lsp_background *b,
					 const struct lsp_documents *documents);
/* Have doc, which is linted, checked. None may be running. */
void lsp_background_start(struct lsp_background *b, struct lsp_document *doc);
/*
 * Take what came through fd. The document that has other findings now (to be
 * linted again), or NULL.
 */
struct lsp_document *lsp_background_take(struct lsp_background *b,
					 const struct lsp_documents *documents);

#endif
