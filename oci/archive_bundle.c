#include "oci/archive_bundle.h"

#include "base/io.h"
#include "base/path.h"
#include "oci/compress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 * 1024,
	MAX_FILES = 100000, /* an image has some hundreds */
	MAX_LINKS = 8,
};

struct bundle_file {
	uint64_t offset;
	uint64_t size_bytes;
	struct str link; /* clean path of what it links to; empty: a file */
};

/* What libarchive's callbacks read and seek in. */
struct tar_file {
	int fd;
	off_t at;
	char buffer[READ_SIZE];
};

static la_ssize_t tar_read(struct archive *a, void *ctx, const void **buffer)
{
	struct tar_file *t = ctx;
	ssize_t n;

	do {
		n = pread(t->fd, t->buffer, sizeof(t->buffer), t->at);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		archive_set_error(a, errno, "read failed");
	else
		t->at += n;
	*buffer = t->buffer;
	return n;
}

static la_int64_t tar_skip(struct archive *a, void *ctx, la_int64_t n)
{
	struct tar_file *t = ctx;

	(void)a;
	t->at += n;
	return n;
}

static struct bundle_file *add_file(struct bundle *b, struct str path)
{
	struct bundle_file *f = arena_new(&b->arena, struct bundle_file);

	strmap_set(&b->files, path, f);
	return f;
}

/* A symbolic link counts from its folder, a hard link from the root. */
static struct str link_target(struct bundle *b, struct str path,
			      struct archive_entry *entry)
{
	const char *hard = archive_entry_hardlink(entry);
	const char *soft = archive_entry_symlink(entry);
	struct str joined;

	if (hard)
		return path_in_root(&b->arena, str_from(hard));
	joined = arena_printf(&b->arena, "%.*s/%s", STR_ARG(path_dir(path)),
			      soft ? soft : "");
	return path_in_root(&b->arena, joined);
}

static void add_entry(struct bundle *b, struct archive *tar,
		      struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	bool is_link = archive_entry_hardlink(entry) ||
		       archive_entry_filetype(entry) == AE_IFLNK;
	struct bundle_file *f;
	struct str path;

	if (!name)
		return;
	path = path_in_root(&b->arena, str_from(name));
	if (is_link) {
		f = add_file(b, path);
		f->link = link_target(b, path, entry);
	} else if (archive_entry_filetype(entry) == AE_IFREG &&
		   archive_entry_sparse_count(entry) == 0) {
		f = add_file(b, path);
		f->offset = (uint64_t)archive_filter_bytes(tar, 0);
		f->size_bytes = (uint64_t)archive_entry_size(entry);
	}
}

static int list_tar(struct bundle *b, struct archive *tar, struct err *e)
{
	struct archive_entry *entry;

	for (;;) {
		int result = archive_read_next_header(tar, &entry);

		if (result == ARCHIVE_EOF)
			return 0;
		if (result != ARCHIVE_OK && result != ARCHIVE_WARN)
			return err_set(e, ERR_CORRUPT,
				       "not an image archive: "
				       "%s",
				       archive_error_string(tar));
		if (b->files.n >= MAX_FILES)
			return err_set(e, ERR_LIMIT,
				       "not an image archive: more than %d "
				       "files",
				       MAX_FILES);
		add_entry(b, tar, entry);
	}
}

static int index_tar(struct bundle *b, struct err *e)
{
	SCOPED_PTR struct tar_file *t = xmalloc(sizeof(*t));
	struct archive *tar = archive_read_new();
	int result;

	t->fd = b->fd;
	t->at = 0;
	if (!tar)
		return err_set(e, ERR_LIMIT, "libarchive: out of memory");
	if (archive_read_support_format_tar(tar) != ARCHIVE_OK ||
	    archive_read_open2(tar, t, NULL, tar_read, tar_skip, NULL) !=
		    ARCHIVE_OK)
		result = err_set(e, ERR_CORRUPT, "not an image archive: %s",
				 archive_error_string(tar));
	else
		result = list_tar(b, tar, e);
	(void)archive_read_free(tar);
	return result;
}

/* A file that has no name: nothing is left of it, however we end. */
static int unnamed_file(int dirfd, struct err *e)
{
	SCOPED_BUF struct buf name = BUF_INIT(128);
	SCOPED_FD int fd = -1;

	io_unique_name(&name, "tmp/load-");
	fd = openat(dirfd, buf_c(&name), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC,
		    0600);
	if (fd < 0)
		return err_sys(e, "create %s", buf_c(&name));
	if (unlinkat(dirfd, buf_c(&name), 0) < 0)
		return err_sys(e, "remove %s", buf_c(&name));
	return TAKE_FD(fd);
}

static int copy_stream(struct source_stream *from, int to, struct err *e)
{
	SCOPED_PTR char *chunk = xmalloc(READ_SIZE);
	ssize_t n;

	while ((n = from->read(from, chunk, READ_SIZE, e)) > 0)
		if (io_write_all(to, chunk, (size_t)n, "temporary file", e) < 0)
			return -1;
	return (int)n;
}

static void free_decompressor(struct decompressor **d)
{
	decompressor_free(*d);
}

int bundle_open_fd(struct bundle *b, int dirfd, int fd, struct err *e)
{
	SCOPED(free_decompressor) struct decompressor *d = NULL;
	struct fd_source in;

	*b = (struct bundle){.fd = -1, .folder = -1};
	fd_source_init(&in, fd, "image archive");
	b->fd = unnamed_file(dirfd, e);
	if (b->fd < 0 || decompressor_begin(&d, &in.source, NULL, e) < 0 ||
	    copy_stream(decompressor_source(d), b->fd, e) < 0 ||
	    index_tar(b, e) < 0) {
		bundle_release(b);
		return -1;
	}
	return 0;
}

/* Whether fd is a file that is a tar as it lies there. */
static int is_plain_tar(int fd, const struct stat *st, struct err *e)
{
	SCOPED(free_decompressor) struct decompressor *d = NULL;
	struct fd_source in;
	const char *kind;

	if (!S_ISREG(st->st_mode))
		return 0;
	fd_source_init(&in, fd, "image archive");
	if (decompressor_begin(&d, &in.source, &kind, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "seek");
	return str_eq_c(str_from(kind), "none");
}

static int open_file(struct bundle *b, int dirfd, int *fd,
		     const struct stat *st, struct err *e)
{
	int plain = is_plain_tar(*fd, st, e);

	if (plain < 0)
		return -1;
	if (!plain)
		return bundle_open_fd(b, dirfd, *fd, e);
	b->fd = TAKE_FD(*fd);
	if (index_tar(b, e) < 0) {
		bundle_release(b);
		return -1;
	}
	return 0;
}

int bundle_open(struct bundle *b, int dirfd, const char *path, struct err *e)
{
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*b = (struct bundle){.fd = -1, .folder = -1};
	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (S_ISDIR(st.st_mode)) {
		b->folder = TAKE_FD(fd);
		return 0;
	}
	if (open_file(b, dirfd, &fd, &st, e) < 0)
		return err_wrap(e, "%s", path);
	return 0;
}

void bundle_release(struct bundle *b)
{
	strmap_release(&b->files);
	arena_release(&b->arena);
	scoped_close(&b->fd);
	scoped_close(&b->folder);
	*b = (struct bundle){.fd = -1, .folder = -1};
}

static ssize_t source_read(struct source_stream *s, void *p, size_t n,
			   struct err *e)
{
	struct bundle_source *self = (struct bundle_source *)s;
	ssize_t got;

	if (n > self->left)
		n = (size_t)self->left;
	if (!n)
		return 0;
	do {
		got = pread(self->fd, p, n, (off_t)self->offset);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read image archive");
	if (got == 0)
		return err_set(e, ERR_CORRUPT, "image archive ends too early");
	self->offset += (uint64_t)got;
	self->left -= (uint64_t)got;
	return got;
}

static int find_in_folder(struct bundle *b, struct str name,
			  struct bundle_source *out, struct err *e)
{
	SCOPED_PTR char *path = str_dup(path_in_root(&b->arena, name));
	SCOPED_FD int fd =
		path_open_in_root(b->folder, path, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s: not a regular file", path);
	*out = (struct bundle_source){
		.source.read = source_read,
		.fd = TAKE_FD(fd),
		.owned = true,
		.left = (uint64_t)st.st_size,
	};
	return 1;
}

int bundle_find(struct bundle *b, struct str name, struct bundle_source *out,
		struct err *e)
{
	struct bundle_file *f;

	if (b->folder >= 0)
		return find_in_folder(b, name, out, e);
	name = path_in_root(&b->arena, name);
	f = strmap_get(&b->files, name);
	for (int i = 0; f && f->link.n && i < MAX_LINKS; i++)
		f = strmap_get(&b->files, f->link);
	if (!f)
		return 0;
	if (f->link.n)
		return err_set(e, ERR_INVALID, "%.*s: too many links",
			       STR_ARG(name));
	*out = (struct bundle_source){
		.source.read = source_read,
		.fd = b->fd,
		.offset = f->offset,
		.left = f->size_bytes,
	};
	return 1;
}

void bundle_source_release(struct bundle_source *s)
{
	if (s->owned)
		scoped_close(&s->fd);
	s->owned = false;
}

int bundle_read(struct bundle *b, struct str name, struct buf *out,
		struct err *e)
{
	SCOPED(bundle_source_release) struct bundle_source s = {0};
	int found = bundle_find(b, name, &s, e);
	char chunk[4096];
	ssize_t n;

	if (found <= 0)
		return found;
	if (s.left > out->max_bytes)
		return err_set(e, ERR_LIMIT, "%.*s: larger than %zu bytes",
			       STR_ARG(name), out->max_bytes);
	while ((n = s.source.read(&s.source, chunk, sizeof(chunk), e)) > 0)
		buf_add(out, chunk, (size_t)n);
	return n < 0 ? -1 : 1;
}
