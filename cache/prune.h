/*
 * Pruning: what an overlayfs upper folder holds that is no change.
 *
 *   - a whiteout of a path that the layers below don't have
 *   - a folder that was copied up, with nothing changed in it or about it but
 *     its time
 *   - a file that was written again as it was
 *   - an opaque mark; where the layers below have the folder, explicit
 *     whiteouts take its place (layer.md, "Opaque Whiteout": SHOULD)
 *
 * Afterwards the folder is a snapshot of its own, and what it says does not
 * depend on how the change came about.
 */
#ifndef CACHE_PRUNE_H
#define CACHE_PRUNE_H

#include "cache/view.h"

int prune_upper(int upper_fd, const struct view *base, struct err *e);

#endif
