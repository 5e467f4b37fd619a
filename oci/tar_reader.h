/*
 * libarchive's tar reader over a source_stream, with the digest of all bytes.
 * Names and link targets are the archive's bytes, whatever the locale.
 */
#ifndef OCI_TAR_READER_H
#define OCI_TAR_READER_H

#include "base/digest.h"
#include "base/err.h"
#include "oci/stream.h"
#include "oci/tar_types.h"

#include <stdbool.h>
#include <stdint.h>

struct archive;
struct archive_entry;

struct tar_reader {
	struct archive *archive;
	struct source_stream *in;
	struct sha256 hash;
	uint64_t size_bytes; /* read so far */
	uint64_t max_bytes;
	uint64_t content_bytes; /* logical sizes of files so far */
	unsigned char *buffer;
	size_t n_buffer; /* ends at size_bytes */
	struct tar_types
		types; /* of the entry, or of what the end came after */
	bool in_entry;
	struct err error; /* of the source, for when libarchive gives up */
};

/* max_bytes 0: no limit. in is borrowed. */
int tar_reader_open(struct tar_reader *r, struct source_stream *in,
		    uint64_t max_bytes, struct err *e);
/* 1 an entry (valid until the next call), 0 the end, -1 error. */
int tar_reader_next(struct tar_reader *r, struct archive_entry **entry,
		    struct err *e);
/* Write the entry's content to fd, with holes where it is sparse. */
int tar_reader_copy(struct tar_reader *r, struct archive_entry *entry, int fd,
		    struct err *e);
/* Read to the end of the source; the digest and count of all its bytes. */
int tar_reader_finish(struct tar_reader *r, struct digest *digest,
		      uint64_t *size_bytes, struct err *e);
void tar_reader_close(struct tar_reader *r); /* a zeroed one: nothing */

#endif
