/*
 * Blob store: content-addressed files blobs/sha256/<hex> below one folder.
 * Any number of processes share one. Durable before it is visible.
 */
#ifndef OCI_BLOBS_H
#define OCI_BLOBS_H

#include "base/buf.h"
#include "base/digest.h"
#include "base/err.h"
#include "oci/descriptor.h"
#include "oci/stream.h"

struct blobs;

/* Gets a blob that is opened and not here; from any thread. */
struct blob_fetcher {
	/* 1 it is here now, 0 nobody knows where it is, -1. */
	int (*fetch)(struct blob_fetcher *f, const struct blobs *b,
		     const struct digest *d, struct err *e);
};

struct blobs {
	int dirfd;		      /* of the layout's root; borrowed */
	struct blob_fetcher *fetcher; /* NULL: what is not here is nowhere */
};

/* 1 there (with its size), 0 not there, -1 error. */
int blob_stat(const struct blobs *b, const struct digest *d,
	      uint64_t *size_bytes, struct err *e);
/*
 * Open for reading. Bytes are not verified: pass them through a digest.
 * The fd, or -1; ERR_NOT_FOUND where there is none.
 */
int blob_open(const struct blobs *b, const struct digest *d, struct err *e);
/*
 * Append a small blob (document) to out after verifying its digest.
 * ERR_NOT_FOUND, ERR_CORRUPT, ERR_LIMIT past out's ceiling.
 */
int blob_read(const struct blobs *b, const struct digest *d, struct buf *out,
	      struct err *e);
/* Remove one that is damaged and can be made again. */
void blob_drop(const struct blobs *b, const struct digest *d);
/* Store a document; nothing is written where it is there already, and whole. */
int blob_put(const struct blobs *b, struct str content, struct digest *out,
	     struct err *e);

/*
 * A blob being written: bytes go into .sink, are hashed as they pass, and
 * become visible under their digest at commit. Release without commit forgets.
 */
struct blob_draft {
	struct sink sink;
	const struct blobs *blobs;
	struct sha256 hash;
	uint64_t size_bytes;
	int fd;
	char *name; /* below tmp/; NULL where the file has none yet */
};

int blob_begin(struct blob_draft *d, const struct blobs *b, struct err *e);
int blob_commit(struct blob_draft *d, struct digest *out, struct err *e);
/*
 * The same for bytes that came as expected; others, by digest or size, leave no
 * trace and are ERR_CORRUPT.
 */
int blob_commit_as(struct blob_draft *d, const struct descriptor *expected,
		   struct err *e);
void blob_release(struct blob_draft *d);

#endif
