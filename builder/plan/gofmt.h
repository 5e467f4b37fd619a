/*
 * Values as Go's fmt prints them: BuildKit's history entries are made with %q
 * and %v, and tools compare them.
 */
#ifndef BUILDER_PLAN_GOFMT_H
#define BUILDER_PLAN_GOFMT_H

#include "base/buf.h"
#include "oci/config.h"

/* strconv.Quote */
void gofmt_quote(struct buf *out, struct str s);
/* %q of a []string: ["a" "b"] */
void gofmt_quote_list(struct buf *out, struct str_list list);
/* %v of a []string: [a b] */
void gofmt_list(struct buf *out, struct str_list list);
/* time.Duration's String: "1h0m5s", "1.5s", "100ms", "0s" */
void gofmt_duration(struct buf *out, int64_t ns);
/* %q of an int: a quoted rune, '\x00' */
void gofmt_quote_rune(struct buf *out, int64_t n);

#endif
