/*
 * build --call: what there is to say about a Dockerfile instead of building it.
 * Text and JSON are as docker prints them.
 */
#ifndef CLI_BUILD_CALL_H
#define CLI_BUILD_CALL_H

#include "base/buf.h"
#include "builder/plan/outline.h"
#include "lint/lint.h"

void call_targets(struct buf *out, const struct dockerfile *df, bool json);
void call_outline(struct buf *out, const struct source *src,
		  const struct outline *o, bool json);
/* f with BuildKit's checks only, finished. */
void call_check(struct buf *out, const struct lint_file *f, bool json);
/*
 * "ERROR: lint violation found for rules: A, B", of f's checks; after an empty
 * line.
 */
void call_failed_rules(struct buf *out, const struct lint_file *f);

#endif
