/*
 * Step records: what a step's key led to.
 *
 * One file a key, steps/<key hex>, kept as kept.h says and replaced as a whole:
 *   { "version": 1, "domain": "run/1",
 *     "components": [["name", "value"], …],
 *     "result": { "diffID": "sha256:…", "contentID": "sha256:…",
 *                 "size": bytes, "created": "RFC 3339" } }
 */
#ifndef CACHE_RECORD_H
#define CACHE_RECORD_H

#include "cache/key.h"
#include "cache/store.h"

/* A layer of a build: made by a step, or brought by a base image. */
struct layer {
	struct digest diff_id;
	struct digest content_id; /* a base image's layer: its diff_id */
	uint64_t size_bytes;	  /* of the uncompressed tar; 0: not known */
	int64_t created_ns;
};

enum { RECORD_MAX_BYTES = 4 << 20 };

/*
 * Look a key up. 1 found, 0 absent; a record that can't be understood or whose
 * snapshot is gone or damaged is absent too. -1 error.
 */
int record_find(const struct store *s, const struct digest *key,
		struct layer *out, struct err *e);
/* It is written when the store is published, after the snapshot. */
int record_put(const struct store *s, const struct key *k,
	       const struct layer *result, struct err *e);

/*
 * The key and result of a record, whether or not its snapshot is still there:
 * what an earlier step was. 1, 0, -1 as above; k is released by the caller
 * where it is 1.
 */
int record_read(const struct store *s, const struct digest *key, struct key *k,
		struct layer *result, struct err *e);

/*
 * Variants: a layer's compressed form, variants/<diff_id hex>-<kind> as
 * { "version": 1, "digest": "sha256:…", "diffID": "sha256:…", "size": bytes }.
 * kind names compression, level and clamped time.
 */
struct variant {
	struct digest digest; /* of the blob */
	uint64_t size_bytes;
	struct digest
		diff_id; /* of its bytes uncompressed: times are clamped */
};

/* 1, 0, -1 as above; absent where the blob is gone or of another size. */
int variant_find(const struct store *s, const struct digest *diff_id,
		 const char *kind, struct variant *out, struct err *e);
/* The blob is durable. */
int variant_put(const struct store *s, const struct digest *diff_id,
		const char *kind, const struct variant *v, struct err *e);

#endif
