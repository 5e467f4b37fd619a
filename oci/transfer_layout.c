/* Layouts as sources and destinations of images. */
#include "oci/transports.h"

#include "base/io.h"
#include "oci/layout.h"

#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024 };

static int read_manifest(struct image_source *s, const struct descriptor *d,
			 struct buf *out, struct err *e)
{
	const struct layout_source *l = (const struct layout_source *)s;
	uint64_t size;
	int there = blob_stat(&l->blobs, &d->digest, &size, e);

	if (there <= 0)
		return there;
	return blob_read(&l->blobs, &d->digest, out, e) < 0 ? -1 : 1;
}

static int read_blob(struct image_source *s, const struct descriptor *d,
		     struct sink *out, struct err *e)
{
	const struct layout_source *l = (const struct layout_source *)s;
	SCOPED_FD int fd = blob_open(&l->blobs, &d->digest, e);
	SCOPED_PTR char *chunk = xmalloc(CHUNK_BYTES);
	size_t got;

	if (fd < 0)
		return -1;
	do {
		if (io_read_full(fd, chunk, CHUNK_BYTES, &got, "blob", e) < 0)
			return -1;
		if (got && out->write(out, chunk, got, e) < 0)
			return -1;
	} while (got == CHUNK_BYTES);
	return 0;
}

static int find_part(struct image_source *s, const struct descriptor *d,
		     struct blob_part *out, struct err *e)
{
	const struct layout_source *l = (const struct layout_source *)s;
	int fd = blob_open(&l->blobs, &d->digest, e);

	*out = (struct blob_part){.fd = fd, .owned = true};
	return fd < 0 ? -1 : 1;
}

void layout_source_init(struct layout_source *s, const struct blobs *b)
{
	*s = (struct layout_source){
		.source = {read_manifest, read_blob, find_part, true},
		.blobs = *b,
	};
}

static int has_blob(struct image_dest *d, const struct descriptor *blob,
		    struct err *e)
{
	const struct layout_dest *l = (const struct layout_dest *)d;
	uint64_t size;
	int there = blob_stat(&l->blobs, &blob->digest, &size, e);

	/* one of another size was damaged, and is to be replaced */
	return there > 0 ? size == blob->size_bytes : there;
}

static int put_once(const struct layout_dest *l, struct image_source *s,
		    const struct descriptor *blob, struct err *e)
{
	SCOPED(blob_release) struct blob_draft draft = {.fd = -1};

	if (blob_begin(&draft, &l->blobs, e) < 0 ||
	    s->blob(s, blob, &draft.sink, e) < 0)
		return -1;
	return blob_commit_as(&draft, blob, e);
}

/* What a bad line garbled may come whole the next time. */
static int put_blob(struct image_dest *d, struct image_source *s,
		    const struct descriptor *blob, struct err *e)
{
	const struct layout_dest *l = (const struct layout_dest *)d;

	if (put_once(l, s, blob, e) == 0)
		return 0;
	return e->code == ERR_CORRUPT ? put_once(l, s, blob, e) : -1;
}

static int put_manifest(struct image_dest *d, const struct tree_manifest *m,
			struct err *e)
{
	const struct layout_dest *l = (const struct layout_dest *)d;
	struct digest digest;

	return blob_put(&l->blobs, m->bytes, &digest, e);
}

static int name_root(const struct layout_dest *l, const struct tree_root *r,
		     struct err *e)
{
	const struct index_entry entry = {.descriptor = r->descriptor,
					  .platform = r->platform};

	if (!r->n_names)
		return layout_list(l->blobs.dirfd, &entry, e);
	for (size_t i = 0; i < r->n_names; i++)
		if (layout_set_name(l->blobs.dirfd, r->names[i], &entry, e) < 0)
			return -1;
	return 0;
}

static int finish(struct image_dest *d, const struct image_tree *t,
		  struct err *e)
{
	const struct layout_dest *l = (const struct layout_dest *)d;

	for (size_t i = 0; !l->nameless && i < t->roots.n; i++)
		if (name_root(l, &t->roots.v[i], e) < 0)
			return -1;
	return 0;
}

int layout_dest_init(struct layout_dest *d, int dirfd, struct err *e)
{
	*d = (struct layout_dest){
		.dest = {.n_threads = 4,
			 .has_blob = has_blob,
			 .put_blob = put_blob,
			 .put_manifest = put_manifest,
			 .finish = finish},
		.blobs = {.dirfd = dirfd},
	};
	return layout_init(dirfd, e);
}
