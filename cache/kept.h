/*
 * Small files of the store that can't be believed for being there.
 *
 * Format: a line "imgbuild-kept 1 <64 hex digits>\n", then the content. The
 * digits are the SHA-256 of the file's path in the store, a line end and the
 * content: so a file that was cut, changed, or exchanged for one of another
 * name is the same as none.
 */
#ifndef CACHE_KEPT_H
#define CACHE_KEPT_H

#include "base/buf.h"
#include "base/err.h"

enum { KEPT_HEAD_BYTES = sizeof("imgbuild-kept 1 ") - 1 + 64 + 1 };

/* Append the file as it is to be written. */
void kept_write(struct buf *out, const char *path, struct str content);
/* The content within text; false where it is not what was kept at path. */
bool kept_parse(struct str text, const char *path, struct str *content);

/* Replace dirfd/path; whole or not at all, not yet durable. */
int kept_put(int dirfd, const char *path, struct str content, struct err *e);
/*
 * *content is within text, which is filled up to its ceiling. 1, 0 none or not
 * what was kept, -1 error.
 */
int kept_read(int dirfd, const char *path, struct buf *text,
	      struct str *content, struct err *e);

#endif
