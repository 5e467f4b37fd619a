/* Lines of a file as docker shows them: those of a span, with two around. */
#ifndef CLI_EXCERPT_H
#define CLI_EXCERPT_H

#include "base/buf.h"
#include "parser/source.h"

/* "NAME:LINE", then the lines, numbered, between two rules. */
void excerpt_add(struct buf *out, const struct source *src, struct span span);

#endif
