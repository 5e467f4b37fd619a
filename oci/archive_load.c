/*
 * Two forms, told apart by what they hold:
 *   index.json: an OCI layout, also what docker 25 and later saves;
 *   manifest.json alone: docker's older form, [{Config, RepoTags, Layers}],
 *   whose layers are plain or compressed tars, or links to one another.
 */
#include "oci/archive.h"

#include "base/vec.h"
#include "oci/archive_bundle.h"
#include "oci/json.h"
#include "oci/layer_store.h"
#include "oci/reference.h"

#include <jansson.h>
#include <string.h>

enum {
	MAX_DEPTH = 4,
	COPY_SIZE = 256 * 1024,
};

struct load {
	struct blobs blobs;
	struct bundle bundle;
	struct arena *arena; /* of the caller */
	VEC(struct loaded_image) images;
};

static void load_release(struct load *l)
{
	bundle_release(&l->bundle);
	vec_release(&l->images);
}

static void add_image(struct load *l, const struct descriptor *manifest,
		      struct str name)
{
	struct loaded_image *image = vec_push(&l->images);

	image->manifest = *manifest;
	image->manifest.media_type = arena_str(l->arena, manifest->media_type);
	image->name = name;
}

static struct str blob_name(struct load *l, const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE];

	return arena_printf(&l->bundle.arena, "blobs/sha256/%s",
			    digest_hex(d, hex));
}

static int copy_to(struct blob_draft *draft, struct source_stream *in,
		   struct err *e)
{
	SCOPED_PTR char *chunk = xmalloc(COPY_SIZE);
	ssize_t n;

	while ((n = in->read(in, chunk, COPY_SIZE, e)) > 0)
		if (draft->sink.write(&draft->sink, chunk, (size_t)n, e) < 0)
			return -1;
	return (int)n;
}

static int missing(struct str name, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "incomplete: %.*s is missing",
		       STR_ARG(name));
}

static int copy_blob(struct load *l, const struct descriptor *d, struct err *e)
{
	SCOPED(bundle_source_release) struct bundle_source in = {0};
	SCOPED(blob_release) struct blob_draft draft = {.fd = -1};
	struct str name = blob_name(l, &d->digest);
	struct digest got;
	uint64_t size;
	int there = blob_stat(&l->blobs, &d->digest, &size, e);
	int found;

	if (there < 0 || (there && size == d->size_bytes))
		return there < 0 ? -1 : 0;
	found = bundle_find(&l->bundle, name, &in, e);
	if (found <= 0)
		return found < 0 ? -1 : missing(name, e);
	if (blob_begin(&draft, &l->blobs, e) < 0 ||
	    copy_to(&draft, &in.source, e) < 0)
		return -1;
	size = draft.size_bytes;
	if (blob_commit(&draft, &got, e) < 0)
		return -1;
	if (!digest_eq(&got, &d->digest) || size != d->size_bytes)
		return err_set(e, ERR_CORRUPT,
			       "%.*s: content has another digest or size",
			       STR_ARG(name));
	return 0;
}

/* Read and verify a document. 1 read, 0 there is none, -1 error. */
static int read_document(struct load *l, const struct descriptor *d,
			 struct buf *text, struct err *e)
{
	struct str name = blob_name(l, &d->digest);
	int found = bundle_read(&l->bundle, name, text, e);
	struct digest got;

	if (found <= 0)
		return found;
	got = digest_of(text->p, text->n);
	if (!digest_eq(&got, &d->digest))
		return err_set(e, ERR_CORRUPT,
			       "%.*s: content has another "
			       "digest",
			       STR_ARG(name));
	return 1;
}

static int put(struct load *l, const struct buf *text, struct err *e)
{
	struct digest d;

	return blob_put(&l->blobs, buf_str(text), &d, e);
}

/* Layers that Windows images may not be distributed with. */
static bool is_foreign(struct str media_type)
{
	return strstr(media_type.p ? media_type.p : "", "foreign") ||
	       strstr(media_type.p ? media_type.p : "", "nondistributable");
}

static int store_manifest(struct load *l, const struct buf *text, struct err *e)
{
	struct manifest m;

	if (manifest_parse(&l->bundle.arena, buf_str(text), &m, e) < 0 ||
	    copy_blob(l, &m.config, e) < 0)
		return -1;
	for (size_t i = 0; i < m.n_layers; i++) {
		if (is_foreign(m.layers[i].media_type))
			continue;
		if (copy_blob(l, &m.layers[i], e) < 0)
			return -1;
	}
	return put(l, text, e);
}

