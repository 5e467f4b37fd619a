/* Compressed streams from outside: no crash, no endless output, no hang. */
#include "oci/compress.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	struct source_stream source;
	const uint8_t *p;
	size_t n;
};

static ssize_t bytes_read(struct source_stream *s, void *p, size_t n,
			  struct err *e)
{
	struct bytes *b = (struct bytes *)s;

	(void)e;
	if (n > b->n)
		n = b->n;
	memcpy(p, b->p, n);
	b->p += n;
	b->n -= n;
	return (ssize_t)n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {{bytes_read}, data, size};
	struct decompressor *d;
	struct err e;
	size_t total = 0;
	char chunk[4096];
	ssize_t n;

	if (decompressor_begin(&d, &in.source, NULL, &e) < 0)
		return 0;
	/* a few bytes may honestly stand for many: stop looking at some point
	 */
	do {
		n = decompressor_source(d)->read(decompressor_source(d), chunk,
						 sizeof(chunk), &e);
		total += n > 0 ? (size_t)n : 0;
	} while (n > 0 && total < 1 << 20);
	decompressor_free(d);
	return 0;
}
