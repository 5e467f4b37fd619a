/*
 * Decoders. Memory is bounded by the format: 32 KiB of window for gzip, 900 KiB
 * a block for bzip2, and for zstd and xz windows up to the limits below, which
 * their strongest presets stay under.
 */
#include "oci/codec.h"

#include "base/mem.h"
#include "oci/isal.h"

#include <bzlib.h>
#include <limits.h>
#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	ZSTD_WINDOW_LOG_MAX = 27,
	XZ_MEMORY_MAX = 192 << 20,
};

static bool starts(const unsigned char *p, size_t n, const char *magic,
		   size_t n_magic)
{
	return n >= n_magic && memcmp(p, magic, n_magic) == 0;
}

static void *fail(void *state, const char *what, struct err *e)
{
	free(state);
	err_set(e, ERR_LIMIT, "%s: out of memory", what);
	return NULL;
}

/* Their counters have 32 bits. */
static unsigned clamp(size_t n)
{
	return n < INT_MAX ? (unsigned)n : INT_MAX;
}

static bool gzip_begins(const unsigned char *p, size_t n)
{
	return starts(p, n, "\x1f\x8b\x08", 3);
}

/* gzip by zlib, or by ISA-L where it is installed: twice as fast. */
struct gzip_state {
#ifdef HAVE_ISAL
	const struct isal *isal;
	struct inflate_state i;
#endif
	z_stream z;
};

#ifdef HAVE_ISAL

static bool isal_use(struct gzip_state *s)
{
	struct err ignored;

	s->isal = isal_load(&ignored);
	if (!s->isal)
		return false;
	s->isal->inflate_init(&s->i);
	s->i.crc_flag = ISAL_GZIP;
	return true;
}

static enum decode_result isal_decode(struct gzip_state *s,
				      struct decode_io *io)
{
	unsigned n_in = clamp(io->n_in);
	unsigned n_out = clamp(io->n_out);
	int result;

	s->i.next_in = (unsigned char *)io->in;
	s->i.avail_in = n_in;
	s->i.next_out = io->out;
	s->i.avail_out = n_out;
	result = s->isal->inflate(&s->i);
	if (result < 0 || result == ISAL_NEED_DICT)
		return DECODE_CORRUPT;
	io->in += n_in - s->i.avail_in;
	io->n_in -= n_in - s->i.avail_in;
	io->out += n_out - s->i.avail_out;
	io->n_out -= n_out - s->i.avail_out;
	return s->i.block_state == ISAL_BLOCK_FINISH ? DECODE_MEMBER_END
						     : DECODE_MORE;
}

#endif

static void *gzip_open(struct err *e)
{
	struct gzip_state *s = xcalloc(1, sizeof(*s));

#ifdef HAVE_ISAL
	if (isal_use(s))
		return s;
#endif
	/* 16: gzip only, header and trailer checked */
	return inflateInit2(&s->z, 15 + 16) == Z_OK ? s : fail(s, "gzip", e);
}

static enum decode_result gzip_decode(void *state, struct decode_io *io)
{
	struct gzip_state *s = state;
	unsigned n_in = clamp(io->n_in);
	unsigned n_out = clamp(io->n_out);
	int result;

#ifdef HAVE_ISAL
	if (s->isal)
		return isal_decode(s, io);
#endif
	s->z.next_in = (unsigned char *)io->in;
	s->z.avail_in = n_in;
	s->z.next_out = io->out;
	s->z.avail_out = n_out;
	result = inflate(&s->z, Z_NO_FLUSH);
	io->in += n_in - s->z.avail_in;
	io->n_in -= n_in - s->z.avail_in;
	io->out += n_out - s->z.avail_out;
	io->n_out -= n_out - s->z.avail_out;
	if (result == Z_STREAM_END)
		return DECODE_MEMBER_END;
	return result == Z_OK || result == Z_BUF_ERROR ? DECODE_MORE
						       : DECODE_CORRUPT;
}

static bool gzip_reset(void *state)
{
	struct gzip_state *s = state;

#ifdef HAVE_ISAL
	if (s->isal) {
		s->isal->inflate_reset(&s->i);
		return true;
	}
#endif
	return inflateReset(&s->z) == Z_OK;
}

static void gzip_close(void *state)
{
	struct gzip_state *s = state;

	(void)inflateEnd(&s->z); /* does nothing where it was not begun */
	free(s);
}

/* A frame, or a skippable one: 0x184D2A50 to 0x184D2A5F, little-endian. */
static bool zstd_begins(const unsigned char *p, size_t n)
{
	return starts(p, n, "\x28\xb5\x2f\xfd", 4) ||
	       (n >= 4 && (p[0] & 0xf0) == 0x50 &&
		memcmp(p + 1, "\x2a\x4d\x18", 3) == 0);
}