static int store_entry(struct load *l, const struct descriptor *d,
		       unsigned depth, struct err *e);

/* An archive may hold only some of an index's platforms. */
static int store_index(struct load *l, const struct buf *text, unsigned depth,
		       struct err *e)
{
	struct index ix;
	size_t n = 0;

	if (depth == MAX_DEPTH)
		return err_set(e, ERR_INVALID,
			       "indexes nested deeper than %d levels",
			       MAX_DEPTH);
	if (index_parse(&l->bundle.arena, buf_str(text), &ix, e) < 0)
		return -1;
	for (size_t i = 0; i < ix.n_entries; i++) {
		int stored =
			store_entry(l, &ix.entries[i].descriptor, depth + 1, e);

		if (stored < 0)
			return -1;
		n += (size_t)stored;
	}
	if (!n)
		return err_set(
			e, ERR_CORRUPT,
			"incomplete: none of an index's images is there");
	return put(l, text, e);
}

/* 1 stored, 0 not in the archive, -1 error. */
static int store_entry(struct load *l, const struct descriptor *d,
		       unsigned depth, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	int found = read_document(l, d, &text, e);
	bool is_index = str_eq_c(d->media_type, MEDIA_INDEX) ||
			str_eq_c(d->media_type, MEDIA_DOCKER_INDEX);

	if (found <= 0)
		return found;
	if (is_index ? store_index(l, &text, depth, e) < 0
		     : store_manifest(l, &text, e) < 0)
		return -1;
	return 1;
}

static struct str annotation(const struct index_entry *entry, const char *key)
{
	for (size_t i = 0; i < entry->annotations.n; i++)
		if (str_eq_c(entry->annotations.v[i].key, key))
			return entry->annotations.v[i].value;
	return STR("");
}

static struct str normalised(struct load *l, struct str name)
{
	struct reference r;
	struct err ignored;

	if (!name.n || reference_parse(l->arena, name, &r, &ignored) < 0)
		return STR("");
	return reference_name(l->arena, &r);
}

/* ref.name holds a bare tag with most tools: that alone names nothing. */
static struct str entry_name(struct load *l, const struct index_entry *entry)
{
	struct str full = annotation(entry, "io.containerd.image.name");
	struct str ref = annotation(entry, "org.opencontainers.image.ref.name");

	if (full.n)
		return normalised(l, full);
	if (str_find(ref, '/') < 0 && str_find(ref, ':') < 0)
		return STR("");
	return normalised(l, ref);
}

static int load_oci(struct load *l, struct str json, struct err *e)
{
	struct index ix;

	if (index_parse(&l->bundle.arena, json, &ix, e) < 0)
		return -1;
	for (size_t i = 0; i < ix.n_entries; i++) {
		const struct index_entry *entry = &ix.entries[i];
		int stored = store_entry(l, &entry->descriptor, 0, e);

		if (stored < 0)
			return -1;
		if (!stored)
			return missing(blob_name(l, &entry->descriptor.digest),
				       e);
		add_image(l, &entry->descriptor, entry_name(l, entry));
	}
	return 0;
}

static int store_docker_layer(struct load *l, struct str name,
			      const struct digest *diff_id,
			      struct descriptor *out, struct err *e)
{
	SCOPED(bundle_source_release) struct bundle_source in = {0};
	int found = bundle_find(&l->bundle, name, &in, e);
	struct digest got;

	if (found <= 0)
		return found < 0 ? -1 : missing(name, e);
	if (layer_store(&l->blobs, &in.source, out, &got, e) < 0)
		return err_wrap(e, "%.*s", STR_ARG(name));
	if (!digest_eq(&got, diff_id))
		return err_set(e, ERR_CORRUPT,
			       "%.*s: content is not what the image's config "
			       "says",
			       STR_ARG(name));
	return 0;
}

/* One element of manifest.json. */
struct docker_image {
	struct str config;
	struct str_list names;
	struct str_list layers;
};

