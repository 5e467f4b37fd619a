/*
 * Members are decoded one after the other. Behind the last one only zeros may
 * follow (tape blocks, xz padding); anything else is not ours to ignore.
 */
#include "oci/compress.h"

#include "base/mem.h"
#include "oci/codec.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { IN_SIZE = 128 * 1024 };

struct decompressor {
	struct source_stream source;
	struct source_stream *in;
	const struct decoder *decoder; /* NULL: bytes pass as they come */
	void *state;
	bool in_member;
	bool in_ended;
	size_t at; /* of the bytes of buffer, those before it are used */
	size_t n;
	unsigned char buffer[IN_SIZE];
};

/* Have at least want bytes behind at, or the end of the input. */
static int fill(struct decompressor *d, size_t want, struct err *e)
{
	if (d->n - d->at >= want || d->in_ended)
		return 0;
	memmove(d->buffer, d->buffer + d->at, d->n - d->at);
	d->n -= d->at;
	d->at = 0;
	while (d->n < want && !d->in_ended) {
		ssize_t got =
			d->in->read(d->in, d->buffer + d->n, IN_SIZE - d->n, e);

		if (got < 0)
			return -1;
		d->in_ended = got == 0;
		d->n += (size_t)got;
	}
	return 0;
}

static ssize_t read_plain(struct decompressor *d, void *p, size_t n,
			  struct err *e)
{
	size_t have = d->n - d->at;

	if (!have)
		return d->in_ended ? 0 : d->in->read(d->in, p, n, e);
	if (have > n)
		have = n;
	memcpy(p, d->buffer + d->at, have);
	d->at += have;
	return (ssize_t)have;
}

/* 1 a member begins, 0 the stream is over. */
static int next_member(struct decompressor *d, struct err *e)
{
	for (;;) {
		if (fill(d, DECODER_MAGIC_MAX, e) < 0)
			return -1;
		if (d->at == d->n)
			return 0;
		if (d->decoder->begins(d->buffer + d->at, d->n - d->at))
			break;
		if (d->buffer[d->at] != 0)
			return err_set(e, ERR_CORRUPT,
				       "%s: garbage behind the compressed data",
				       d->decoder->name);
		d->at++;
	}
	if (!d->decoder->reset(d->state))
		return err_set(e, ERR_CORRUPT, "%s: damaged data",
			       d->decoder->name);
	d->in_member = true;
	return 1;
}

/* One turn of the decoder: what it gave, which may be nothing yet. */
static ssize_t decode(struct decompressor *d, void *p, size_t n, struct err *e)
{
	struct decode_io io = {.out = p, .n_out = n};
	enum decode_result result;

	if (d->at == d->n && fill(d, 1, e) < 0)
		return -1;
	io.in = d->buffer + d->at;
	io.n_in = d->n - d->at;
	result = d->decoder->decode(d->state, &io);
	if (result == DECODE_CORRUPT)
		return err_set(e, ERR_CORRUPT, "%s: damaged data",
			       d->decoder->name);
	if (result == DECODE_MEMBER_END)
		d->in_member = false;
	else if (d->in_ended && io.n_out == n && io.n_in == d->n - d->at)
		return err_set(e, ERR_CORRUPT, "%s: data ends too early",
			       d->decoder->name);
	d->at = d->n - io.n_in;
	return (ssize_t)(n - io.n_out);
}

static ssize_t decompressor_read(struct source_stream *s, void *p, size_t n,
				 struct err *e)
{
	struct decompressor *d = (struct decompressor *)s;

	if (!d->decoder)
		return read_plain(d, p, n, e);
	while (n) {
		ssize_t got;

		if (!d->in_member) {
			int more = next_member(d, e);

			if (more <= 0)
				return more;
		}
		got = decode(d, p, n, e);
		if (got)
			return got;
	}
	return 0;
}

int decompressor_begin(struct decompressor **out, struct source_stream *in,
		       const char **kind_name, struct err *e)
{
	struct decompressor *d = xmalloc(sizeof(*d));

	memset(d, 0, offsetof(struct decompressor, buffer));
	d->source.read = decompressor_read;
	d->in = in;
	if (fill(d, DECODER_MAGIC_MAX, e) < 0) {
		free(d);
		return -1;
	}
	d->decoder = decoder_detect(d->buffer, d->n);
	if (d->decoder) {
		d->state = d->decoder->open(e);
		d->in_member = true;
		if (!d->state) {
			free(d);
			return -1;
		}
	}
	if (kind_name)
		*kind_name = d->decoder ? d->decoder->name : "none";
	*out = d;
	return 0;
}

struct source_stream *decompressor_source(struct decompressor *d)
{
	return &d->source;
}

void decompressor_free(struct decompressor *d)
{
	if (!d)
		return;
	if (d->state)
		d->decoder->close(d->state);
	free(d);
}
