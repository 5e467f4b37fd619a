/*
 * gzip levels: 1 to 3 are ISA-L's 0 to 2, whose output depends on nothing but
 * the block (its 3 depends on the CPU); 4 to 9 are zlib's. The default, 2, is
 * ISA-L's level 1: fifteen times as fast as zlib 6 for 14% more bytes.
 * In a build without ISA-L all levels are zlib's and the default is 1.
 *
 * zstd: the library's levels 1 to 19. The default is 1: half again as fast as
 * 3 for 2% more bytes, and a layer is written more often than it is kept.
 * Frames say their content's size; they carry no checksum, since a layer is
 * always verified by its digest.
 */
#include "oci/codec.h"

#include "base/mem.h"
#include "oci/isal.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

enum {
	ZSTD_LEVEL_DEFAULT = 1,
	ZSTD_LEVEL_MAX = 19, /* beyond: windows that readers may refuse */
	GZIP_LEVEL_MAX = 9,
	ISAL_LEVELS = 3,
};

static void *zlib_open(int level, struct err *e)
{
	z_stream *z = xcalloc(1, sizeof(*z));

	/* 16: with a gzip header, which has time 0 and no name */
	if (deflateInit2(z, level, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) == Z_OK)
		return z;
	free(z);
	err_set(e, ERR_INVALID, "zlib refuses level %d", level);
	return NULL;
}

static size_t zlib_bound(size_t n)
{
	/* deflateBound's own worst case, and the header and trailer */
	return n + (n >> 3) + (n >> 6) + 64;
}

static ssize_t zlib_encode(void *state, const unsigned char *in, size_t n,
			   unsigned char *out, size_t room)
{
	z_stream *z = state;

	if (deflateReset(z) != Z_OK)
		return -1;
	z->next_in = (unsigned char *)in;
	z->avail_in = (uInt)n;
	z->next_out = out;
	z->avail_out = (uInt)room;
	if (deflate(z, Z_FINISH) != Z_STREAM_END)
		return -1;
	return (ssize_t)(room - z->avail_out);
}

static void zlib_close(void *state)
{
	(void)deflateEnd(state); /* complains of data that we don't want */
	free(state);
}

static const struct encoder zlib_encoder = {
	zlib_open,
	zlib_bound,
	zlib_encode,
	zlib_close,
};

#ifdef HAVE_ISAL

/*
 * Where a stream lies in memory can change what ISA-L makes of a block: up to
 * 2.30, levels 1 and 2 put the block's third position into a slot of the hash
 * table that they choose by a register they forgot to set, which holds the
 * stream's address (.write_first_byte in igzip_icf_body_h1_gr_bt.asm). Unless
 * that is the slot of one of the first three positions it is as good as any
 * other, so a block is given a stream for which it is not.
 */
enum {
	ISAL_FORGOTTEN = 3, /* positions whose slots matter */
	ISAL_STREAMS = 64,  /* three of sixteen slots are to be avoided */
	ISAL_SLOTS = 16,    /* the smallest table for a block that is matched */
	ISAL_MATCHED = 17,  /* bytes of the smallest such block */
};

struct isal_state {
	const struct isal *isal;
	struct isal_zstream *streams[ISAL_STREAMS]; /* made when needed */
	uint32_t level;
	unsigned char level_buf[ISAL_DEF_LVL2_DEFAULT];
};

static void *isal_open(int level, struct err *e)
{
	const struct isal *isal = isal_load(e);
	struct isal_state *s;

	if (!isal)
		return NULL;
	s = xcalloc(1, sizeof(*s));
	s->isal = isal;
	s->level = (uint32_t)level;
	return s;
}

static size_t isal_bound(size_t n)
{
	/* stored blocks of 64 KiB - 1, and the header and trailer */
	return n + (n >> 8) + 1024;
}

/* ISA-L's hash of four bytes, CRC-32C without inversion, in a small table. */
static unsigned isal_slot(uint32_t bytes)
{
	for (int bit = 0; bit < 32; bit++)
		bytes = bytes >> 1 ^ (bytes & 1 ? 0x82f63b78 : 0);
	return bytes % ISAL_SLOTS;
}

