/*
 * One table of functions per compression format. The streams in compress.c and
 * decompress.c know no format; these know no streams.
 */
#ifndef OCI_CODEC_H
#define OCI_CODEC_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Compresses whole blocks, each by itself. */
struct encoder {
	/* A state for one thread; NULL with *e. */
	void *(*open)(int level, struct err *e);
	/* Room that n bytes may need. */
	size_t (*bound)(size_t n);
	/* The compressed size, or -1. */
	ssize_t (*encode)(void *state, const unsigned char *in, size_t n,
			  unsigned char *out, size_t room);
	void (*close)(void *state);
};

/* The encoder for a level, 0 being the default; *level becomes the codec's. */
const struct encoder *encoder_gzip(int *level);
const struct encoder *encoder_zstd(int *level);

struct decode_io {
	const unsigned char *in;
	size_t n_in;
	unsigned char *out;
	size_t n_out;
};

enum decode_result {
	DECODE_MORE,	   /* gave or took what it could */
	DECODE_MEMBER_END, /* the next byte of in is behind the member */
	DECODE_CORRUPT,
};

struct decoder {
	const char *name;
	/* Whether n bytes at p begin a member. */
	bool (*begins)(const unsigned char *p, size_t n);
	/* A state at the beginning of a member; NULL with *e. */
	void *(*open)(struct err *e);
	/* Moves io on. */
	enum decode_result (*decode)(void *state, struct decode_io *io);
	/* Ready for another member. */
	bool (*reset)(void *state);
	void (*close)(void *state);
};

enum { DECODER_MAGIC_MAX = 6 };

/* The decoder for content that begins so, NULL for no compression. */
const struct decoder *decoder_detect(const unsigned char *p, size_t n);

#endif
