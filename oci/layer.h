/*
 * Layers: a snapshot folder as a canonical tar, and back.
 *
 * On disk a layer is in the form that overlayfs takes as a lower folder:
 * character device 0/0 is a whiteout, user.overlay.opaque=y marks an opaque
 * folder. In the tar those are .wh.<name> and .wh..wh..opq (layer.md).
 */
#ifndef OCI_LAYER_H
#define OCI_LAYER_H

#include "base/digest.h"
#include "base/err.h"
#include "oci/stream.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct layer_info {
	struct digest diff_id;	  /* of the tar's bytes */
	struct digest content_id; /* the same walk without timestamps */
	uint64_t size_bytes;	  /* of the tar */
	uint64_t n_entries;
};

struct layer_write_options {
	int64_t mtime_max_s; /* clamps timestamps; INT64_MAX for none */
	/* Told of each regular file's content digest; may be NULL. */
	void (*file)(void *ctx, struct str path, const struct stat *st,
		     const struct digest *content);
	void *ctx;
	/*
	 * Only the bytes, for a layer that was hashed before: the digests in
	 * *info are zero, file is not called, the sizes are right.
	 */
	bool bytes_only;
};

/*
 * Write the layer in the folder as a canonical tar: entries sorted bytewise by
 * path with parents before children, whiteouts before their siblings, a second
 * name of a file as a hard link to the first, sockets left out, xattrs kept as
 * xattr.h says. out may be NULL: then only
 * hashed. One pass: each byte is read once.
 * ERR_UNSUPPORTED for a file named .wh.*. Memory does not grow with file size.
 */
int layer_write(int dirfd, const struct layer_write_options *opt,
		struct sink *out, struct layer_info *info, struct err *e);

struct layer_apply_options {
	uint64_t max_bytes; /* of the uncompressed tar; 0: no limit */
	/*
	 * Opens (O_RDONLY, following no link) a file or folder of the layers
	 * below: for hard links to it, and for the mode and owner of a folder
	 * that the tar names only as part of a path. -1 with errno. May be
	 * NULL.
	 */
	int (*open_lower)(void *ctx, const char *path);
	/*
	 * Told, once a kind, what this machine does not let us make, and that
	 * is therefore missing: attributes (trusted.* as an ordinary user, any
	 * on a file system without them), devices (in a user namespace). May be
	 * NULL.
	 */
	void (*warn)(void *ctx, const char *message);
	void *ctx;
};

/*
 * Unpack an uncompressed layer tar into an empty folder, in the form above.
 * Whiteouts and opaque marks apply to lower layers only, wherever they stand.
 * Paths are cleaned and kept below the folder; ".." components, a bare ".wh."
 * and a path through a link of the same layer are ERR_INVALID. Owners, modes,
 * times, xattrs, devices as recorded. Reads to the end of in and gives the
 * digest and size of all its bytes.
 */
int layer_apply(int dirfd, struct source_stream *in,
		const struct layer_apply_options *opt, struct digest *diff_id,
		uint64_t *size_bytes, struct err *e);

#endif
