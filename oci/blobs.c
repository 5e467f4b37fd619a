/*
 * A draft lives under tmp/ in the same file system, so that commit is one
 * rename. Order at commit: file synced, renamed, folder synced: whoever sees
 * the name after a power cut sees all its bytes.
 */
#include "oci/blobs.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOBS_FOLDER "blobs/sha256"

enum { BLOB_PATH_SIZE = sizeof(BLOBS_FOLDER) + 1 + DIGEST_HEX_SIZE };

static const char *blob_path(const struct digest *d, char *out)
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, BLOB_PATH_SIZE, BLOBS_FOLDER "/%s",
		       digest_hex(d, hex));
	return out;
}

int blob_stat(const struct blobs *b, const struct digest *d,
	      uint64_t *size_bytes, struct err *e)
{
	char path[BLOB_PATH_SIZE];
	struct stat st;

	if (fstatat(b->dirfd, blob_path(d, path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CORRUPT, "%s: not a regular file", path);
	*size_bytes = (uint64_t)st.st_size;
	return 1;
}

static int open_path(const struct blobs *b, const char *path)
{
	return openat(b->dirfd, path,
		      O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

int blob_open(const struct blobs *b, const struct digest *d, struct err *e)
{
	char path[BLOB_PATH_SIZE];
	int fd = open_path(b, blob_path(d, path));

	if (fd < 0 && errno == ENOENT && b->fetcher) {
		int fetched = b->fetcher->fetch(b->fetcher, b, d, e);

		if (fetched < 0)
			return -1;
		fd = open_path(b, path);
	}
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "no blob %s", path);
	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

int blob_read(const struct blobs *b, const struct digest *d, struct buf *out,
	      struct err *e)
{
	char text[DIGEST_STRING_SIZE];
	SCOPED_FD int fd = blob_open(b, d, e);
	size_t start = out->n;
	struct digest got;

	if (fd < 0)
		return -1;
	if (io_read_fd(fd, out, digest_string(d, text), e) < 0)
		return -1;
	got = digest_of(out->p ? out->p + start : "", out->n - start);
	if (digest_eq(&got, d))
		return 0;
	out->n = start;
	return err_set(e, ERR_CORRUPT, "blob %s: content has another digest",
		       text);
}

/* What is there under that name has the digest that the name says. */
static bool is_whole(const struct blobs *b, const struct digest *d)
{
	enum { CHUNK_BYTES = 256 * 1024 };
	SCOPED_PTR char *chunk = xmalloc(CHUNK_BYTES);
	char path[BLOB_PATH_SIZE];
	SCOPED_FD int fd = open_path(b, blob_path(d, path));
	struct sha256 hash;
	struct digest got;
	struct err ignored;
	size_t n;

	if (fd < 0)
		return false;
	sha256_init(&hash);
	do {
		if (io_read_full(fd, chunk, CHUNK_BYTES, &n, path, &ignored) <
		    0)
			return false;
		sha256_update(&hash, chunk, n);
	} while (n == CHUNK_BYTES);
	sha256_final(&hash, &got);
	return digest_eq(&got, d);
}

int blob_put(const struct blobs *b, struct str content, struct digest *out,
	     struct err *e)
{
	char path[BLOB_PATH_SIZE];
	uint64_t size;
	int there;

	*out = digest_of(content.p, content.n);
	there = blob_stat(b, out, &size, e);
	if (there < 0)
		return -1;
	if (there && size == content.n && is_whole(b, out))
		return 0;
	return io_replace_file(b->dirfd, blob_path(out, path), content,
			       IO_DURABLE, e);
}

static int draft_write(struct sink *s, const void *p, size_t n, struct err *e)
{
	struct blob_draft *d = (struct blob_draft *)s;

	sha256_update(&d->hash, p, n);
	d->size_bytes += n;
	return io_write_all(d->fd, p, n, "a blob", e);
}

static char *unique_name(void)
{
	SCOPED_BUF struct buf name = BUF_INIT(128);

	io_unique_name(&name, "tmp/blob-");
	return xstrdup(buf_c(&name));
}

int blob_begin(struct blob_draft *d, const struct blobs *b, struct err *e)
{
	*d = (struct blob_draft){.sink.write = draft_write, .blobs = b};
	/* without a name: nothing is left of it when we are killed */
	d->fd = openat(b->dirfd, "tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0644);
	if (d->fd < 0) {
		d->name = unique_name();
		d->fd = openat(b->dirfd, d->name,
			       O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	}
	if (d->fd < 0) {
		err_sys(e, "create %s", d->name);
		free(d->name);
		*d = (struct blob_draft){.fd = -1};
		return -1;
	}
	sha256_init(&d->hash);
	return 0;
}

/* Name what was written; something damaged of that name is replaced. */
static int name_draft(struct blob_draft *d, const char *path, struct err *e)
{
	char fd_path[64];

	if (!d->name) {
		(void)snprintf(fd_path, sizeof(fd_path), "/proc/self/fd/%d",
			       d->fd);
		if (linkat(AT_FDCWD, fd_path, d->blobs->dirfd, path,
			   AT_SYMLINK_FOLLOW) == 0)
			return 0;
		if (errno != EEXIST)
			return err_sys(e, "name %s", path);
		d->name = unique_name();
		if (linkat(AT_FDCWD, fd_path, d->blobs->dirfd, d->name,
			   AT_SYMLINK_FOLLOW) < 0)
			return err_sys(e, "name %s", d->name);
	}
	if (renameat(d->blobs->dirfd, d->name, d->blobs->dirfd, path) < 0)
		return err_sys(e, "rename %s to %s", d->name, path);
	free(TAKE_PTR(d->name));
	return 0;
}

static int make_visible(struct blob_draft *d, const char *path, struct err *e)
{
	SCOPED_FD int folder = -1;

	if (fsync(d->fd) < 0)
		return err_sys(e, "sync %s", path);
	if (name_draft(d, path, e) < 0)
		return -1;
	folder = io_open_dir(d->blobs->dirfd, BLOBS_FOLDER, e);
	if (folder < 0)
		return -1;
	if (fsync(folder) < 0)
		return err_sys(e, "sync %s", BLOBS_FOLDER);
	return 0;
}

static int commit(struct blob_draft *d, const struct digest *digest,
		  struct err *e)
{
	char path[BLOB_PATH_SIZE];
	uint64_t size;
	int there = blob_stat(d->blobs, digest, &size, e);
	int result = there < 0 ? -1 : 0;

	/* one that was damaged is healed by this */
	if (there >= 0 &&
	    (!there || size != d->size_bytes || !is_whole(d->blobs, digest)))
		result = make_visible(d, blob_path(digest, path), e);
	blob_release(d);
	return result;
}

int blob_commit(struct blob_draft *d, struct digest *out, struct err *e)
{
	sha256_final(&d->hash, out);
	return commit(d, out, e);
}

int blob_commit_as(struct blob_draft *d, const struct descriptor *expected,
		   struct err *e)
{
	char text[DIGEST_STRING_SIZE];
	struct digest got;

	sha256_final(&d->hash, &got);
	if (digest_eq(&got, &expected->digest) &&
	    d->size_bytes == expected->size_bytes)
		return commit(d, &got, e);
	blob_release(d);
	return err_set(e, ERR_CORRUPT,
		       "blob %s: content has another digest or size",
		       digest_string(&expected->digest, text));
}

void blob_drop(const struct blobs *b, const struct digest *d)
{
	char path[BLOB_PATH_SIZE];

	(void)unlinkat(b->dirfd, blob_path(d, path), 0); /* gone is as good */
}

void blob_release(struct blob_draft *d)
{
	if (d->name)
		(void)unlinkat(d->blobs->dirfd, d->name, 0); /* only litter */
	free(d->name);
	d->name = NULL;
	if (d->blobs)
		scoped_close(&d->fd);
	d->blobs = NULL;
}