static int store_docker_config(struct load *l, const struct docker_image *image,
			       struct image_config *config, struct manifest *m,
			       struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	int found = bundle_read(&l->bundle, image->config, &text, e);

	if (found <= 0)
		return found < 0 ? -1 : missing(image->config, e);
	if (image_config_parse(&l->bundle.arena, buf_str(&text), config, e) < 0)
		return -1;
	if (config->n_diff_ids != image->layers.n)
		return err_set(e, ERR_CORRUPT,
			       "%.*s: %zu layers, but its config has %zu",
			       STR_ARG(image->config), image->layers.n,
			       config->n_diff_ids);
	m->config.media_type = STR(MEDIA_CONFIG);
	m->config.size_bytes = text.n;
	return blob_put(&l->blobs, buf_str(&text), &m->config.digest, e);
}

static int store_docker_image(struct load *l, const struct docker_image *image,
			      struct descriptor *out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	struct descriptor *layers = arena_new_array(
		&l->bundle.arena, image->layers.n, struct descriptor);
	struct manifest m = {.layers = layers, .n_layers = image->layers.n};
	struct image_config config;

	if (store_docker_config(l, image, &config, &m, e) < 0)
		return -1;
	for (size_t i = 0; i < image->layers.n; i++)
		if (store_docker_layer(l, image->layers.v[i],
				       &config.diff_ids[i], &layers[i], e) < 0)
			return -1;
	manifest_write(&text, &m);
	out->media_type = STR(MEDIA_MANIFEST);
	out->size_bytes = text.n;
	return blob_put(&l->blobs, buf_str(&text), &out->digest, e);
}

static int load_docker_image(struct load *l, const json_t *j, struct err *e)
{
	struct arena *a = &l->bundle.arena;
	struct docker_image image = {0};
	struct descriptor manifest;

	if (!json_is_object(j))
		return err_set(e, ERR_INVALID, "expected an object");
	if (json_get_string(j, "Config", a, &image.config, e) < 0 ||
	    json_get_strings(j, "RepoTags", a, &image.names, e) < 0 ||
	    json_get_strings(j, "Layers", a, &image.layers, e) < 0)
		return -1;
	if (store_docker_image(l, &image, &manifest, e) < 0)
		return -1;
	if (!image.names.n)
		add_image(l, &manifest, STR(""));
	for (size_t i = 0; i < image.names.n; i++)
		add_image(l, &manifest, normalised(l, image.names.v[i]));
	return 0;
}

static int load_docker(struct load *l, struct str json, struct err *e)
{
	SCOPED_JSON json_t *images = NULL;

	if (json_load_array(json, MANIFEST_MAX_BYTES, "manifest.json", &images,
			    e) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(images); i++)
		if (load_docker_image(l, json_array_get(images, i), e) < 0)
			return err_wrap(e, "manifest.json: image %zu", i);
	return 0;
}

static int load_bundle(struct load *l, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	int found = bundle_read(&l->bundle, STR("index.json"), &text, e);

	if (found < 0)
		return -1;
	if (found)
		return load_oci(l, buf_str(&text), e);
	found = bundle_read(&l->bundle, STR("manifest.json"), &text, e);
	if (found < 0)
		return -1;
	if (found)
		return load_docker(l, buf_str(&text), e);
	return err_set(e, ERR_INVALID,
		       "not an image archive: neither index.json nor "
		       "manifest.json in it; a root file system's tar is for "
		       "'imgbuild import'");
}

static int finish(struct load *l, struct loaded_image **out, size_t *n_out,
		  struct err *e)
{
	if (load_bundle(l, e) < 0)
		return -1;
	if (!l->images.n)
		return err_set(e, ERR_INVALID, "no images in the archive");
	*out = arena_new_array(l->arena, l->images.n, struct loaded_image);
	memcpy(*out, l->images.v, l->images.n * sizeof(**out));
	*n_out = l->images.n;
	return 0;
}

int archive_load(int dirfd, const char *path, struct arena *a,
		 struct loaded_image **out, size_t *n_out, struct err *e)
{
	SCOPED(load_release) struct load l = {.blobs = {dirfd}, .arena = a};

	if (bundle_open(&l.bundle, dirfd, path, e) < 0)
		return -1;
	if (finish(&l, out, n_out, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

int archive_load_fd(int dirfd, int fd, struct arena *a,
		    struct loaded_image **out, size_t *n_out, struct err *e)
{
	SCOPED(load_release) struct load l = {.blobs = {dirfd}, .arena = a};

	if (bundle_open_fd(&l.bundle, dirfd, fd, e) < 0)
		return -1;
	return finish(&l, out, n_out, e);
}
