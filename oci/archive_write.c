/*
 * Entries in one order, of one owner, mode and time (0): the same image gives
 * the same archive. Names and modes are those that BuildKit writes.
 */
#include "oci/archive.h"

#include "base/clock.h"
#include "oci/json.h"
#include "oci/json_write.h"
#include "oci/reference.h"
#include "oci/tar.h"
#include "oci/transports.h"

#include <jansson.h>
#include <sys/stat.h>

static int write_folder(struct sink *out, const char *path, struct err *e)
{
	const struct tar_entry t = {.path = str_from(path),
				    .mode = S_IFDIR | 0755};

	return tar_write_header(out, &t, e);
}

static int write_file(struct sink *out, const char *path, mode_t mode,
		      struct str content, struct err *e)
{
	const struct tar_entry t = {.path = str_from(path),
				    .mode = S_IFREG | mode,
				    .size_bytes = content.n};

	if (tar_write_header(out, &t, e) < 0 ||
	    out->write(out, content.p, content.n, e) < 0)
		return -1;
	return tar_write_padding(out, content.n, e);
}

static int write_blob_header(struct sink *out, const struct descriptor *d,
			     struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(128);
	char hex[DIGEST_HEX_SIZE];
	struct tar_entry t = {.mode = S_IFREG | 0444,
			      .size_bytes = d->size_bytes};

	buf_printf(&path, "blobs/sha256/%s", digest_hex(&d->digest, hex));
	t.path = buf_str(&path);
	return tar_write_header(out, &t, e);
}

static int begin(struct archive_dest *d, struct err *e)
{
	if (d->began)
		return 0;
	d->began = true;
	return write_folder(d->out, "blobs", e) < 0
		       ? -1
		       : write_folder(d->out, "blobs/sha256", e);
}

static int put_blob(struct image_dest *dest, struct image_source *s,
		    const struct descriptor *blob, struct err *e)
{
	struct archive_dest *d = (struct archive_dest *)dest;

	if (begin(d, e) < 0 || write_blob_header(d->out, blob, e) < 0 ||
	    transfer_blob(s, blob, d->out, e) < 0)
		return -1;
	return tar_write_padding(d->out, blob->size_bytes, e);
}

static int put_manifest(struct image_dest *dest, const struct tree_manifest *m,
			struct err *e)
{
	struct archive_dest *d = (struct archive_dest *)dest;

	if (begin(d, e) < 0 ||
	    write_blob_header(d->out, &m->descriptor, e) < 0 ||
	    d->out->write(d->out, m->bytes.p, m->bytes.n, e) < 0)
		return -1;
	return tar_write_padding(d->out, m->bytes.n, e);
}

static struct str created(struct arena *a, int64_t epoch_s)
{
	SCOPED_BUF struct buf text = BUF_INIT(64);

	clock_add_rfc3339(&text, epoch_s * 1000000000);
	return arena_str(a, buf_str(&text));
}

/* name may be NULL. */
static int describe_root(struct arena *a, const struct tree_root *root,
			 const struct str *name, struct index_entry *out,
			 struct err *e)
{
	struct config_pairs notes = {0};
	struct reference r;

	if (root->has_created)
		notes = pairs_set(a, notes,
				  STR("org.opencontainers.image.created"),
				  created(a, root->created_s));
	if (name && str_find(*name, '/') < 0) {
		/* a layout's own, which is no image's name */
		notes = pairs_set(a, notes, STR(LAYOUT_REF_NAME), *name);
	} else if (name) {
		if (reference_parse(a, *name, &r, e) < 0)
			return -1;
		notes = pairs_set(a, notes, STR("io.containerd.image.name"),
				  reference_name(a, &r));
		/* by digest alone there is no tag to tell */
		if (r.tag.n)
			notes = pairs_set(a, notes, STR(LAYOUT_REF_NAME),
					  r.tag);
	}
	out->descriptor = root->descriptor;
	out->platform = root->platform;
	out->annotations = notes;
	return 0;
}

static size_t count_entries(const struct image_tree *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->roots.n; i++)
		n += t->roots.v[i].n_names ? t->roots.v[i].n_names : 1;
	return n;
}

/* One entry a name, as BuildKit writes them; one without where there is none.
 */
static int write_index(struct sink *out, const struct image_tree *t,
		       struct arena *a, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	struct index_entry *entries =
		arena_new_array(a, count_entries(t), struct index_entry);
	struct index ix = {.entries = entries};

	for (size_t i = 0; i < t->roots.n; i++) {
		const struct tree_root *root = &t->roots.v[i];
		size_t n = root->n_names ? root->n_names : 1;

		for (size_t k = 0; k < n; k++)
			if (describe_root(a, root,
					  root->n_names ? &root->names[k]
							: NULL,
					  &entries[ix.n_entries++], e) < 0)
				return -1;
	}
	index_write(&text, &ix);
	if (buf_check(&text, "index.json", e) < 0)
		return -1;
	return write_file(out, "index.json", 0644, buf_str(&text), e);
}

static int write_layout_file(struct sink *out, struct err *e)
{
	return write_file(out, "oci-layout", 0444,
			  STR("{\"imageLayoutVersion\":\"1.0.0\"}"), e);
}

/* The manifest that docker's list is to name: of an index, its first image. */
static const struct tree_manifest *docker_manifest(const struct image_tree *t,
						   const struct digest *root)
{
	const struct tree_manifest *found = NULL;

	for (size_t i = 0; i < t->manifests.n; i++) {
		const struct tree_manifest *m = &t->manifests.v[i];

		if (!m->is_index &&
		    (!found || digest_eq(&m->descriptor.digest, root)))
			found = m;
		if (digest_eq(&m->descriptor.digest, root))
			break;
	}
	return found;
}

