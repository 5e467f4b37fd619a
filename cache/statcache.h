/*
 * Stat cache: what a file's stat says about its content's digest, so that a
 * file whose stat did not change is never opened.
 *
 * An entry is found by (device, inode, size, mtime, ctime, mode), all equal.
 * git's racy rule: a file that changed just before it was read may change
 * again without its stat changing, so such an entry is not kept. A store
 * through mmap to a page that is already dirty changes no time either; nothing
 * that reads stats can see that.
 *
 * File format, native byte order, replaced as a whole:
 *   struct header { char magic[8] "imgstat2"; uint64 n_slots (a power of 2);
 *                   uint64 n_entries; }
 *   struct slot[n_slots], open addressing from a hash of device and inode;
 *   a free slot has all zero bytes, and one in use a check over itself: one
 *   that was changed is the same as none.
 */
#ifndef CACHE_STATCACHE_H
#define CACHE_STATCACHE_H

#include "base/digest.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

struct statcache;

/*
 * Open the cache at dirfd/path. A missing or damaged one is empty. Never fails;
 * the caller frees it.
 */
struct statcache *statcache_open(int dirfd, const char *path);
void statcache_free(struct statcache *c); /* NULL does nothing */

/* The digest that was kept for a file with this stat, or false. get and put may
 * be called on several threads at once. */
bool statcache_get(struct statcache *c, const struct stat *st,
		   struct digest *out);
/*
 * Remember a digest. read_started_ns: CLOCK_REALTIME before the content was
 * read; an entry whose ctime is not clearly older is dropped.
 */
void statcache_put(struct statcache *c, const struct stat *st,
		   const struct digest *d, int64_t read_started_ns);
/*
 * Write what was put, along with the older entries, if anything was. Entries
 * that were not asked for this time go first when there are too many.
 */
int statcache_save(struct statcache *c, struct err *e);

#endif
