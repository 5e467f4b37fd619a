#include "builder/image/image.h"

#include "base/io.h"
#include "oci/archive.h"
#include "oci/layout.h"

#include <fcntl.h>

static int resolve(struct plan_source *source, struct arena *a, struct str name,
		   const struct platform *platform, struct plan_image *out,
		   struct err *e)
{
	const struct store_source *s = (const struct store_source *)source;

	return image_find(s->store, a, name, platform, out, e);
}

static int resolve_layout(struct plan_source *source, struct arena *a,
			  struct str layout, const struct platform *platform,
			  struct plan_image *out, struct err *e)
{
	const struct store_source *s = (const struct store_source *)source;

	return image_from_layout(s->store, a, layout, platform, out, e);
}

void store_source_init(struct store_source *s, const struct store *store)
{
	*s = (struct store_source){{resolve, resolve_layout}, store};
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

static bool has_tag(const struct index_entry *entry, struct str tag)
{
	static const char name_key[] = "org.opencontainers.image.ref.name";

	for (size_t i = 0; i < entry->annotations.n; i++)
		if (str_eq_c(entry->annotations.v[i].key, name_key) &&
		    str_eq(entry->annotations.v[i].value, tag))
			return true;
	return false;
}

/* Without a tag the only image is meant, or the one that is "latest". */
static bool is_meant(const struct index *ix, const struct index_entry *entry,
		     struct str tag)
{
	if (!tag.n && ix->n_entries == 1)
		return true;
	return has_tag(entry, tag.n ? tag : STR("latest"));
}

/* 1 found, 0 absent, -1 error. */
static int find_entry(int dirfd, struct arena *a, struct layout_reference ref,
		      struct index_entry *out, struct err *e)
{
	struct index ix;

	if (layout_read_index(dirfd, a, &ix, e) < 0)
		return -1;
	if (ref.digest.n)
		return layout_find_digest(dirfd, a, &ix, ref.digest, out, e);
	for (size_t i = 0; i < ix.n_entries; i++) {
		if (!is_meant(&ix, &ix.entries[i], ref.tag))
			continue;
		*out = ix.entries[i];
		return 1;
	}
	return 0;
}

int image_from_layout(const struct store *s, struct arena *a, struct str layout,
		      const struct platform *platform, struct plan_image *out,
		      struct err *e)
{
	struct layout_reference ref;
	struct loaded_image *loaded;
	struct index_entry entry;
	size_t n_loaded;
	int found;
	SCOPED_FD int fd = -1;

	layout_reference_parse(layout, &ref);
	fd = io_open_dir(AT_FDCWD, arena_c(a, ref.path), e);
	if (fd < 0)
		return -1;
	found = find_entry(fd, a, ref, &entry, e);
	if (found <= 0)
		return found;
	/* blobs that the store has are not read again */
	if (archive_load(s->fd, arena_c(a, ref.path), a, &loaded, &n_loaded,
			 e) < 0)
		return -1;
	*out = (struct plan_image){
		.name = arena_printf(a, "oci-layout://%.*s", STR_ARG(layout))};
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
