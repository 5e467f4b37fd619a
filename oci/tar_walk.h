/*
 * Reading a tar archive that is no layer (ADD, build contexts): each entry as a
 * value, its content on demand. Names are as they stand in the archive,
 * empty ones too.
 */
#ifndef OCI_TAR_WALK_H
#define OCI_TAR_WALK_H

#include "base/err.h"
#include "oci/stream.h"
#include "oci/tar.h"

struct tar_content; /* of the entry at hand */

struct tar_walker {
	/* entry and its strings are borrowed for the call. 0 goes on, -1. */
	int (*entry)(struct tar_walker *w, const struct tar_entry *entry,
		     struct tar_content *content, struct err *e);
};

/*
 * Walk an uncompressed archive. 1 walked to the end, 0 where the bytes are no
 * tar archive or one without a header (nothing was called), -1 error. Types of
 * entries that docker doesn't unpack are ERR_UNSUPPORTED.
 */
int tar_walk(struct source_stream *in, struct tar_walker *w, struct err *e);

/* Write a regular file's bytes to fd; at most once an entry. */
int tar_content_copy(struct tar_content *content, int fd, struct err *e);

#endif
