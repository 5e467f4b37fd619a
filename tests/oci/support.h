/*
 * What the tests of oci/ share: a temporary folder, streams in memory.
 */
#ifndef TESTS_OCI_SUPPORT_H
#define TESTS_OCI_SUPPORT_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "oci/stream.h"

#include <string.h>

/* A folder that is removed at the end of the test. */
struct temp_dir {
	char path[64];
	int fd;
};
void temp_dir_make(struct temp_dir *t);
void temp_dir_remove(struct temp_dir *t);
#define SCOPED_TEMP_DIR SCOPED(temp_dir_remove) struct temp_dir

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

#define assert_str(actual, expected)                            \
	do {                                                    \
		SCOPED_PTR char *actual_copy = str_dup(actual); \
		assert_string_equal(actual_copy, expected);     \
	} while (0)

/* e has a message that contains text. */
void assert_error(const struct err *e, enum err_code code, const char *text);

#endif