/* {"Config":…,"RepoTags":[…],"Layers":[…]} */
static int add_docker_image(struct buf *text, const struct image_tree *t,
			    const struct tree_root *root, struct arena *a,
			    struct err *e)
{
	const struct tree_manifest *from =
		docker_manifest(t, &root->descriptor.digest);
	struct str_list names = {0};
	struct str_list layers = {0};
	struct json_writer w;
	struct manifest m;
	char hex[DIGEST_HEX_SIZE];

	if (!from)
		return err_set(e, ERR_INVALID,
			       "an index without images is nothing for docker");
	if (manifest_parse(a, from->bytes, &m, e) < 0)
		return -1;
	for (size_t i = 0; i < root->n_names; i++) {
		struct reference r;

		if (reference_parse(a, root->names[i], &r, e) < 0)
			return -1;
		if (!r.tag.n) /* docker has no place for others */
			continue;
		names = str_list_add(a, names, reference_familiar(a, &r));
	}
	for (size_t i = 0; i < m.n_layers; i++)
		layers = str_list_add(
			a, layers,
			arena_printf(a, "blobs/sha256/%s",
				     digest_hex(&m.layers[i].digest, hex)));
	w = json_begin(text, '{');
	json_add_string(&w, "Config",
			arena_printf(a, "blobs/sha256/%s",
				     digest_hex(&m.config.digest, hex)));
	json_add_strings_unless_empty(&w, "RepoTags", names);
	json_add_strings_unless_empty(&w, "Layers", layers);
	json_end(&w, '}');
	return 0;
}

static int write_docker_manifest(struct sink *out, const struct image_tree *t,
				 struct arena *a, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	struct json_writer list = json_begin(&text, '[');

	for (size_t i = 0; i < t->roots.n; i++) {
		json_next(&list);
		if (add_docker_image(&text, t, &t->roots.v[i], a, e) < 0)
			return -1;
	}
	json_end(&list, ']');
	if (buf_check(&text, "manifest.json", e) < 0)
		return -1;
	return write_file(out, "manifest.json", 0644, buf_str(&text), e);
}

static int finish(struct image_dest *dest, const struct image_tree *t,
		  struct err *e)
{
	struct archive_dest *d = (struct archive_dest *)dest;
	SCOPED_ARENA struct arena a = {0};

	if (begin(d, e) < 0 || write_index(d->out, t, &a, e) < 0)
		return -1;
	if (d->docker && write_docker_manifest(d->out, t, &a, e) < 0)
		return -1;
	return write_layout_file(d->out, e) < 0 ? -1 : tar_write_end(d->out, e);
}

void archive_dest_init(struct archive_dest *d, struct sink *out, bool docker)
{
	*d = (struct archive_dest){
		.dest = {.in_order = true,
			 .put_blob = put_blob,
			 .put_manifest = put_manifest,
			 .finish = finish},
		.out = out,
		.docker = docker,
	};
}

/* --- an image that is made while it is written ------------------------- */

struct made_source {
	struct image_source source;
	const struct archive_image *image;
};

static int made_manifest(struct image_source *s, const struct descriptor *d,
			 struct buf *out, struct err *e)
{
	const struct made_source *m = (const struct made_source *)s;

	(void)d; /* there is one only */
	(void)e;
	buf_add_str(out, m->image->manifest);
	return 1;
}

static int made_blob(struct image_source *s, const struct descriptor *d,
		     struct sink *out, struct err *e)
{
	const struct archive_image *image =
		((const struct made_source *)s)->image;

	if (digest_eq(&d->digest, &image->config_digest))
		return out->write(out, image->config.p, image->config.n, e);
	for (size_t i = 0; i < image->n_layers; i++) {
		const struct archive_layer *layer = &image->layers[i];

		if (!digest_eq(&layer->descriptor.digest, &d->digest))
			continue;
		if (layer->descriptor.size_bytes != d->size_bytes)
			return err_set(e, ERR_CORRUPT,
				       "a layer has another size than its "
				       "manifest says");
		return layer->write(layer->ctx, out, e);
	}
	return err_set(e, ERR_NOT_FOUND, "a layer without its bytes");
}

static int manifest_descriptor(struct arena *a,
			       const struct archive_image *image,
			       struct descriptor *out, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;

	out->media_type = STR(MEDIA_MANIFEST);
	out->digest = digest_of(image->manifest.p, image->manifest.n);
	out->size_bytes = image->manifest.n;
	if (json_load_object(image->manifest, MANIFEST_MAX_BYTES, "manifest",
			     &doc, e) < 0)
		return -1;
	return json_get_string(doc, "mediaType", a, &out->media_type, e);
}

static int write_made(struct sink *out, const struct archive_image *image,
		      bool docker, struct err *e)
{
	static const struct tree_options whole = {.platforms = TREE_ALL};
	SCOPED(image_tree_release) struct image_tree t = {0};
	struct made_source from = {
		.source = {.manifest = made_manifest, .blob = made_blob},
		.image = image,
	};
	struct descriptor root;
	struct archive_dest to;
	struct tree_root *named;

	if (manifest_descriptor(&t.arena, image, &root, e) < 0 ||
	    image_tree_add(&t, &from.source, &root, &whole, &named, e) < 0)
		return -1;
	named->platform = image->platform;
	named->names = image->names;
	named->n_names = image->n_names;
	named->has_created = true;
	named->created_s = image->created_s;
	archive_dest_init(&to, out, docker);
	return image_tree_copy(&t, &from.source, &to.dest, NULL, e);
}

int archive_write_oci(struct sink *out, const struct archive_image *image,
		      struct err *e)
{
	return write_made(out, image, false, e);
}

int archive_write_docker(struct sink *out, const struct archive_image *image,
			 struct err *e)
{
	return write_made(out, image, true, e);
}
