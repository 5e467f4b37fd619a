/*
 * Extended attributes that belong into a layer.
 *
 * Kept: user.*, security.capability, system.posix_acl_*. Left out, because
 * they say something about the machine and not about the file, or can't be
 * read by an ordinary user, so that one snapshot would not give one layer:
 * user.overlay.*, trusted.*, every other security.* (labels of SELinux and
 * SMACK, hashes of IMA and EVM).
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
