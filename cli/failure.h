/*
 * What a failed build says: the end of the step's log, the Dockerfile's lines,
 * the error.
 */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include "base/buf.h"
#include "builder/engine/build.h"
#include "parser/source.h"

void failure_add(struct buf *out, const struct source *source,
		 const struct build_failure *why, const struct err *e);

#endif
