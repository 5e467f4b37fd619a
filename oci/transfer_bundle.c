/* Archives and folders that others wrote, as sources of images. */
#include "oci/transports.h"

#include "base/io.h"
#include "oci/json.h"

#include <jansson.h>

enum { CHUNK_BYTES = 256 * 1024 };

/* Where a blob is: dir: has manifests under names of their own. */
static struct str blob_name(struct bundle_image_source *s, struct arena *a,
			    const struct digest *d)
{
	char hex[DIGEST_HEX_SIZE];

	return arena_printf(a, "%s%s",
			    s->form == BUNDLE_OCI ? "blobs/sha256/" : "",
			    digest_hex(d, hex));
}

static int read_dir_manifest(struct bundle_image_source *s, struct arena *a,
			     const struct descriptor *d, struct buf *out,
			     struct err *e)
{
	char hex[DIGEST_HEX_SIZE];
	struct digest got;
	int found = bundle_read(s->bundle,
				arena_printf(a, "%s.manifest.json",
					     digest_hex(&d->digest, hex)),
				out, e);

	if (found)
		return found;
	/* the one that the copy is of has no name of its own */
	found = bundle_read(s->bundle, STR("manifest.json"), out, e);
	if (found <= 0)
		return found;
	got = digest_of(buf_c(out), out->n);
	return digest_eq(&got, &d->digest);
}

static int read_manifest(struct image_source *s, const struct descriptor *d,
			 struct buf *out, struct err *e)
{
	struct bundle_image_source *b = (struct bundle_image_source *)s;
	SCOPED_ARENA struct arena a = {0};

	if (b->form == BUNDLE_DIR)
		return read_dir_manifest(b, &a, d, out, e);
	return bundle_read(b->bundle, blob_name(b, &a, &d->digest), out, e);
}

static int open_blob(struct bundle_image_source *b, const struct descriptor *d,
		     struct bundle_source *out, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct str name = blob_name(b, &a, &d->digest);
	int found = bundle_find(b->bundle, name, out, e);

	if (found == 0)
		return err_set(e, ERR_CORRUPT, "incomplete: %.*s is missing",
			       STR_ARG(name));
	return found;
}

static int read_blob(struct image_source *s, const struct descriptor *d,
		     struct sink *out, struct err *e)
{
	struct bundle_image_source *b = (struct bundle_image_source *)s;
	SCOPED(bundle_source_release) struct bundle_source in = {0};
	SCOPED_PTR char *chunk = xmalloc(CHUNK_BYTES);
	ssize_t n;

	if (open_blob(b, d, &in, e) < 0)
		return -1;
	while ((n = in.source.read(&in.source, chunk, CHUNK_BYTES, e)) > 0)
		if (out->write(out, chunk, (size_t)n, e) < 0)
			return -1;
	return (int)n;
}

static int find_part(struct image_source *s, const struct descriptor *d,
		     struct blob_part *out, struct err *e)
{
	struct bundle_image_source *b = (struct bundle_image_source *)s;
	SCOPED(bundle_source_release) struct bundle_source in = {0};

	if (open_blob(b, d, &in, e) < 0)
		return -1;
	if (in.left != d->size_bytes)
		return err_set(e, ERR_CORRUPT,
			       "a blob has another size than its descriptor");
	*out = (struct blob_part){in.fd, in.owned, in.offset};
	in.owned = false;
	return 1;
}

void bundle_image_source_init(struct bundle_image_source *s, struct bundle *b,
			      enum bundle_form form)
{
	*s = (struct bundle_image_source){
		.source = {read_manifest, read_blob, find_part, true},
		.bundle = b,
		.form = form,
	};
}

/* What documents that don't name their type are, by what they hold. */
static const char *guess_media_type(const json_t *doc)
{
	return json_object_get(doc, "manifests") ? MEDIA_INDEX : MEDIA_MANIFEST;
}

int bundle_dir_root(struct bundle *b, struct arena *a, struct descriptor *out,
		    struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	SCOPED_JSON json_t *doc = NULL;
	int found = bundle_read(b, STR("manifest.json"), &text, e);

	if (found <= 0)
		return found < 0 ? -1
				 : err_set(e, ERR_NOT_FOUND,
					   "no manifest.json in it");
	if (json_load_object(buf_str(&text), MANIFEST_MAX_BYTES,
			     "manifest.json", &doc, e) < 0)
		return -1;
	out->media_type = str_from(guess_media_type(doc));
	out->digest = digest_of(buf_c(&text), text.n);
	out->size_bytes = text.n;
	return json_get_string(doc, "mediaType", a, &out->media_type, e);
}
