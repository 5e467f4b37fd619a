/*
 * Text on a terminal: what is safe to show, and how wide it is.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include "base/buf.h"

/* What may stay of control characters. */
enum text_as {
	TEXT_LINE,     /* nothing: text is part of a line */
	TEXT_LINES,    /* line feeds and tabs */
	TEXT_COLOURED, /* these, and colours ("ESC [ 1;31 m") */
	TEXT_OUTPUT,   /* a line that a step printed: colours, ended with it */
	TEXT_PLAIN,    /* the same without its colours */
	TEXT_JSON,     /* text is JSON: as that escapes them */
};

/*
 * Append text so that it can't move the cursor, set a title, answer for the
 * user or read as what it is not: control characters of all kinds, marks that
 * reorder and malformed bytes are shown ("\x1b", "\u202e", "\xff"), not sent;
 * URLs stand without what logs in (redact.h). All that cli prints goes through
 * here, but for what is a file's content on its way to one.
 */
void text_add(struct buf *out, struct str text, enum text_as as);
/* Columns that safe text takes: 2 for wide characters, 0 for combining ones. */
size_t text_width(struct str text);
/* As much of the beginning of safe text as fits. */
struct str text_fit(struct str text, size_t columns);

#endif
