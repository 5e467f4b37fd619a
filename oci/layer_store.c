#include "oci/layer_store.h"

#include "base/mem.h"
#include "oci/compress.h"
#include "oci/tar.h"

#include <string.h>

enum { CHUNK_SIZE = 256 * 1024 };

/* A source that keeps what it gives. */
struct tee {
	struct source_stream source;
	struct source_stream *in;
	struct blob_draft *draft; /* NULL: no longer */
};

static ssize_t tee_read(struct source_stream *s, void *p, size_t n,
			struct err *e)
{
	struct tee *t = (struct tee *)s;
	ssize_t got = t->in->read(t->in, p, n, e);

	if (got > 0 && t->draft &&
	    t->draft->sink.write(&t->draft->sink, p, (size_t)got, e) < 0)
		return -1;
	return got;
}

/* The uncompressed bytes as they pass. */
struct passing {
	struct sha256 hash;
	unsigned char first[TAR_BLOCK];
	size_t n_first;
	struct sink *copy; /* may be NULL */
};

static int pass(struct passing *x, const void *p, size_t n, struct err *e)
{
	size_t part = sizeof(x->first) - x->n_first;

	if (part > n)
		part = n;
	memcpy(x->first + x->n_first, p, part);
	x->n_first += part;
	sha256_update(&x->hash, p, n);
	return x->copy ? x->copy->write(x->copy, p, n, e) : 0;
}

static int pass_all(struct passing *x, struct source_stream *in, struct err *e)
{
	SCOPED_PTR char *chunk = xmalloc(CHUNK_SIZE);
	ssize_t n;

	while ((n = in->read(in, chunk, CHUNK_SIZE, e)) > 0)
		if (pass(x, chunk, (size_t)n, e) < 0)
			return -1;
	return (int)n;
}

/* A header, or the two zero blocks of an empty tar. */
static int check_tar(const struct passing *x, struct err *e)
{
	static const unsigned char zeros[TAR_BLOCK];

	if (x->n_first == TAR_BLOCK &&
	    (tar_is_header(x->first) ||
	     memcmp(x->first, zeros, TAR_BLOCK) == 0))
		return 0;
	return err_set(e, ERR_INVALID,
		       "not a tar archive, nor one compressed by gzip, zstd, "
		       "xz or bzip2");
}

/* The media type to keep the bytes under; NULL: keep them uncompressed. */
static const char *media_type_of(const char *kind)
{
	if (strcmp(kind, "none") == 0)
		return MEDIA_LAYER;
	if (strcmp(kind, "gzip") == 0)
		return MEDIA_LAYER_GZIP;
	if (strcmp(kind, "zstd") == 0)
		return MEDIA_LAYER_ZSTD;
	return NULL;
}

static int commit(struct blob_draft *draft, const char *media_type,
		  struct descriptor *out, struct err *e)
{
	out->media_type = str_from(media_type);
	out->size_bytes = draft->size_bytes;
	return blob_commit(draft, &out->digest, e);
}

static void free_decompressor(struct decompressor **d)
{
	decompressor_free(*d);
}

int layer_store(const struct blobs *b, struct source_stream *in,
		struct descriptor *out, struct digest *diff_id, struct err *e)
{
	SCOPED(blob_release) struct blob_draft raw = {.fd = -1};
	SCOPED(blob_release) struct blob_draft plain = {.fd = -1};
	SCOPED(free_decompressor) struct decompressor *d = NULL;
	struct tee tee = {{tee_read}, in, &raw};
	struct passing x = {.n_first = 0};
	const char *media_type;
	const char *kind;

	sha256_init(&x.hash);
	if (blob_begin(&raw, b, e) < 0 ||
	    decompressor_begin(&d, &tee.source, &kind, e) < 0)
		return -1;
	media_type = media_type_of(kind);
	if (!media_type) {
		tee.draft = NULL;
		if (blob_begin(&plain, b, e) < 0)
			return -1;
		x.copy = &plain.sink;
	}
	if (pass_all(&x, decompressor_source(d), e) < 0 || check_tar(&x, e) < 0)
		return -1;
	sha256_final(&x.hash, diff_id);
	if (!media_type)
		return commit(&plain, MEDIA_LAYER, out, e);
	return commit(&raw, media_type, out, e);
}
