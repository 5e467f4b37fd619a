/*
 * Seals: how a snapshot stood when it was put in its place.
 *
 * seals/<diff_id hex> is a symbolic link, so that it is read in one call and
 * lies in its inode; its text is
 *   2 <inode> <ctime ns> <rights> <seen>
 * in hexadecimal digits: of the snapshot's top folder, whose mode and owner
 * (rights) no layer's tar has, and seen, which is over
 * the stats of everything below, or 0 where the content itself can
 * be held against the diff_id, because the layer was made here.
 *
 * Whoever adds, removes, exchanges or moves what is at the top, or the folder,
 * changes its inode or ctime. A seal that does not fit is no proof of damage
 * (the store may have been copied): it asks for a closer look.
 */
#ifndef CACHE_SEAL_H
#define CACHE_SEAL_H

#include "base/digest.h"
#include "cache/store.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct seal {
	uint64_t inode;
	int64_t ctime_ns;
	uint64_t rights;
	uint64_t seen; /* 0: not known */
};

/* Parse a link's text; false where it is none of a seal. */
bool seal_parse(struct str text, struct seal *out);
/* How a folder stands now, but for seen. */
struct seal seal_of(const struct stat *st);
/* Whether the folder stands as the seal says. */
bool seal_fits(const struct seal *seal, const struct stat *st);
/* Of all that is below the folder; never 0. */
int seal_look(int fd, uint64_t *seen, struct err *e);

/* 1 read, 0 there is none that can be understood. */
int seal_read(const struct store *s, const struct digest *diff_id,
	      struct seal *out);
int seal_put(const struct store *s, const struct digest *diff_id,
	     const struct seal *seal, struct err *e);
void seal_remove(const struct store *s, const struct digest *diff_id);

#endif
