/*
 * Where the blobs of a store came from, or can be had: origins/<hex> names a
 * repository, so that a layer that nobody has needed yet is fetched when
 * somebody does, and one that its registry has is not sent there again.
 *
 *   { "mediaType": …, "size": bytes, "repository": "docker.io/library/debian" }
 */
#ifndef OCI_BLOB_ORIGIN_H
#define OCI_BLOB_ORIGIN_H

#include "base/arena.h"
#include "oci/blobs.h"
#include "oci/transfer.h"

/* Nothing is written where an origin is known. */
int blob_origin_put(const struct blobs *b, const struct descriptor *d,
		    struct str repository, struct err *e);
/* 1 known, 0 not (or damaged), -1. Strings are in a. */
int blob_origin_get(const struct blobs *b, struct arena *a,
		    const struct digest *digest, struct descriptor *out,
		    struct str *repository, struct err *e);
/* Of all layers of the tree's images. */
int blob_origin_put_tree(const struct blobs *b, const struct image_tree *t,
			 struct str repository, struct err *e);

/* 1 the blob is here or can be fetched, 0 neither, -1. */
int blob_is_known(const struct blobs *b, const struct digest *digest,
		  struct err *e);

#endif
