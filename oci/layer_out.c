#include "oci/layer_out.h"

#include "base/mem.h"
#include "oci/tar.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BUFFER_SIZE = 256 * 1024,
	READ_MIN = 64 *
		   1024, /* a smaller rest of the buffer is not worth a read */
};

void layer_out_begin(struct layer_out *o, struct sink *sink, bool bytes_only)
{
	*o = (struct layer_out){
		.sink = sink,
		.bytes_only = bytes_only,
		.p = xmalloc(BUFFER_SIZE),
	};
	sha256_init(&o->hash);
}

static void hash_pending(struct layer_out *o)
{
	if (o->n > o->n_hashed && !o->bytes_only)
		sha256_update(&o->hash, o->p + o->n_hashed, o->n - o->n_hashed);
	o->n_hashed = o->n;
}

static int flush(struct layer_out *o, struct err *e)
{
	size_t n = o->n;

	hash_pending(o);
	o->size_bytes += n;
	o->n = 0;
	o->n_hashed = 0;
	return o->sink && n ? o->sink->write(o->sink, o->p, n, e) : 0;
}

int layer_out_add(struct layer_out *o, const void *p, size_t n, struct err *e)
{
	const unsigned char *bytes = p;

	while (n) {
		size_t room = BUFFER_SIZE - o->n;
		size_t part = n < room ? n : room;

		memcpy(o->p + o->n, bytes, part);
		o->n += part;
		bytes += part;
		n -= part;
		if (o->n == BUFFER_SIZE && flush(o, e) < 0)
			return -1;
	}
	return 0;
}

static int read_some(struct layer_out *o, int fd, size_t n, size_t *got,
		     struct err *e)
{
	ssize_t done;

	do {
		done = read(fd, o->p + o->n, n);
	} while (done < 0 && errno == EINTR);
	if (done < 0)
		return err_sys(e, "read");
	if (done == 0)
		return err_set(e, ERR_CORRUPT,
			       "became shorter while it was read");
	*got = (size_t)done;
	return 0;
}

int layer_out_add_file(struct layer_out *o, int fd, uint64_t size_bytes,
		       struct digest *content, struct err *e)
{
	static const unsigned char zeros[TAR_BLOCK];
	uint64_t left = size_bytes;
	struct sha256 hash;

	sha256_init(&hash);
	while (left) {
		size_t want = BUFFER_SIZE - o->n;
		size_t got = 0;

		if (want < READ_MIN && left > want) {
			if (flush(o, e) < 0)
				return -1;
			continue;
		}
		if (left < want)
			want = (size_t)left;
		if (read_some(o, fd, want, &got, e) < 0)
			return -1;
		hash_pending(o);
		if (!o->bytes_only)
			sha256_update_pair(&o->hash, &hash, o->p + o->n, got);
		o->n += got;
		o->n_hashed = o->n;
		left -= got;
	}
	sha256_final(&hash, content);
	return layer_out_add(o, zeros, tar_padding(size_bytes), e);
}

int layer_out_end(struct layer_out *o, struct digest *out, struct err *e)
{
	if (flush(o, e) < 0)
		return -1;
	if (o->bytes_only)
		*out = (struct digest){0};
	else
		sha256_final(&o->hash, out);
	return 0;
}

void layer_out_release(struct layer_out *o)
{
	free(o->p);
	o->p = NULL;
}
