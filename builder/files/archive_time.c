#include "builder/files/archive_time.h"

#include "oci/compress.h"
#include "oci/tar_walk.h"

#include <sys/stat.h>
#include <unistd.h>

struct newest {
	struct tar_walker walker;
	int64_t time_s;
};

static int note_time(struct tar_walker *walker, const struct tar_entry *entry,
		     struct tar_content *content, struct err *e)
{
	struct newest *n = (struct newest *)walker;

	(void)content;
	(void)e;
	if (S_ISREG(entry->mode) && !entry->hardlink &&
	    entry->mtime_s > n->time_s)
		n->time_s = entry->mtime_s;
	return 0;
}

int archive_time(int fd, int64_t *out_s, struct err *e)
{
	struct newest n = {.walker.entry = note_time};
	struct fd_source file;
	struct decompressor *plain;
	int result;

	*out_s = 0;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read an archive");
	fd_source_init(&file, fd, "archive");
	/* bytes that only look compressed are no archive */
	if (decompressor_begin(&plain, &file.source, NULL, e) < 0)
		return e->code == ERR_SYS ? -1 : 0;
	result = tar_walk(decompressor_source(plain), &n.walker, e);
	decompressor_free(plain);
	*out_s = n.time_s;
	return result < 0 ? -1 : 0;
}
