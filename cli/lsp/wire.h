/*
 * Messages of the Language Server Protocol on a stream: header lines that end
 * with CRLF, an empty line, and as many bytes of JSON as Content-Length says.
 * Spec: LSP 3.17, "Base Protocol".
 */
#ifndef CLI_LSP_WIRE_H
#define CLI_LSP_WIRE_H

#include "base/buf.h"

struct lsp_wire {
	int in;
	int out;
	struct buf read; /* read from in and not taken yet, from at on */
	size_t at;
	/* Returns when in can be read: what else there is to do is done. */
	void (*wait)(void *ctx);
	void *ctx;
};

/* A larger message is dropped. */
enum { LSP_MAX_BYTES = 64 << 20 };

enum lsp_result {
	LSP_MESSAGE,
	LSP_TOO_LARGE, /* it was skipped */
	LSP_END,       /* of the stream, between two messages */
	LSP_BROKEN,    /* no header, or the stream ends in a message */
};

void lsp_wire_init(struct lsp_wire *w, int in, int out, void (*wait)(void *ctx),
		   void *ctx);
void lsp_wire_release(struct lsp_wire *w);

/* The next message into out, which is emptied first. e is set for LSP_BROKEN.
 */
enum lsp_result lsp_wire_read(struct lsp_wire *w, struct buf *out,
			      struct err *e);
int lsp_wire_write(struct lsp_wire *w, struct str message, struct err *e);

#endif
