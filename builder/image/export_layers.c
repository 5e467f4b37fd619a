#include "builder/image/export.h"

#include "base/io.h"
#include "cache/snapshot.h"
#include "oci/blob_origin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { KIND_MAX = 64 };

/* Names a variant: "gzip-1", "zstd-3-1700000000". */
static const char *variant_kind(const struct export_spec *spec,
				int64_t mtime_max_s, char *out)
{
	int n = snprintf(out, KIND_MAX, "%s-%d",
			 compression_name(spec->compression.kind),
			 spec->compression.level);

	if (mtime_max_s != INT64_MAX)
		(void)snprintf(out + n, KIND_MAX - (size_t)n, "-%lld",
			       (long long)mtime_max_s);
	return out;
}

static int write_snapshot(const struct export_layer *l, struct sink *out,
			  struct layer_info *info, struct err *e)
{
	const struct layer_write_options opt = {
		.mtime_max_s = l->mtime_max_s,
		.bytes_only = l->fresh && l->mtime_max_s == INT64_MAX,
	};
	SCOPED_FD int fd = snapshot_open(l->store, &l->snapshot, e);

	if (fd < 0)
		return -1;
	return layer_write(fd, &opt, out, info, e);
}

static int is_damaged(const struct export_layer *l, struct err *e)
{
	char text[DIGEST_STRING_SIZE];

	return err_set(e, ERR_CORRUPT,
		       "layer %s was changed in the store: what was changed is "
		       "put away, build again",
		       digest_string(&l->snapshot, text));
}

static int check_diff_id(const struct export_layer *l,
			 const struct layer_info *info, struct err *e)
{
	if (l->fresh || digest_eq(&info->diff_id, &l->diff_id))
		return 0;
	snapshot_drop(l->store, &l->snapshot);
	return is_damaged(l, e);
}

/* With clamped times the bytes that are written are others than the id's. */
static int check_before_clamping(const struct export_layer *l, struct err *e)
{
	int whole;

	if (l->fresh || l->mtime_max_s == INT64_MAX)
		return 0;
	whole = snapshot_verify(l->store, &l->snapshot, e);
	return whole == 0 ? is_damaged(l, e) : whole < 0 ? -1 : 0;
}

/* Compress into a blob of the store, so that it is never done again. */
static int compress(const struct export_layer *l,
		    const struct export_spec *spec, struct blob_draft *draft,
		    struct layer_info *info, struct err *e)
{
	struct compressor *c;
	int result;

	if (compressor_begin(&c, &spec->compression, spec->n_threads,
			     &draft->sink, e) < 0)
		return -1;
	result = write_snapshot(l, compressor_sink(c), info, e);
	if (result == 0)
		result = compressor_finish(c, e);
	compressor_free(c);
	return result;
}

static int make_variant(const struct export_spec *spec, const char *kind,
			struct export_layer *l, struct err *e)
{
	struct blob_draft draft;
	struct layer_info info;
	struct variant made;
	int result;

	if (check_before_clamping(l, e) < 0 ||
	    blob_begin(&draft, &l->store->blobs, e) < 0)
		return -1;
	result = compress(l, spec, &draft, &info, e);
	if (result == 0 && l->mtime_max_s == INT64_MAX)
		result = check_diff_id(l, &info, e);
	if (l->mtime_max_s != INT64_MAX)
		l->diff_id = info.diff_id;
	l->descriptor.size_bytes = draft.size_bytes;
	if (result == 0)
		result = blob_commit(&draft, &l->descriptor.digest, e);
	blob_release(&draft);
	if (result < 0)
		return -1;
	made = (struct variant){l->descriptor.digest, l->descriptor.size_bytes,
				l->diff_id};
	return variant_put(l->store, &l->snapshot, kind, &made, e);
}

/* With clamped times the diff_id is another; one pass tells. */
static int rehash(struct export_layer *l, uint64_t *size_bytes, struct err *e)
{
	struct layer_info info;

	if (check_before_clamping(l, e) < 0 ||
	    write_snapshot(l, NULL, &info, e) < 0)
		return -1;
	if (l->mtime_max_s == INT64_MAX && check_diff_id(l, &info, e) < 0)
		return -1;
	l->diff_id = info.diff_id;
	*size_bytes = info.size_bytes;
	return 0;
}

