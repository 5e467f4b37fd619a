/*
 * Blobs that are known to be elsewhere, brought here several at once.
 */
#ifndef OCI_BLOB_FETCH_H
#define OCI_BLOB_FETCH_H

#include "oci/blobs.h"

/*
 * Fetch those of n blobs that are not here, if b has a fetcher; nobody knowing
 * one of them is no error.
 */
int blobs_fetch(const struct blobs *b, const struct digest *v, size_t n,
		struct err *e);

#endif
