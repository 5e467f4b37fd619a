/*
 * Changes of a text as data: what stands in a span becomes another text. Those
 * who find out what to change make edits; only edits_apply changes bytes.
 */
#ifndef LINT_EDIT_H
#define LINT_EDIT_H

#include "base/buf.h"
#include "parser/source.h"

#include <stdbool.h>

struct edit {
	struct span span; /* empty: insert before its offset */
	struct str text;
};

/* One mend. Its edits are done together or not at all; none touches another. */
struct fix {
	const char *title; /* static: "Add -y" */
	const struct edit *edits;
	size_t n;
	bool unsafe; /* what an image has in it may be another: fix.h */
};

/*
 * Append text to out with fixes done. Of two that touch each other the later
 * in fixes is left for another time. Returns how many were done.
 */
size_t edits_apply(struct buf *out, struct str text,
		   const struct fix *const *fixes, size_t n);

#endif
