/*
 * The stubs folder: the lowest layer of a step's root, which holds the mount
 * points that the image may lack, and the files that are mounted over
 * /etc/resolv.conf and /etc/hosts.
 *
 * It must lie on the file system of the layers: with one of its own, overlayfs
 * would show each layer's files with a device number of that layer, and tools
 * that stay on one file system would pass them over.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_STUBS_H
#define BUILDER_SANDBOX_SANDBOX_STUBS_H

#include "builder/sandbox/sandbox.h"

/*
 * A folder with the plan's stubs, as a descriptor that the caller closes. Most
 * steps of a build need the same ones, and making files is the dearest part of
 * a step, so with x->folder_fd they are made once; else in the draft.
 */
int sandbox_stubs_open(struct sandbox_executor *x,
		       const struct sandbox_plan *plan, struct err *e);
void sandbox_stubs_release(struct sandbox_executor *x);

#endif
