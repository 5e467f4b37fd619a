/*
 * Compression of layers: deterministic whatever the number of threads.
 *
 * A stream is cut into blocks of fixed size that are compressed independently
 * and written in order: gzip members or zstd frames (RFC 1952 2.2, RFC 8878 3).
 */
#ifndef OCI_COMPRESS_H
#define OCI_COMPRESS_H

#include "base/err.h"
#include "base/str.h"
#include "oci/stream.h"

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

struct compression_spec {
	enum compression kind;
	int level; /* 0: the default of the kind */
};

/* "none" or "uncompressed", "gzip", "zstd"; ERR_INVALID names them. */
int compression_parse(struct str s, enum compression *out, struct err *e);
const char *compression_name(enum compression kind);
/* The OCI media type of a layer compressed so. */
const char *compression_media_type(enum compression kind);

struct compressor; /* a sink in front of another sink */

/* Compress into out, which is borrowed, on up to n_threads threads. */
int compressor_begin(struct compressor **c, const struct compression_spec *spec,
		     unsigned n_threads, struct sink *out, struct err *e);
struct sink *compressor_sink(struct compressor *c);
/* Write what is pending. Afterwards only compressor_free is allowed. */
int compressor_finish(struct compressor *c, struct err *e);
void compressor_free(struct compressor *c); /* NULL does nothing */

struct decompressor; /* a source behind another source */

/*
 * Detect gzip, bzip2, xz, zstd or none by content and decompress. Borrows in.
 * Concatenated members are one stream; truncation is ERR_CORRUPT. *kind_name
 * (may be NULL) gets "gzip", …, "none".
 */
int decompressor_begin(struct decompressor **d, struct source_stream *in,
		       const char **kind_name, struct err *e);
struct source_stream *decompressor_source(struct decompressor *d);
void decompressor_free(struct decompressor *d); /* NULL does nothing */

#endif
