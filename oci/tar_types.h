/*
 * The types of a tar's entries as their headers have them. libarchive tells
 * kinds of files: it passes over what it doesn't know, or calls it a file, and
 * says nothing of a pax header that is for all entries.
 */
#ifndef OCI_TAR_TYPES_H
#define OCI_TAR_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tar_types {
	uint64_t next; /* offset of the header that is looked at next */
	int type;      /* of the entry, or -1 where there was no header */
	bool global;   /* a pax header for all entries was passed, ever */
};

/* The next entry's headers begin at that offset. */
void tar_types_begin(struct tar_types *t, uint64_t offset);
/*
 * Look at n bytes from that offset on. Headers begin at multiples of a block,
 * and so must every piece.
 */
void tar_types_feed(struct tar_types *t, uint64_t offset, const void *bytes,
		    size_t n);

#endif
