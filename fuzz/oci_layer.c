/*
 * Layers from outside: unpacked into a folder, and nothing beside it changes.
 * What was unpacked can be written, unless it says why not.
 */
#include "base/io.h"
#include "oci/layer.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static int work_folder(void)
{
	static char path[] = "/dev/shm/fuzz-oci-layer-XXXXXX";
	static int fd = -1;

	if (fd >= 0)
		return fd;
	if (!mkdtemp(path))
		abort();
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

/* The work folder holds the layer's folder and nothing else. */
static void check_alone(int work)
{
	struct err e;

	if (io_remove_tree(work, "layer", &e) < 0)
		abort();
	if (unlinkat(work, "layer", AT_REMOVEDIR) == 0)
		abort();
	if (mkdirat(work, "probe", 0700) < 0)
		abort();
	if (unlinkat(work, "probe", AT_REMOVEDIR) < 0)
		abort();
}

static void apply_and_write(int layer, const uint8_t *data, size_t size)
{
	const struct layer_apply_options apply = {.max_bytes = 1 << 20};
	const struct layer_write_options write = {.mtime_max_s = INT64_MAX};
	struct bytes in = {{bytes_read}, data, size};
	struct layer_info info;
	struct digest digest;
	uint64_t n;
	struct err e;

	if (layer_apply(layer, &in.source, &apply, &digest, &n, &e) < 0)
		return;
	if (layer_write(layer, &write, NULL, &info, &e) < 0) {
		(void)fprintf(stderr, "%s\n", e.msg);
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int work = work_folder();
	struct stat before;
	struct stat after;
	int layer;

	if (mkdirat(work, "layer", 0700) < 0)
		abort();
	layer = openat(work, "layer", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)fstat(work, &before);
	apply_and_write(layer, data, size);
	(void)fstat(work, &after);
	if (before.st_mtim.tv_nsec != after.st_mtim.tv_nsec ||
	    before.st_mode != after.st_mode)
		abort();
	(void)close(layer);
	check_alone(work);
	return 0;
}
