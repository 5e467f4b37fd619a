/*
 * Text on a terminal: what is safe to show, and how wide it is.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "base/buf.h"

/*
 * Append text without what would move the cursor or change the terminal: escape
 * sequences and control characters go, a tab becomes a space, malformed bytes
 * U+FFFD.
 */
void text_add_safe(struct buf *out, struct str text);
/* Columns that safe text takes: 2 for wide characters, 0 for combining ones. */
size_t text_width(struct str text);
/* As much of the beginning of safe text as fits. */
struct str text_fit(struct str text, size_t columns);

#endif
