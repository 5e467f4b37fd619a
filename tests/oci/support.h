/*
 * What the tests of oci/ add to tests/base/support.h: streams in memory.
 */
#ifndef TESTS_OCI_SUPPORT_H
#define TESTS_OCI_SUPPORT_H

#include "oci/stream.h"
#include "tests/base/support.h"

#include <string.h>

struct buf_sink {
	struct sink sink;
	struct buf buf;
};
void buf_sink_init(struct buf_sink *s);
void buf_sink_release(struct buf_sink *s);

/* Gives at most step bytes at a time, so that seams are met everywhere. */
struct str_source {
	struct source_stream source;
	struct str rest;
	size_t step;
};
void str_source_init(struct str_source *s, struct str bytes, size_t step);

#endif
