/*
 * Three forms, told apart by what they hold:
 *   index.json: an OCI layout, also what docker 25 and later saves;
 *   manifest.json alone: docker's older form, [{Config, RepoTags, Layers}],
 *   whose layers are plain or compressed tars, or links to one another;
 *   manifest.json that is a manifest, and version: skopeo's dir:.
 */
#include "oci/archive.h"

#include "base/path.h"
#include "base/vec.h"
#include "oci/archive_bundle.h"
#include "oci/json.h"
#include "oci/layer_store.h"
#include "oci/reference.h"
#include "oci/transports.h"

#include <jansson.h>
#include <string.h>

struct load {
	struct blobs blobs;
	struct bundle bundle;
	struct arena *arena; /* of the caller */
	struct str stem;     /* of the file's name; empty: a stream */
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

static int missing(struct str name, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "incomplete: %.*s is missing",
		       STR_ARG(name));
}

/*
 * Bring in what entries name, without names. An archive may hold only some of
 * an index's platforms.
 */
static int store_images(struct load *l, enum bundle_form form,
			const struct descriptor *roots, size_t n, struct err *e)
{
	static const struct tree_options whole = {.platforms = TREE_ALL};
	SCOPED(image_tree_release) struct image_tree t = {0};
	struct bundle_image_source from;
	struct layout_dest to;

	bundle_image_source_init(&from, &l->bundle, form);
	for (size_t i = 0; i < n; i++)
		if (image_tree_add(&t, &from.source, &roots[i], &whole, NULL,
				   e) < 0)
			return -1;
	if (layout_dest_init(&to, l->blobs.dirfd, e) < 0)
		return -1;
	to.nameless = true;
	return image_tree_copy(&t, &from.source, &to.dest, NULL, e);
}

static struct str normalised(struct load *l, struct str name)
{
	struct reference r;
	struct err ignored;

	if (!name.n || reference_parse(l->arena, name, &r, &ignored) < 0)
		return STR("");
	return reference_name(l->arena, &r);
}

/* What an archive's file is called, without what says that it is one. */
static struct str file_stem(struct str path)
{
	static const char *const endings[] = {".tar", ".tar.gz", ".tgz",
					      ".tar.zst", ".oci"};
	struct str base;

	while (path.n && path.p[path.n - 1] == '/')
		path.n--;
	base = path_base(path);
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (str_ends(base, endings[i]))
			return str_sub(base, 0, base.n - strlen(endings[i]));
	return base;
}

/*
 * ref.name holds a bare tag with most tools: that of the image which the
 * archive or folder is called by.
 */
static struct str entry_name(struct load *l, const struct index_entry *entry)
{
	struct str full =
		index_entry_annotation(entry, "io.containerd.image.name");
	struct str ref = index_entry_annotation(entry, LAYOUT_REF_NAME);

	if (full.n)
		return normalised(l, full);
	if (str_find(ref, '/') >= 0 || str_find(ref, ':') >= 0)
		return normalised(l, ref);
	if (!ref.n || !l->stem.n)
		return STR("");
	return normalised(l, arena_printf(l->arena, "%.*s:%.*s",
					  STR_ARG(l->stem), STR_ARG(ref)));
}

static int load_oci(struct load *l, struct str json, struct err *e)
{
	struct descriptor *roots;
	struct index ix;

	if (index_parse(&l->bundle.arena, json, &ix, e) < 0)
		return -1;
	roots = arena_new_array(&l->bundle.arena, ix.n_entries,
				struct descriptor);
	for (size_t i = 0; i < ix.n_entries; i++)
		roots[i] = ix.entries[i].descriptor;
	if (store_images(l, BUNDLE_OCI, roots, ix.n_entries, e) < 0)
		return -1;
	for (size_t i = 0; i < ix.n_entries; i++)
		add_image(l, &roots[i], entry_name(l, &ix.entries[i]));
	return 0;
}

static int load_dir(struct load *l, struct err *e)
{
	struct descriptor root;

	if (bundle_dir_root(&l->bundle, &l->bundle.arena, &root, e) < 0 ||
	    store_images(l, BUNDLE_DIR, &root, 1, e) < 0)
		return -1;
	add_image(l, &root, STR(""));
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

/* The file that marks a dir:. */
static bool has_version(struct load *l)
{
	SCOPED(bundle_source_release) struct bundle_source in = {0};
	struct err ignored;

	return bundle_find(&l->bundle, STR("version"), &in, &ignored) > 0;
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
	if (found && has_version(l))
		return load_dir(l, e);
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
	SCOPED(load_release)
	struct load l = {.blobs = {dirfd},
			 .arena = a,
			 .stem = file_stem(str_from(path))};

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
