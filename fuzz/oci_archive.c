/* Image archives from outside, loaded into a store that stays usable. */
#include "base/io.h"
#include "oci/archive.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int store_folder(void)
{
	static char path[] = "/dev/shm/fuzz-oci-archive-XXXXXX";
	static int fd = -1;
	struct err e;

	if (fd >= 0)
		return fd;
	if (!mkdtemp(path))
		abort();
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (layout_init(fd, &e) < 0)
		abort();
	return fd;
}

static int input(const uint8_t *data, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	struct err e;

	if (fd < 0 || io_write_all(fd, data, size, "input", &e) < 0 ||
	    lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int fd = input(data, size);
	int store = store_folder();
	struct loaded_image *images;
	struct manifest manifest;
	struct image_config config;
	struct digest digest;
	size_t n;
	struct err e;

	if (archive_load_fd(store, fd, &a, &images, &n, &e) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		(void)layout_read_image(store, &a, &images[i].manifest, NULL,
					&manifest, &digest, &config, &e);
	/* no draft is left behind */
	if (unlinkat(store, "tmp", AT_REMOVEDIR) < 0 ||
	    mkdirat(store, "tmp", 0755) < 0)
		abort();
	return 0;
}
