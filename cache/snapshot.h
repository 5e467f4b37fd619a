/*
 * Snapshots: unpacked layers in the form that overlayfs takes as lower
 * folders, snapshots/<diff_id hex>/, never changed once they are there.
 */
#ifndef CACHE_SNAPSHOT_H
#define CACHE_SNAPSHOT_H

#include "cache/record.h"
#include "cache/store.h"
#include "cache/view.h"
#include "oci/layer.h"

/* 1 there, 0 not, -1 error. */
int snapshot_exists(const struct store *s, const struct digest *diff_id,
		    struct err *e);
/* The folder's fd, or -1 (ERR_NOT_FOUND). */
int snapshot_open(const struct store *s, const struct digest *diff_id,
		  struct err *e);

/*
 * A snapshot being made: a folder of its own, with "upper" for the content and
 * room beside it. Commit moves upper into place and forgets the rest; release
 * without commit removes it all.
 */
struct snapshot_draft {
	const struct store *store;
	char *name; /* tmp/… below the store */
	int fd;	    /* of that folder */
	int upper_fd;
};

int snapshot_begin(struct snapshot_draft *d, const struct store *s,
		   struct err *e);
/*
 * Turn upper into a snapshot over the layers that base shows: what overlayfs
 * left without meaning is removed (see prune.h), then it is hashed as a layer.
 * *out gets ids, size and the time. Where that very layer exists already, the
 * draft is dropped for it.
 */
int snapshot_commit(struct snapshot_draft *d, const struct view *base,
		    int64_t created_ns, struct layer *out, struct err *e);
/* The same for a layer whose ids are known already (unpacked from a blob). */
int snapshot_commit_as(struct snapshot_draft *d, const struct digest *diff_id,
		       struct err *e);
void snapshot_release(struct snapshot_draft *d);

#endif
