/*
 * URLs as they may be shown and kept: without what logs in.
 *
 *   http://user:password@host/path   http://xxxxx@host/path
 *   ssh://git@host/path              as it is: a name alone, which is no secret
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/*
 * Append text, in which URLs may stand anywhere. What a URL's userinfo could
 * be goes, also where the URL is malformed or was cut off within it.
 */
void redact_add(struct buf *out, struct str text);
/* The same in a; text itself where there is nothing to hide. */
struct str redact_str(struct arena *a, struct str text);

#endif
