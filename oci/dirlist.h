/*
 * Names of a folder in the order of the canonical tar: whiteouts first, then
 * the rest, each bytewise. The lists of a folder and of its parents live on
 * one stack, so a walk allocates for its deepest point only.
 */
#ifndef OCI_DIRLIST_H
#define OCI_DIRLIST_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dirlist_name {
	uint64_t key;	 /* the first bytes, so that most compares end here */
	uint32_t offset; /* of the NUL-terminated name in .bytes */
	uint16_t length;
	uint8_t type; /* DT_REG, …; never DT_UNKNOWN */
	bool whiteout;
};

struct dirlist {
	struct dirlist_name *v;
	size_t n;
	size_t cap;
	char *bytes;
	size_t n_bytes;
	size_t cap_bytes;
	char *chunk; /* of getdents64 */
};

struct dirlist_mark {
	size_t n;
	size_t n_bytes;
};

/* Push the folder's names. mark gets what dirlist_pop takes to drop them. */
int dirlist_push(struct dirlist *l, int dirfd, struct dirlist_mark *mark,
		 struct err *e);
void dirlist_pop(struct dirlist *l, const struct dirlist_mark *mark);
/* NUL-terminated; moves with the next push. */
struct str dirlist_name_str(const struct dirlist *l, size_t i);
void dirlist_release(struct dirlist *l);

#endif
