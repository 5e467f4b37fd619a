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

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A blob of the archive: a document, or a layer that writes itself. */
struct part {
	struct digest digest;
	uint64_t size_bytes;
	struct str document;
	const struct archive_layer *layer; /* NULL: a document */
};

static int compare_parts(const void *a, const void *b)
{
	const struct part *x = a;
	const struct part *y = b;

	return memcmp(x->digest.bytes, y->digest.bytes, DIGEST_SIZE);
}

/* Counts what a layer writes, so that a wrong size is not a broken tar. */
struct counted {
	struct sink sink;
	struct sink *out;
	uint64_t left;
};

static int counted_write(struct sink *s, const void *p, size_t n, struct err *e)
{
	struct counted *c = (struct counted *)s;

	if (n > c->left)
		return err_set(e, ERR_CORRUPT, "layer is larger than its size");
	c->left -= n;
	return c->out->write(c->out, p, n, e);
}

static int write_layer(struct sink *out, const struct archive_layer *layer,
		       struct err *e)
{
	struct counted c = {{counted_write}, out, layer->descriptor.size_bytes};

	if (layer->write(layer->ctx, &c.sink, e) < 0)
		return -1;
	if (c.left)
		return err_set(e, ERR_CORRUPT,
			       "layer is smaller than its size");
	return 0;
}

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

static int write_part(struct sink *out, const struct part *p, struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(128);
	char hex[DIGEST_HEX_SIZE];
	struct tar_entry t = {.mode = S_IFREG | 0444,
			      .size_bytes = p->size_bytes};

	buf_printf(&path, "blobs/sha256/%s", digest_hex(&p->digest, hex));
	if (!p->layer)
		return write_file(out, buf_c(&path), 0444, p->document, e);
	t.path = buf_str(&path);
	if (tar_write_header(out, &t, e) < 0 ||
	    write_layer(out, p->layer, e) < 0)
		return -1;
	return tar_write_padding(out, p->size_bytes, e);
}

static int write_blobs(struct sink *out, const struct archive_image *image,
		       const struct digest *manifest, struct err *e)
{
	size_t n = image->n_layers + 2;
	SCOPED_PTR struct part *parts = xcalloc(n, sizeof(*parts));

	for (size_t i = 0; i < image->n_layers; i++)
		parts[i] = (struct part){
			.digest = image->layers[i].descriptor.digest,
			.size_bytes = image->layers[i].descriptor.size_bytes,
			.layer = &image->layers[i],
		};
	parts[n - 2] = (struct part){image->config_digest, image->config.n,
				     image->config, NULL};
	parts[n - 1] = (struct part){*manifest, image->manifest.n,
				     image->manifest, NULL};
	qsort(parts, n, sizeof(*parts), compare_parts);
	if (write_folder(out, "blobs", e) < 0 ||
	    write_folder(out, "blobs/sha256", e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		/* two steps may have made the same layer */
		if (i && digest_eq(&parts[i].digest, &parts[i - 1].digest))
			continue;
		if (write_part(out, &parts[i], e) < 0)
			return -1;
	}
	return 0;
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

static struct str created(struct arena *a, int64_t epoch_s)
{
	SCOPED_BUF struct buf text = BUF_INIT(64);

	clock_add_rfc3339(&text, epoch_s * 1000000000);
	return arena_str(a, buf_str(&text));
}

/* One entry a name, as BuildKit writes them; one without where there is none.
 */
static int write_index(struct sink *out, const struct archive_image *image,
		       const struct descriptor *manifest, struct arena *a,
		       struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	size_t n = image->n_names ? image->n_names : 1;
	struct index_entry *entries = arena_new_array(a, n, struct index_entry);
	const struct index ix = {.entries = entries, .n_entries = n};

	for (size_t i = 0; i < n; i++) {
		struct config_pairs notes = {0};
		struct reference r;

		notes = pairs_set(a, notes,
				  STR("org.opencontainers.image.created"),
				  created(a, image->created_s));
		if (image->n_names) {
			if (reference_parse(a, image->names[i], &r, e) < 0)
				return -1;
			notes = pairs_set(a, notes,
					  STR("io.containerd.image.name"),
					  reference_name(a, &r));
			notes = pairs_set(
				a, notes,
				STR("org.opencontainers.image.ref.name"),
				r.tag);
		}
		entries[i].descriptor = *manifest;
		entries[i].platform = image->platform;
		entries[i].annotations = notes;
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

/* [{"Config":…,"RepoTags":[…],"Layers":[…]}] */
static int write_docker_manifest(struct sink *out,
				 const struct archive_image *image,
				 struct arena *a, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	struct str_list names = {0};
	struct str_list layers = {0};
	struct json_writer w;
	char hex[DIGEST_HEX_SIZE];

	for (size_t i = 0; i < image->n_names; i++) {
		struct reference r;

		if (reference_parse(a, image->names[i], &r, e) < 0)
			return -1;
		names = str_list_add(a, names, reference_familiar(a, &r));
	}
	for (size_t i = 0; i < image->n_layers; i++)
		layers = str_list_add(
			a, layers,
			arena_printf(
				a, "blobs/sha256/%s",
				digest_hex(&image->layers[i].descriptor.digest,
					   hex)));
	buf_add_char(&text, '[');
	w = json_begin(&text, '{');
	json_add_string(&w, "Config",
			arena_printf(a, "blobs/sha256/%s",
				     digest_hex(&image->config_digest, hex)));
	json_add_strings_unless_empty(&w, "RepoTags", names);
	json_add_strings_unless_empty(&w, "Layers", layers);
	json_end(&w, '}');
	buf_add_char(&text, ']');
	if (buf_check(&text, "manifest.json", e) < 0)
		return -1;
	return write_file(out, "manifest.json", 0644, buf_str(&text), e);
}

int archive_write_oci(struct sink *out, const struct archive_image *image,
		      struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct descriptor manifest;

	if (manifest_descriptor(&a, image, &manifest, e) < 0 ||
	    write_blobs(out, image, &manifest.digest, e) < 0 ||
	    write_index(out, image, &manifest, &a, e) < 0 ||
	    write_layout_file(out, e) < 0)
		return -1;
	return tar_write_end(out, e);
}

int archive_write_docker(struct sink *out, const struct archive_image *image,
			 struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct descriptor manifest;

	if (manifest_descriptor(&a, image, &manifest, e) < 0 ||
	    write_blobs(out, image, &manifest.digest, e) < 0 ||
	    write_index(out, image, &manifest, &a, e) < 0 ||
	    write_docker_manifest(out, image, &a, e) < 0 ||
	    write_layout_file(out, e) < 0)
		return -1;
	return tar_write_end(out, e);
}
