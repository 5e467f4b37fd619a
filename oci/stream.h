/*
 * Byte streams: where bytes go and where they come from. Small structs of a
 * function and its context, so that stages stack without knowing each other.
 */
#ifndef OCI_STREAM_H
#define OCI_STREAM_H

#include "base/err.h"

#include <stddef.h>
#include <sys/types.h>

struct sink {
	/* Takes all n bytes: 0, or -1 with *e. */
	int (*write)(struct sink *s, const void *p, size_t n, struct err *e);
};

struct source_stream {
	/* Up to n bytes: the count, 0 at the end, -1 with *e. */
	ssize_t (*read)(struct source_stream *s, void *p, size_t n,
			struct err *e);
};

struct fd_sink {
	struct sink sink;
	int fd; /* borrowed */
	const char *what;
};
void fd_sink_init(struct fd_sink *s, int fd, const char *what);

struct fd_source {
	struct source_stream source;
	int fd; /* borrowed; read from its current offset */
	const char *what;
};
void fd_source_init(struct fd_source *s, int fd, const char *what);

#endif
