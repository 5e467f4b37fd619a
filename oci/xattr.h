/*
 * Extended attributes that belong into a layer: security.capability, as in
 * BuildKit's layers (containerd, archive/tar.go, HandleChange). The others say
 * something about the machine and not about the file (labels, hashes, marks of
 * overlayfs), or are not what the reference image has (user.*, ACLs).
 */
#ifndef OCI_XATTR_H
#define OCI_XATTR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "oci/tar.h"

#include <stdbool.h>

#define XATTR_OPAQUE "user.overlay.opaque"
#define XATTR_OPAQUE_ROOT "trusted.overlay.opaque"
#define XATTR_CAPABILITY "security.capability"

struct xattrs {
	VEC(struct tar_xattr) list; /* sorted by name; into the buffers */
	bool opaque;		    /* overlayfs marked the folder opaque */
	char *names;
	char *values;
	size_t cap_values;
};

/* Whether an attribute is one that a layer holds. */
bool xattr_is_kept(struct str name);

/* Replace x's content by what the open file or folder has. */
int xattrs_read(struct xattrs *x, int fd, struct err *e);
/* The same for what can't be opened: a link, a device. */
int xattrs_read_at(struct xattrs *x, int dirfd, const char *name,
		   struct err *e);
void xattrs_release(struct xattrs *x);

#endif
