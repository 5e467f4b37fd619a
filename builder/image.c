#include "builder/image.h"

#include "oci/layout.h"

static int resolve(struct plan_source *source, struct arena *a, struct str name,
		   const struct platform *platform, struct plan_image *out,
		   struct err *e)
{
	const struct store_source *s = (const struct store_source *)source;

	return image_find(s->store, a, name, platform, out, e);
}

void store_source_init(struct store_source *s, const struct store *store)
{
	*s = (struct store_source){{resolve}, store};
}

int image_find(const struct store *s, struct arena *a, struct str name,
	       const struct platform *platform, struct plan_image *out,
	       struct err *e)
{
	struct index_entry entry;
	int found = layout_find(s->fd, a, name, &entry, e);

	if (found <= 0)
		return found;
	*out = (struct plan_image){.name = name};
	if (layout_read_image(s->fd, a, &entry.descriptor, platform,
			      &out->manifest, &out->manifest_digest,
			      &out->config, e) < 0)
		return -1;
	return 1;
}

/* How a layer stands in the store's own manifest. */
static int describe_layer(const struct store *s, const struct rootfs_layer *l,
			  struct descriptor *out, struct err *e)
{
	uint64_t size_bytes;
	int there = 0;

	if (l->blob.size_bytes)
		there = blob_stat(&s->blobs, &l->blob.digest, &size_bytes, e);
	if (there < 0)
		return -1;
	*out = l->blob;
	if (!there && l->layer.size_bytes)
		*out = (struct descriptor){str_from(MEDIA_LAYER),
					   l->layer.diff_id,
					   l->layer.size_bytes};
	return 0;
}

int image_put(const struct store *s, const struct image *image,
	      struct descriptor *manifest, struct digest *config_digest,
	      struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	size_t n_layers = image->rootfs->layers.n;
	struct descriptor *layers =
		arena_new_array(&a, n_layers, struct descriptor);
	struct manifest doc = {.layers = layers, .n_layers = n_layers};

	for (size_t i = 0; i < n_layers; i++)
		if (describe_layer(s, &image->rootfs->layers.v[i], &layers[i],
				   e) < 0)
			return -1;
	image_config_write(&text, image->config);
	if (buf_check(&text, "image config", e) < 0 ||
	    blob_put(&s->blobs, buf_str(&text), config_digest, e) < 0)
		return -1;
	doc.config = (struct descriptor){str_from(MEDIA_CONFIG), *config_digest,
					 text.n};
	buf_clear(&text);
	manifest_write(&text, &doc);
	*manifest = (struct descriptor){.media_type = str_from(MEDIA_MANIFEST),
					.size_bytes = text.n};
	return blob_put(&s->blobs, buf_str(&text), &manifest->digest, e);
}

int image_tag(const struct store *s, const struct descriptor *manifest,
	      const struct platform *platform, struct str name, struct err *e)
{
	const struct index_entry entry = {.descriptor = *manifest,
					  .platform = *platform};

	return layout_set_name(s->fd, name, &entry, e);
}
