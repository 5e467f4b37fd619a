/*
 * The difference of two texts, line by line, as `diff -u` shows it.
 */
#ifndef BASE_DIFF_H
#define BASE_DIFF_H

#include "base/buf.h"

/*
 * Append a unified diff to out, with three lines around each change; nothing
 * where the texts are equal. Texts that have little in common are shown as one
 * change: time and memory stay linear.
 */
void diff_unified(struct buf *out, const char *name, struct str from,
		  struct str to);

#endif
