/*
 * Time: what a build calls now, and how OCI documents write it.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

int64_t clock_realtime_ns(void);
int64_t clock_monotonic_ns(void);
/* RFC 3339 in UTC, "2026-01-31T12:00:00Z"; with up to nine decimals where ns.
 */
void clock_add_rfc3339(struct buf *out, int64_t epoch_ns);
/* false where s is not RFC 3339. */
bool clock_parse_rfc3339(struct str s, int64_t *epoch_ns);

#endif
