#include "oci/tar_reader.h"

#include "base/io.h"
#include "base/mem.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER_SIZE = 256 * 1024 };

/*
 * Full to the end of the source, so that no header is in two buffers. What came
 * before an error is handed over first.
 */
static ssize_t fill_buffer(struct tar_reader *r)
{
	ssize_t n = 1;

	r->n_buffer = 0;
	if (r->error.code != ERR_NONE)
		return -1;
	while (n > 0 && r->n_buffer < BUFFER_SIZE) {
		n = r->in->read(r->in, r->buffer + r->n_buffer,
				BUFFER_SIZE - r->n_buffer, &r->error);
		if (n > 0)
			r->n_buffer += (size_t)n;
	}
	return n < 0 && r->n_buffer == 0 ? -1 : (ssize_t)r->n_buffer;
}

static void note_types(struct tar_reader *r)
{
	tar_types_feed(&r->types, r->size_bytes - r->n_buffer, r->buffer,
		       r->n_buffer);
}

static ssize_t read_hashed(struct tar_reader *r)
{
	ssize_t n = fill_buffer(r);

	if (n <= 0)
		return n;
	r->size_bytes += (uint64_t)n;
	note_types(r);
	if (r->max_bytes && r->size_bytes > r->max_bytes)
		return err_set(&r->error, ERR_LIMIT,
			       "tar is larger than %llu bytes",
			       (unsigned long long)r->max_bytes);
	sha256_update(&r->hash, r->buffer, (size_t)n);
	return n;
}

static la_ssize_t read_callback(struct archive *archive, void *ctx,
				const void **buffer)
{
	struct tar_reader *r = ctx;
	ssize_t n = read_hashed(r);

	*buffer = r->buffer;
	if (n < 0)
		archive_set_error(archive, EIO, "read failed");
	return n;
}

static int failed(struct tar_reader *r, struct err *e)
{
	const char *why;

	if (r->error.code != ERR_NONE) {
		*e = r->error;
		return -1;
	}
	why = archive_error_string(r->archive);
	return err_set(e, ERR_CORRUPT, "damaged tar: %s",
		       why ? why : "unknown error");
}

int tar_reader_open(struct tar_reader *r, struct source_stream *in,
		    uint64_t max_bytes, struct err *e)
{
	*r = (struct tar_reader){.in = in, .max_bytes = max_bytes};
	sha256_init(&r->hash);
	r->archive = archive_read_new();
	r->buffer = xmalloc(BUFFER_SIZE);
	if (!r->archive)
		return err_set(e, ERR_LIMIT, "libarchive: out of memory");
	if (archive_read_support_format_tar(r->archive) != ARCHIVE_OK ||
	    archive_read_support_format_empty(r->archive) != ARCHIVE_OK ||
	    archive_read_open(r->archive, r, NULL, read_callback, NULL) !=
		    ARCHIVE_OK)
		return failed(r, e);
	return 0;
}

/*
 * The one warning that is none: a pax name that is not UTF-8, whose bytes
 * libarchive then keeps as they are. Others mean that it passed over a damaged
 * record and that the entry is not what its writer meant.
 */
static bool names_are_not_utf8(struct archive *archive)
{
	const char *why = archive_error_string(archive);

	return why && strstr(why, "can't be converted");
}

/* Behind the content of the entry at hand, where the next one's headers are. */
static int pass_content(struct tar_reader *r, struct err *e)
{
	if (r->in_entry && archive_read_data_skip(r->archive) < ARCHIVE_WARN)
		return failed(r, e);
	r->in_entry = false;
	tar_types_begin(&r->types,
			(uint64_t)archive_filter_bytes(r->archive, 0));
	note_types(r);
	return 0;
}

int tar_reader_next(struct tar_reader *r, struct archive_entry **entry,
		    struct err *e)
{
	int result;

	if (pass_content(r, e) < 0)
		return -1;
	result = archive_read_next_header(r->archive, entry);
	r->in_entry = result == ARCHIVE_OK || result == ARCHIVE_WARN;
	if (result == ARCHIVE_EOF)
		return r->error.code == ERR_NONE ? 0 : failed(r, e);
	if (result == ARCHIVE_OK ||
	    (result == ARCHIVE_WARN && names_are_not_utf8(r->archive)))
		return 1;
	return failed(r, e);
}

static int check_size(struct tar_reader *r, struct archive_entry *entry,
		      struct err *e)
{
	int64_t size = archive_entry_size(entry);

	if (size < 0)
		return err_set(e, ERR_CORRUPT, "negative file size");
	/* a few bytes of a sparse entry may stand for exabytes */
	r->content_bytes += (uint64_t)size;
	if (r->max_bytes && r->content_bytes > r->max_bytes)
		return err_set(e, ERR_LIMIT,
			       "files are larger than %llu bytes together",
			       (unsigned long long)r->max_bytes);
	return 0;
}

int tar_reader_copy(struct tar_reader *r, struct archive_entry *entry, int fd,
		    struct err *e)
{
	int64_t end = 0;

	if (check_size(r, entry, e) < 0)
		return -1;
	for (;;) {
		const void *p;
		size_t n;
		int64_t offset;
		int result =
			archive_read_data_block(r->archive, &p, &n, &offset);

		if (result == ARCHIVE_EOF)
			break;
		if (result != ARCHIVE_OK)
			return failed(r, e);
		if (io_pwrite_all(fd, p, n, offset, "file", e) < 0)
			return -1;
		end = offset + (int64_t)n;
	}
	if (end < archive_entry_size(entry) &&
	    ftruncate(fd, archive_entry_size(entry)) < 0)
		return err_sys(e, "resize");
	return 0;
}

int tar_reader_finish(struct tar_reader *r, struct digest *digest,
		      uint64_t *size_bytes, struct err *e)
{
	ssize_t n;

	do {
		n = read_hashed(r);
	} while (n > 0);
	if (n < 0)
		return failed(r, e);
	sha256_final(&r->hash, digest);
	*size_bytes = r->size_bytes;
	return 0;
}

void tar_reader_close(struct tar_reader *r)
{
	if (r->archive)
		(void)archive_read_free(r->archive); /* nothing was written */
	free(r->buffer);
	*r = (struct tar_reader){0};
}
