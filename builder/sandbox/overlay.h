/*
 * Mounting overlayfs by descriptors, detached: nobody sees it until it is moved
 * somewhere. Spec: Documentation/filesystems/overlayfs.rst.
 */
#ifndef BUILDER_SANDBOX_OVERLAY_H
#define BUILDER_SANDBOX_OVERLAY_H

#include "base/err.h"

#include <stddef.h>

struct overlay {
	const int *lower_fds; /* topmost first; borrowed */
	size_t n_lowers;      /* two or more where there is no upper folder */
	int upper_fd;	      /* -1: it is read-only */
	int work_fd;
};

/*
 * 1 with the mount's descriptor in *out. 0: not like this, on this kernel or
 * with these folders (EINVAL). -1 error.
 */
int overlay_mount(const struct overlay *o, int *out, struct err *e);

#endif
