#include "oci/blob_origin.h"

#include "base/io.h"
#include "oci/json.h"
#include "oci/json_write.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#define ORIGINS "origins"

enum {
	PATH_BYTES = sizeof(ORIGINS) + 1 + DIGEST_HEX_SIZE,
	ORIGIN_MAX_BYTES = 4096,
};

static const char *origin_path(const struct digest *d, char *out)
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, PATH_BYTES, ORIGINS "/%s", digest_hex(d, hex));
	return out;
}

int blob_origin_put(const struct blobs *b, const struct descriptor *d,
		    struct str repository, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(ORIGIN_MAX_BYTES);
	char path[PATH_BYTES];
	struct json_writer w;

	origin_path(&d->digest, path);
	if (faccessat(b->dirfd, path, F_OK, 0) == 0)
		return 0;
	w = json_begin(&text, '{');
	json_add_string(&w, "mediaType", d->media_type);
	json_key(&w, "size");
	buf_printf(&text, "%llu", (unsigned long long)d->size_bytes);
	json_add_string(&w, "repository", repository);
	json_end(&w, '}');
	if (buf_check(&text, path, e) < 0 ||
	    io_mkdir(b->dirfd, ORIGINS, 0755, e) < 0)
		return -1;
	return io_replace_file(b->dirfd, path, buf_str(&text), IO_CACHED, e);
}

int blob_origin_get(const struct blobs *b, struct arena *a,
		    const struct digest *digest, struct descriptor *out,
		    struct str *repository, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(ORIGIN_MAX_BYTES);
	SCOPED_JSON json_t *doc = NULL;
	char path[PATH_BYTES];
	int64_t size = -1;
	struct err damaged;
	int found = io_read_file(b->dirfd, origin_path(digest, path), &text, e);

	if (found <= 0)
		return found;
	*out = (struct descriptor){.digest = *digest};
	*repository = (struct str){0};
	if (json_load_object(buf_str(&text), ORIGIN_MAX_BYTES, path, &doc,
			     &damaged) < 0 ||
	    json_get_string(doc, "mediaType", a, &out->media_type, &damaged) <
		    0 ||
	    json_get_i64(doc, "size", &size, &damaged) < 0 ||
	    json_get_string(doc, "repository", a, repository, &damaged) < 0)
		return 0;
	out->size_bytes = (uint64_t)size;
	return size >= 0 && repository->n > 0;
}

int blob_origin_put_tree(const struct blobs *b, const struct image_tree *t,
			 struct str repository, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};

	for (size_t i = 0; i < t->manifests.n; i++) {
		struct manifest m;

		if (t->manifests.v[i].is_index)
			continue;
		if (manifest_parse(&a, t->manifests.v[i].bytes, &m, e) < 0)
			return -1;
		for (size_t k = 0; k < m.n_layers; k++)
			if (blob_origin_put(b, &m.layers[k], repository, e) < 0)
				return -1;
	}
	return 0;
}

int blob_is_known(const struct blobs *b, const struct digest *digest,
		  struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct descriptor d;
	struct str repository;
	uint64_t size;
	int there = blob_stat(b, digest, &size, e);

	return there ? there
		     : blob_origin_get(b, &a, digest, &d, &repository, e);
}
