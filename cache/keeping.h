/*
 * Keeping: how snapshots and records get into the store.
 *
 *   draft      written below tmp/, hashed, used from there by who made it
 *   flush      one syncfs for all drafts that wait, checked
 *   publish    each gets its name by rename, and its seal
 *   folders    are synced
 *   records    that point to them are written
 *
 * So a name in the store means whole and durable content, and a process that
 * ends in between, or a machine, leaves what is as good as never made. Blobs
 * and names are few, and are flushed one by one (oci/blobs.h).
 *
 * Where a name is taken the new content takes its place: the old may be what a
 * step was carried out again for. Where somebody uses the old one it is read
 * again, and stays if it is the same.
 */
#ifndef CACHE_KEEPING_H
#define CACHE_KEEPING_H

#include "cache/snapshot.h"

struct keeping;

/* Is told what was found damaged; on any thread. */
struct store_listener {
	void (*damaged)(struct store_listener *l, const char *message);
};

struct keeping *keeping_new(void);
/* What was not published is dropped. NULL does nothing. */
void keeping_free(struct keeping *k);

/*
 * Take over a draft that is whole. seen is 0 where the diff_id is that of the
 * folder's own canonical tar, else see seal.h.
 */
void keeping_add_snapshot(const struct store *s, struct snapshot_draft *d,
			  const struct digest *diff_id, uint64_t seen);
/* A record for when what it points to is published; text is copied. */
int keeping_add_record(const struct store *s, const char *path, struct str text,
		       struct err *e);
/* A descriptor of the draft that waits under this id; -1 where none does. */
int keeping_open(const struct store *s, const struct digest *diff_id);
bool keeping_has(const struct store *s, const struct digest *diff_id);

void keeping_tell(const struct store *s, const char *message);
/* Whether this process has read all of that snapshot, or is to. */
bool keeping_trusts(const struct store *s, const struct digest *diff_id);
void keeping_trust(const struct store *s, const struct digest *diff_id);

#endif
