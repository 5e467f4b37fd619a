#include "cli/lsp/wire.h"

#include "base/io.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	HEADER_MAX_BYTES = 8 << 10,
	CHUNK = 64 << 10,
};

void lsp_wire_init(struct lsp_wire *w, int in, int out, void (*wait)(void *ctx),
		   void *ctx)
{
	*w = (struct lsp_wire){
		.in = in,
		.out = out,
		.wait = wait,
		.ctx = ctx,
		.read = BUF_INIT(LSP_MAX_BYTES + HEADER_MAX_BYTES + CHUNK),
	};
}

void lsp_wire_release(struct lsp_wire *w)
{
	buf_release(&w->read);
}

static struct str pending(const struct lsp_wire *w)
{
	return str_skip(buf_str(&w->read), w->at);
}

/* What was taken makes room. */
static void compact(struct lsp_wire *w)
{
	size_t left = w->read.n - w->at;

	if (w->at == 0)
		return;
	memmove(w->read.p, w->read.p + w->at, left);
	w->read.n = left;
	w->at = 0;
}

/* Some more bytes; 0 at the end, -1 where reading fails. */
static int fill(struct lsp_wire *w, struct err *e)
{
	char chunk[CHUNK];
	ssize_t n;

	w->wait(w->ctx);
	do {
		n = read(w->in, chunk, sizeof(chunk));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_sys(e, "read stdin");
	buf_add(&w->read, chunk, (size_t)n);
	return n > 0;
}

/* One header line, without its end, up to limit bytes from the first one. */
static enum lsp_result read_line(struct lsp_wire *w, size_t limit,
				 struct str *line, struct err *e)
{
	for (;;) {
		ptrdiff_t end = str_find(pending(w), '\n');
		int more;

		if (end >= 0) {
			*line = str_sub(pending(w), 0, (size_t)end);
			w->at += (size_t)end + 1;
			if (str_ends(*line, "\r"))
				line->n--;
			return LSP_MESSAGE;
		}
		if (pending(w).n > limit) {
			err_set(e, ERR_INVALID,
				"the input is no Language Server Protocol");
			return LSP_BROKEN;
		}
		compact(w);
		more = fill(w, e);
		if (more < 0)
			return LSP_BROKEN;
		if (more == 0 && pending(w).n == 0)
			return LSP_END;
		if (more == 0) {
			err_set(e, ERR_INVALID, "the input ends in a header");
			return LSP_BROKEN;
		}
	}
}

static bool read_length(struct str line, uint64_t *length)
{
	struct str name;
	struct str value;

	return str_cut(line, ':', &name, &value) &&
	       str_eq_nocase(str_trim(name), STR("content-length")) &&
	       str_to_u64(str_trim(value), UINT64_MAX, length);
}

/* All header lines. */
static enum lsp_result read_header(struct lsp_wire *w, uint64_t *length,
				   struct err *e)
{
	size_t n_bytes = 0;
	bool found = false;

	for (;;) {
		struct str line;
		enum lsp_result result =
			read_line(w, HEADER_MAX_BYTES, &line, e);

		if (result == LSP_END && n_bytes) {
			err_set(e, ERR_INVALID, "the input ends in a header");
			return LSP_BROKEN;
		}
		if (result != LSP_MESSAGE)
			return result;
		if (line.n == 0 && found)
			return LSP_MESSAGE;
		n_bytes += line.n + 1;
		found |= read_length(line, length);
		if (n_bytes > HEADER_MAX_BYTES || line.n == 0) {
			err_set(e, ERR_INVALID,
				"a message without Content-Length");
			return LSP_BROKEN;
		}
	}
}

/* n bytes, to out where that is not NULL. */
static enum lsp_result read_body(struct lsp_wire *w, uint64_t n,
				 struct buf *out, struct err *e)
{
	while (n) {
		struct str part = pending(w);
		int more;

		if (part.n > n)
			part.n = (size_t)n;
		if (out)
			buf_add_str(out, part);
		w->at += part.n;
		n -= part.n;
		compact(w);
		more = n ? fill(w, e) : 1;
		if (more == 0)
			err_set(e, ERR_INVALID, "the input ends in a message");
		if (more <= 0)
			return LSP_BROKEN;
	}
	return LSP_MESSAGE;
}

enum lsp_result lsp_wire_read(struct lsp_wire *w, struct buf *out,
			      struct err *e)
{
	uint64_t length = 0;
	enum lsp_result result = read_header(w, &length, e);

	buf_clear(out);
	if (result != LSP_MESSAGE)
		return result;
	if (length <= LSP_MAX_BYTES)
		return read_body(w, length, out, e);
	result = read_body(w, length, NULL, e);
	return result == LSP_MESSAGE ? LSP_TOO_LARGE : result;
}

int lsp_wire_write(struct lsp_wire *w, struct str message, struct err *e)
{
	SCOPED_BUF struct buf out = BUF_INIT(message.n + 64);

	buf_printf(&out, "Content-Length: %zu\r\n\r\n", message.n);
	buf_add_str(&out, message);
	return io_write_all(w->out, out.p, out.n, "stdout", e);
}
