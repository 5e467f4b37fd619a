/*
 * Canonical tar: one value, one byte string.
 *
 * ustar headers; PAX only for what ustar can't hold (path, linkpath, size, uid,
 * gid, xattrs as SCHILY.xattr.*); no user or group names; whole seconds; the
 * caller gives entries in canonical order. POSIX.1-2017 pax.
 */
#ifndef OCI_TAR_H
#define OCI_TAR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "oci/stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	TAR_BLOCK = 512,
	/* all records of an entry; Linux allows 64 KiB of xattr names, 64 of
	   value */
	TAR_HEADER_MAX_BYTES = 4 << 20,
};

struct tar_xattr {
	struct str name;
	struct str value; /* bytes */
};

struct tar_entry {
	struct str path; /* relative, no trailing slash; folders get theirs */
	mode_t mode;	 /* with the file type */
	uint32_t uid;
	uint32_t gid;
	int64_t mtime_s;
	uint64_t size_bytes; /* regular files only */
	struct str link;     /* target of a symlink or hard link */
	bool hardlink;
	dev_t rdev;
	const struct tar_xattr *xattrs; /* sorted by name */
	size_t n_xattrs;
};

/*
 * Append the header bytes of an entry to a buffer, PAX records included.
 */
int tar_add_header(struct buf *out, const struct tar_entry *entry,
		   struct err *e);
/* Zeros that follow content of this size. */
static inline size_t tar_padding(uint64_t size_bytes)
{
	return (TAR_BLOCK - size_bytes % TAR_BLOCK) % TAR_BLOCK;
}
/* Whether a block of TAR_BLOCK bytes has the checksum of a tar header. */
bool tar_is_header(const void *block);

/*
 * Header bytes of an entry, PAX records included. Content follows, then
 * tar_padding. ERR_UNSUPPORTED for sockets.
 */
int tar_write_header(struct sink *out, const struct tar_entry *entry,
		     struct err *e);
int tar_write_padding(struct sink *out, uint64_t size_bytes, struct err *e);
/* The two zero blocks. */
int tar_write_end(struct sink *out, struct err *e);

#endif
