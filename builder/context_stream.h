/*
 * A build context that comes as a stream: `tar c . | imgbuild -`.
 */
#ifndef BUILDER_CONTEXT_STREAM_H
#define BUILDER_CONTEXT_STREAM_H

#include "base/buf.h"
#include "base/err.h"
#include "cache/store.h"

struct context_stream {
	const struct store *store;
	char *name; /* of the work folder below the store; NULL: none */
	int fd;	    /* of it; what keeps a sweep away */
	char *path; /* of the unpacked context */
};

/*
 * Read fd to its end. 1: it is a tar archive (compressed or not), unpacked
 * below a folder of the store, owned by root. 0: it is none, and *text holds
 * its bytes: a Dockerfile without a context. -1 error. Rootless, the user
 * namespace must have been entered.
 */
int context_stream_open(struct context_stream *c, const struct store *s, int fd,
			struct buf *text, struct err *e);
/* Forget the context. A zeroed one: nothing. */
void context_stream_close(struct context_stream *c);

#endif
