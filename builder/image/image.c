#include "builder/image/image.h"

#include "base/io.h"
#include "builder/files/remote.h"
#include "builder/image/export.h"
#include "oci/archive.h"
#include "oci/blob_origin.h"
#include "oci/layout.h"
#include "oci/reference.h"

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

static int find_time(struct plan_source *source, const struct plan_remote *what,
		     int64_t *out_s, struct err *e)
{
	const struct store_source *s = (const struct store_source *)source;
	const struct remote_options opt = {.checksum = what->checksum,
					   .is_context = what->is_context};

	return remote_time(s->store, what->source, &opt, out_s, e);
}

void store_source_init(struct store_source *s, const struct store *store)
{
	*s = (struct store_source){{resolve, resolve_layout, find_time}, store};
}

int image_find(const struct store *s, struct arena *a, struct str name,
	       const struct platform *platform, struct plan_image *out,
	       struct err *e)
{
	struct index_entry entry;
	int found = layout_find(s->fd, a, name, &entry, e);

	if (found <= 0)
		return found;
	return image_read(s, a, name, &entry, platform, out, e) < 0 ? -1 : 1;
}

int image_read(const struct store *s, struct arena *a, struct str name,
	       const struct index_entry *entry, const struct platform *platform,
	       struct plan_image *out, struct err *e)
{
	*out = (struct plan_image){.name = name};
	return layout_read_image(s->fd, a, &entry->descriptor, platform,
				 &out->manifest, &out->manifest_digest,
				 &out->config, e);
}

/* --- by id --------------------------------------------------------------- */

static struct str name_of(struct arena *a, const struct index_entry *entry)
{
	struct str name = index_entry_annotation(entry, LAYOUT_REF_NAME);
	char digest[DIGEST_STRING_SIZE];

	return name.n ? name
		      : arena_str(a,
				  str_from(digest_string(
					  &entry->descriptor.digest, digest)));
}

static bool begins(const struct digest *d, struct str hex)
{
	char text[DIGEST_HEX_SIZE];

	return str_starts(str_from(digest_hex(d, text)), hex.p);
}

/* Whether an id or digest of the image begins with hex. */
static bool has_id(const struct store *s, struct arena *a,
		   const struct index_entry *entry, struct str hex)
{
	struct plan_image image;
	struct err ignored;

	if (begins(&entry->descriptor.digest, hex))
		return true;
	return image_read(s, a, STR(""), entry, NULL, &image, &ignored) == 0 &&
	       (begins(&image.manifest.config.digest, hex) ||
		begins(&image.manifest_digest, hex));
}

/* Two manifests of one config are one image, compressed in two ways. */
static bool same_image(const struct store *s, struct arena *a,
		       const struct index_entry *x, const struct index_entry *y)
{
	struct plan_image image;
	struct err ignored;
	char hex[DIGEST_HEX_SIZE];

	if (digest_eq(&x->descriptor.digest, &y->descriptor.digest))
		return true;
	return image_read(s, a, STR(""), x, NULL, &image, &ignored) == 0 &&
	       has_id(s, a, y,
		      str_from(digest_hex(&image.manifest.config.digest, hex)));
}

static bool is_hex(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') &&
		    (s.p[i] < 'a' || s.p[i] > 'f'))
			return false;
	return s.n >= IMAGE_ID_MIN && s.n < DIGEST_HEX_SIZE;
}

static int find_id(const struct store *s, struct arena *a,
		   const struct index *ix, struct str hex,
		   struct index_entry *out, struct err *e)
{
	const struct index_entry *found = NULL;

	hex = arena_str(a, hex);
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *at = &ix->entries[i];

		if (!has_id(s, a, at, hex))
			continue;
		if (found && !same_image(s, a, found, at))
			return err_set(e, ERR_INVALID,
				       "%.*s: the ids of several images begin "
				       "so; give more digits",
				       STR_ARG(hex));
		found = at;
	}
	if (found)
		*out = *found;
	return found != NULL;
}

static int lookup_name(const struct store *s, struct arena *a, struct str text,
		       struct index_entry *out, struct str *name, struct err *e)
{
	struct reference ref;

