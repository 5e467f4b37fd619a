/*
 * The tar's bytes on their way out: collected in one large buffer, hashed, and
 * handed to the sink in few calls. A file's content is read straight into the
 * buffer and there hashed twice at once: for the diff_id and for itself.
 */
#ifndef OCI_LAYER_OUT_H
#define OCI_LAYER_OUT_H

#include "base/digest.h"
#include "base/err.h"
#include "oci/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct layer_out {
	struct sink *sink; /* NULL: only hashed */
	bool bytes_only;   /* not hashed */
	struct sha256 hash;
	uint64_t size_bytes;
	unsigned char *p;
	size_t n;
	size_t n_hashed; /* of those n */
};

void layer_out_begin(struct layer_out *o, struct sink *sink, bool bytes_only);
int layer_out_add(struct layer_out *o, const void *p, size_t n, struct err *e);
/*
 * Exactly size_bytes from fd, padded to a block. ERR_CORRUPT where the file is
 * shorter: it changed meanwhile.
 */
int layer_out_add_file(struct layer_out *o, int fd, uint64_t size_bytes,
		       struct digest *content, struct err *e);
/* Write what is left; the digest is that of all bytes. */
int layer_out_end(struct layer_out *o, struct digest *out, struct err *e);
void layer_out_release(struct layer_out *o);

#endif
