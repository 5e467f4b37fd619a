/*
 * Listings: what was behind a content component of a key, file by file, so that
 * a later miss can name the files that differ.
 *
 * listings/<content hex>: "listing/1\n", then for each entry of the walk, in
 * its order,
 *   path length u32 | path | mode u32 | uid u32 | gid u32 | content digest
 * with little-endian integers. uid and gid are 0 where owners do not count. A
 * listing explains and decides nothing: one that is damaged or missing only
 * means that no files can be named.
 */
#ifndef CACHE_LISTING_H
#define CACHE_LISTING_H

#include "cache/reason.h"
#include "cache/store.h"
#include "cache/tree.h"

/* A listing past this is not compared. */
enum { LISTING_MAX_BYTES = 256 << 20 };

/* What to do with a walk: keep it, compare it with an earlier one, or both. */
struct listing;

/*
 * content names the listing that is written, where the store has none yet; it
 * is a draft in the folder work_fd first. before, which may be NULL, names the
 * one to compare with; the first files that differ go to reasons under the name
 * of the component.
 */
struct listing *listing_begin(const struct store *s, int work_fd,
			      const struct digest *content,
			      const struct digest *before,
			      enum tree_owner owner, struct str component,
			      struct reasons *reasons);
/* For tree_read, once for each selection in order. */
struct tree_reader *listing_reader(struct listing *l);
/* After the walk; without complete, nothing is kept. */
void listing_end(struct listing *l, bool complete);

#endif