static void *zstd_open(struct err *e)
{
	ZSTD_DCtx *z = ZSTD_createDCtx();

	if (!z)
		return fail(NULL, "zstd", e);
	(void)ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax,
				     ZSTD_WINDOW_LOG_MAX);
	return z;
}

static enum decode_result zstd_decode(void *state, struct decode_io *io)
{
	ZSTD_inBuffer in = {io->in, io->n_in, 0};
	ZSTD_outBuffer out = {io->out, io->n_out, 0};
	size_t result = ZSTD_decompressStream(state, &out, &in);

	if (ZSTD_isError(result))
		return DECODE_CORRUPT;
	io->in += in.pos;
	io->n_in -= in.pos;
	io->out += out.pos;
	io->n_out -= out.pos;
	return result == 0 ? DECODE_MEMBER_END : DECODE_MORE;
}

static bool zstd_reset(void *state)
{
	return !ZSTD_isError(ZSTD_DCtx_reset(state, ZSTD_reset_session_only));
}

static void zstd_close(void *state)
{
	(void)ZSTD_freeDCtx(state);
}

static bool xz_begins(const unsigned char *p, size_t n)
{
	return starts(p, n,
		      "\xfd"
		      "7zXZ\0",
		      6);
}

static bool xz_reset(void *state)
{
	return lzma_stream_decoder(state, XZ_MEMORY_MAX, 0) == LZMA_OK;
}

static void *xz_open(struct err *e)
{
	lzma_stream *z = xmalloc(sizeof(*z));

	*z = (lzma_stream)LZMA_STREAM_INIT;
	return xz_reset(z) ? z : fail(z, "xz", e);
}

static enum decode_result xz_decode(void *state, struct decode_io *io)
{
	lzma_stream *z = state;
	lzma_ret result;

	z->next_in = io->in;
	z->avail_in = io->n_in;
	z->next_out = io->out;
	z->avail_out = io->n_out;
	result = lzma_code(z, LZMA_RUN);
	io->in = z->next_in;
	io->n_in = z->avail_in;
	io->out = z->next_out;
	io->n_out = z->avail_out;
	if (result == LZMA_STREAM_END)
		return DECODE_MEMBER_END;
	return result == LZMA_OK || result == LZMA_BUF_ERROR ? DECODE_MORE
							     : DECODE_CORRUPT;
}

static void xz_close(void *state)
{
	lzma_end(state);
	free(state);
}

static bool bzip2_begins(const unsigned char *p, size_t n)
{
	/* "BZh1" to "BZh9" and the first block's or the end's magic */
	return starts(p, n, "BZh", 3) && n >= 6 && p[3] >= '1' && p[3] <= '9' &&
	       (p[4] == 0x31 || p[4] == 0x17);
}

static void *bzip2_open(struct err *e)
{
	bz_stream *z = xcalloc(1, sizeof(*z));

	return BZ2_bzDecompressInit(z, 0, 0) == BZ_OK ? z : fail(z, "bzip2", e);
}

static enum decode_result bzip2_decode(void *state, struct decode_io *io)
{
	bz_stream *z = state;
	unsigned n_in = clamp(io->n_in);
	unsigned n_out = clamp(io->n_out);
	int result;

	z->next_in = (char *)io->in;
	z->avail_in = n_in;
	z->next_out = (char *)io->out;
	z->avail_out = n_out;
	result = BZ2_bzDecompress(z);
	io->in += n_in - z->avail_in;
	io->n_in -= n_in - z->avail_in;
	io->out += n_out - z->avail_out;
	io->n_out -= n_out - z->avail_out;
	if (result == BZ_STREAM_END)
		return DECODE_MEMBER_END;
	return result == BZ_OK ? DECODE_MORE : DECODE_CORRUPT;
}

static bool bzip2_reset(void *state)
{
	bz_stream *z = state;

	(void)BZ2_bzDecompressEnd(z); /* its state was there */
	*z = (bz_stream){0};
	return BZ2_bzDecompressInit(z, 0, 0) == BZ_OK;
}

static void bzip2_close(void *state)
{
	(void)BZ2_bzDecompressEnd(state); /* fails where a reset failed */
	free(state);
}

static const struct decoder decoders[] = {
	{"gzip", gzip_begins, gzip_open, gzip_decode, gzip_reset, gzip_close},
	{"zstd", zstd_begins, zstd_open, zstd_decode, zstd_reset, zstd_close},
	{"xz", xz_begins, xz_open, xz_decode, xz_reset, xz_close},
	{"bzip2", bzip2_begins, bzip2_open, bzip2_decode, bzip2_reset,
	 bzip2_close},
};

const struct decoder *decoder_detect(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(decoders); i++)
		if (decoders[i].begins(p, n))
			return &decoders[i];
	return NULL;
}