static uint32_t four_bytes(const unsigned char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return le32toh(n);
}

static bool isal_slot_is_free(const struct isal_zstream *z,
			      const unsigned char *in)
{
	unsigned chosen = isal_slot((uint32_t)((uintptr_t)z >> 16));

	for (int i = 0; i < ISAL_FORGOTTEN; i++)
		if (isal_slot(four_bytes(in + i)) == chosen)
			return false;
	return true;
}

static struct isal_zstream *isal_stream(struct isal_state *s,
					const unsigned char *in, size_t n)
{
	for (size_t i = 0; i < ISAL_STREAMS; i++) {
		if (!s->streams[i])
			s->streams[i] = xcalloc(1, sizeof(*s->streams[i]));
		if (n < ISAL_MATCHED || isal_slot_is_free(s->streams[i], in))
			return s->streams[i];
	}
	return NULL;
}

static ssize_t isal_encode(void *state, const unsigned char *in, size_t n,
			   unsigned char *out, size_t room)
{
	struct isal_state *s = state;
	struct isal_zstream *z = isal_stream(s, in, n);

	if (!z)
		return -1;
	s->isal->deflate_stateless_init(z);
	z->level = s->level;
	z->level_buf = s->level_buf;
	z->level_buf_size = s->level == 2   ? ISAL_DEF_LVL2_DEFAULT
			    : s->level == 1 ? ISAL_DEF_LVL1_DEFAULT
					    : 0;
	z->gzip_flag = IGZIP_GZIP;
	z->end_of_stream = 1;
	z->flush = NO_FLUSH;
	z->next_in = (unsigned char *)in;
	z->avail_in = (uint32_t)n;
	z->next_out = out;
	z->avail_out = (uint32_t)room;
	if (s->isal->deflate_stateless(z) != COMP_OK || z->avail_in)
		return -1;
	return (ssize_t)(room - z->avail_out);
}

static void isal_close(void *state)
{
	struct isal_state *s = state;

	for (size_t i = 0; i < ISAL_STREAMS; i++)
		free(s->streams[i]);
	free(s);
}

static const struct encoder isal_encoder = {
	isal_open,
	isal_bound,
	isal_encode,
	isal_close,
};

const struct encoder *encoder_gzip(int *level)
{
	if (*level < 0 || *level > GZIP_LEVEL_MAX)
		return NULL;
	if (*level == 0)
		*level = 2;
	if (*level > ISAL_LEVELS)
		return &zlib_encoder;
	*level -= 1;
	return &isal_encoder;
}

#else

const struct encoder *encoder_gzip(int *level)
{
	if (*level < 0 || *level > GZIP_LEVEL_MAX)
		return NULL;
	if (*level == 0)
		*level = 1;
	return &zlib_encoder;
}

#endif

struct zstd_state {
	ZSTD_CCtx *context;
	int level;
};

static void *zstd_open(int level, struct err *e)
{
	struct zstd_state *s = xcalloc(1, sizeof(*s));

	s->context = ZSTD_createCCtx();
	s->level = level;
	if (s->context)
		return s;
	free(s);
	err_set(e, ERR_LIMIT, "zstd: out of memory");
	return NULL;
}

static ssize_t zstd_encode(void *state, const unsigned char *in, size_t n,
			   unsigned char *out, size_t room)
{
	struct zstd_state *s = state;
	size_t size = ZSTD_compressCCtx(s->context, out, room, in, n, s->level);

	return ZSTD_isError(size) ? -1 : (ssize_t)size;
}

static void zstd_close(void *state)
{
	struct zstd_state *s = state;

	(void)ZSTD_freeCCtx(s->context);
	free(s);
}

static const struct encoder zstd_encoder = {
	zstd_open,
	ZSTD_compressBound,
	zstd_encode,
	zstd_close,
};

const struct encoder *encoder_zstd(int *level)
{
	if (*level < 0 || *level > ZSTD_LEVEL_MAX)
		return NULL;
	if (*level == 0)
		*level = ZSTD_LEVEL_DEFAULT;
	return &zstd_encoder;
}