static int make_plain(const struct layer *layer, struct export_layer *l,
		      struct err *e)
{
	l->descriptor.size_bytes = layer->size_bytes;
	if ((l->mtime_max_s != INT64_MAX || layer->size_bytes == 0) &&
	    rehash(l, &l->descriptor.size_bytes, e) < 0)
		return -1;
	l->descriptor.digest = l->diff_id;
	return 0;
}

static int make_own(const struct export_spec *spec, const struct layer *layer,
		    struct export_layer *l, struct err *e)
{
	char kind[KIND_MAX];
	struct variant v;
	int found;

	l->descriptor.media_type =
		str_from(compression_media_type(spec->compression.kind));
	if (spec->compression.kind == COMPRESSION_NONE)
		return make_plain(layer, l, e);
	l->from_blob = true;
	l->variant = true;
	variant_kind(spec, l->mtime_max_s, kind);
	found = variant_find(l->store, &l->snapshot, kind, &v, e);
	if (found < 0)
		return -1;
	if (found == 0)
		return make_variant(spec, kind, l, e);
	l->descriptor.digest = v.digest;
	l->descriptor.size_bytes = v.size_bytes;
	l->diff_id = v.diff_id;
	return 0;
}

/* docker's names for what OCI calls otherwise */
static struct str oci_media_type(struct str media_type)
{
	if (str_eq_c(media_type, MEDIA_DOCKER_LAYER_GZIP))
		return str_from(MEDIA_LAYER_GZIP);
	return media_type;
}

static int make_layer(const struct store *s, const struct rootfs_layer *from,
		      const struct export_spec *spec, struct export_layer *l,
		      struct err *e)
{
	int there = 0;

	*l = (struct export_layer){
		.store = s,
		.diff_id = from->layer.diff_id,
		.snapshot = from->layer.diff_id,
		.mtime_max_s = INT64_MAX,
		.fresh = from->fresh,
	};
	if (from->blob.size_bytes)
		there = blob_is_known(&s->blobs, &from->blob.digest, e);
	if (there < 0)
		return -1;
	if (there) {
		l->from_blob = true;
		l->descriptor = from->blob;
		l->descriptor.media_type =
			oci_media_type(from->blob.media_type);
		return 0;
	}
	if (spec->rewrite_timestamp)
		l->mtime_max_s = spec->epoch_s;
	return make_own(spec, &from->layer, l, e);
}

int export_layers_make(const struct store *s, const struct rootfs *rootfs,
		       const struct export_spec *spec, struct arena *a,
		       struct export_layer **out, struct err *e)
{
	*out = arena_new_array(a, rootfs->layers.n, struct export_layer);
	for (size_t i = 0; i < rootfs->layers.n; i++)
		if (make_layer(s, &rootfs->layers.v[i], spec, &(*out)[i], e) <
		    0)
			return err_wrap(e, "export layer %zu", i + 1);
	return 0;
}

/* A blob's bytes, hashed as they pass. */
static int write_blob(const struct export_layer *l, struct sink *out,
		      struct err *e)
{
	enum { CHUNK_BYTES = 256 * 1024 };
	SCOPED_PTR char *chunk = xmalloc(CHUNK_BYTES);
	SCOPED_FD int fd =
		blob_open(&l->store->blobs, &l->descriptor.digest, e);
	char text[DIGEST_STRING_SIZE];
	struct sha256 hash;
	struct digest digest;
	size_t got;

	if (fd < 0)
		return -1;
	sha256_init(&hash);
	do {
		if (io_read_full(fd, chunk, CHUNK_BYTES, &got, "layer", e) < 0)
			return -1;
		sha256_update(&hash, chunk, got);
		if (got && out->write(out, chunk, got, e) < 0)
			return -1;
	} while (got == CHUNK_BYTES);
	sha256_final(&hash, &digest);
	if (digest_eq(&digest, &l->descriptor.digest))
		return 0;
	if (l->variant) {
		blob_drop(&l->store->blobs, &l->descriptor.digest);
		return is_damaged(l, e);
	}
	return err_set(e, ERR_CORRUPT,
		       "layer blob %s does not match its digest: remove the "
		       "image and bring it in again",
		       digest_string(&l->descriptor.digest, text));
}

int export_layer_write(const struct export_layer *l, struct sink *out,
		       struct err *e)
{
	struct layer_info info;

	if (l->from_blob)
		return write_blob(l, out, e);
	if (write_snapshot(l, out, &info, e) < 0)
		return -1;
	return check_diff_id(l, &info, e);
}