	if (reference_parse(a, text, &ref, e) < 0)
		return -1;
	*name = reference_name(a, &ref);
	return layout_find(s->fd, a, *name, out, e);
}

int image_lookup(const struct store *s, struct arena *a, struct str text,
		 struct index_entry *out, struct str *name, struct err *e)
{
	struct str hex = str_starts(text, "sha256:") ? str_skip(text, 7) : text;
	struct index ix;
	int found = 0;

	if (layout_read_index(s->fd, a, &ix, e) < 0)
		return -1;
	/* 64 digits and sha256: are no names */
	if (hex.n == text.n && hex.n < DIGEST_HEX_SIZE - 1)
		found = lookup_name(s, a, text, out, name, e);
	else if (!is_hex(hex))
		found = lookup_name(s, a, text, out, name, e);
	if (found != 0 || !is_hex(hex))
		return found;
	found = find_id(s, a, &ix, hex, out, e);
	*name = found > 0 ? name_of(a, out) : text;
	return found;
}

int image_missing(struct str name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
		       "%.*s: there is no such image here; `imgbuild pull` "
		       "gets it from a registry, `imgbuild load` from an "
		       "archive, and `imgbuild images` lists those there are",
		       STR_ARG(name));
}

/* --- layouts of others --------------------------------------------------- */

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
	int there = 0;

	if (l->blob.size_bytes)
		there = blob_is_known(&s->blobs, &l->blob.digest, e);
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

int image_is_whole(const struct store *s, const struct plan_image *image,
		   struct err *e)
{
	for (size_t i = 0; i < image->manifest.n_layers; i++) {
		int known = blob_is_known(&s->blobs,
					  &image->manifest.layers[i].digest, e);

		if (known <= 0)
			return known;
	}
	return 1;
}

/* All names of the old manifest become the new one's. */
static int replace(const struct store *s, const struct digest *old,
		   const struct descriptor *new, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct index ix;

	if (digest_eq(old, &new->digest) ||
	    layout_read_index(s->fd, &a, &ix, e) < 0)
		return digest_eq(old, &new->digest) ? 0 : -1;
	for (size_t i = 0; i < ix.n_entries; i++) {
		struct index_entry entry = ix.entries[i];
		struct str name =
			index_entry_annotation(&entry, LAYOUT_REF_NAME);

		if (!digest_eq(&entry.descriptor.digest, old))
			continue;
		entry.descriptor = *new;
		if (name.n ? layout_set_name(s->fd, name, &entry, e) < 0
			   : layout_list(s->fd, &entry, e) < 0)
			return -1;
	}
	/* what had no name is listed under the new digest now */
	return layout_remove_digest(s->fd, old, e) < 0 ? -1 : 0;
}

int image_make_whole(const struct store *s, const struct plan_image *image,
		     unsigned n_threads, struct descriptor *out, struct err *e)
{
	const struct export_spec spec = {
		.compression = {.kind = COMPRESSION_GZIP},
		.n_threads = n_threads,
	};
	struct export_result made;
	struct rootfs rootfs;
	int result;

	rootfs_init(&rootfs);
	result = rootfs_from_image(&rootfs, image, e);
	if (result == 0) {
		const struct image from = {&rootfs, &image->config};

		result = export_to_store(s, &from, &spec, &made, e);
	}
	rootfs_release(&rootfs);
	if (result < 0)
		return -1;
	*out = made.manifest;
	return replace(s, &image->manifest_digest, out, e);
}

int image_list(const struct store *s, const struct descriptor *manifest,
	       const struct platform *platform, struct err *e)
{
	const struct index_entry entry = {.descriptor = *manifest,
					  .platform = *platform};
	SCOPED_ARENA struct arena a = {0};
	struct index ix;

	if (layout_read_index(s->fd, &a, &ix, e) < 0)
		return -1;
	for (size_t i = 0; i < ix.n_entries; i++)
		if (same_image(s, &a, &entry, &ix.entries[i]))
			return 0;
	return layout_list(s->fd, &entry, e);
}

int image_tag(const struct store *s, const struct descriptor *manifest,
	      const struct platform *platform, struct str name, struct err *e)
{
	const struct index_entry entry = {.descriptor = *manifest,
					  .platform = *platform};

	return layout_set_name(s->fd, name, &entry, e);
}
