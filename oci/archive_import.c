#include "oci/archive.h"
#include "oci/layer_store.h"

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
	if (layer_store(&b, &in.source, &layer, &diff_id, e) < 0)
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
