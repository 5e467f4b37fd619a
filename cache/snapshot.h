/*
 * Snapshots: unpacked layers in the form that overlayfs takes as lower
 * folders, snapshots/<diff_id hex>/, never changed once they are there; seals
 * (seal.h) tell where somebody did.
 */
#ifndef CACHE_SNAPSHOT_H
#define CACHE_SNAPSHOT_H

#include "cache/record.h"
#include "cache/store.h"
#include "cache/view.h"
#include "oci/layer.h"

enum { SNAPSHOT_PATH_MAX = 128 };

/*
 * Whether it is there and can be used: 1, 0, -1 error. One that does not fit
 * its seal is read as a whole; where it is not what it was, it is put away, the
 * store's listener is told, and it is not there.
 */
int snapshot_exists(const struct store *s, const struct digest *diff_id,
		    struct err *e);
/*
 * The same after reading all of it: against the diff_id, or where another tool
 * wrote the layer, against how everything stood when it was unpacked.
 */
int snapshot_verify(const struct store *s, const struct digest *diff_id,
		    struct err *e);
/* Put away one whose content was found to be another. */
void snapshot_drop(const struct store *s, const struct digest *diff_id);
/* Of the one in its place, sealed or not: 1 as it was, 0 not, -1 error. */
int snapshot_read_whole(const struct store *s, const struct digest *diff_id,
			struct err *e);
const char *snapshot_path(const struct digest *diff_id,
			  char out[SNAPSHOT_PATH_MAX]);
/* The folder's fd, or -1 (ERR_NOT_FOUND). It is in use as long as that. */
int snapshot_open(const struct store *s, const struct digest *diff_id,
		  struct err *e);

/*
 * A snapshot being made: a folder of its own, with "upper" for the content and
 * room beside it. Once committed it can be opened by its id; it is visible to
 * others when the store is published (keeping.h). Release without commit
 * removes it all.
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
 * *out gets ids, size and the time.
 */
int snapshot_commit(struct snapshot_draft *d, const struct view *base,
		    int64_t created_ns, struct layer *out, struct err *e);
/* The same for a layer whose ids are known already (unpacked from a blob). */
int snapshot_commit_as(struct snapshot_draft *d, const struct digest *diff_id,
		       struct err *e);
void snapshot_release(struct snapshot_draft *d);

#endif
