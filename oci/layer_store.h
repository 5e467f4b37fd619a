/*
 * A layer's tar that comes from outside, into the blob store.
 */
#ifndef OCI_LAYER_STORE_H
#define OCI_LAYER_STORE_H

#include "oci/blobs.h"

/*
 * Store the bytes as they are, if they are a tar or one compressed by gzip or
 * zstd; what other formats compress is stored uncompressed. *out describes the
 * blob, *diff_id the uncompressed bytes. ERR_INVALID where it is no tar.
 */
int layer_store(const struct blobs *b, struct source_stream *in,
		struct descriptor *out, struct digest *diff_id, struct err *e);

#endif
