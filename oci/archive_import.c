#include "oci/archive.h"
#include "oci/compress.h"
#include "oci/layer_store.h"
#include "oci/tar.h"

#include <string.h>

static int put_document(const struct blobs *b, const struct buf *text,
			const char *media_type, struct descriptor *out,
			struct err *e)
{
	if (buf_check(text, media_type, e) < 0)
		return -1;
	out->media_type = str_from(media_type);
	out->size_bytes = text->n;
	return blob_put(b, buf_str(text), &out->digest, e);
}

enum {
	N_FIRST = 3,	  /* headers that tell what a tar is */
	NAME_BYTES = 100, /* of the name field */
};

static bool is_hex(struct str s)
{
	struct digest d;

	return s.n >= DIGEST_HEX_SIZE - 1 &&
	       digest_parse_hex(str_sub(s, 0, DIGEST_HEX_SIZE - 1), &d);
}

/*
 * How archives of images begin: an OCI layout's, docker's with its files named
 * by digests. No root file system has such names at its top.
 */
static bool names_an_image(struct str path)
{
	if (str_starts(path, "./"))
		path = str_skip(path, 2);
	return str_starts(path, "blobs/sha256") ||
	       str_eq_c(path, "oci-layout") || str_eq_c(path, "index.json") ||
	       is_hex(path);
}

static void free_decompressor(struct decompressor **d)
{
	decompressor_free(*d);
}

/* 1 it is an archive of images, 0 not, -1. */
static int is_image_archive(struct source_stream *in, struct err *e)
{
	SCOPED(free_decompressor) struct decompressor *d = NULL;
	struct source_stream *plain;
	unsigned char block[TAR_BLOCK];

	if (decompressor_begin(&d, in, NULL, e) < 0)
		return -1;
	plain = decompressor_source(d);
	for (int i = 0; i < N_FIRST; i++) {
		size_t n = 0;

		while (n < sizeof(block)) {
			ssize_t got = plain->read(plain, block + n,
						  sizeof(block) - n, e);

			if (got <= 0)
				return got < 0 ? -1 : 0;
			n += (size_t)got;
		}
		if (!tar_is_header(block))
			return 0;
		if (names_an_image((struct str){
			    (const char *)block,
			    strnlen((const char *)block, NAME_BYTES)}))
			return 1;
	}
	return 0;
}

/* Looked at as it was stored: it may have come through a pipe. */
static int refuse_image_archive(const struct blobs *b,
				const struct descriptor *layer, struct err *e)
{
	SCOPED_FD int fd = blob_open(b, &layer->digest, e);
	struct fd_source in;
	int is;

	if (fd < 0)
		return -1;
	fd_source_init(&in, fd, "root file system archive");
	is = is_image_archive(&in.source, e);
	if (is > 0)
		return err_set(e, ERR_INVALID,
			       "this is an archive of images, no root file "
			       "system: `imgbuild load -i` reads it");
	return is;
}

int archive_import(int dirfd, int fd, const struct image_config *config,
		   struct descriptor *manifest_out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	const struct blobs b = {dirfd};
	struct config_history imported = {
		.has_created = config->has_created,
		.created_ns = config->created_ns,
		.comment = STR("imported by imgbuild"),
	};
	struct image_config c = *config;
	struct descriptor layer;
	struct manifest m = {.layers = &layer, .n_layers = 1};
	struct digest diff_id;
	struct fd_source in;

	fd_source_init(&in, fd, "root file system archive");
	if (layer_store(&b, &in.source, &layer, &diff_id, e) < 0 ||
	    refuse_image_archive(&b, &layer, e) < 0)
		return -1;
	c.diff_ids = &diff_id;
	c.n_diff_ids = 1;
	if (!c.n_history) {
		c.history = &imported;
		c.n_history = 1;
	}
	image_config_write(&text, &c);
	if (put_document(&b, &text, MEDIA_CONFIG, &m.config, e) < 0)
		return -1;
	buf_clear(&text);
	manifest_write(&text, &m);
	return put_document(&b, &text, MEDIA_MANIFEST, manifest_out, e);
}
