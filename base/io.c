#include "base/io.h"

#include "base/clock.h"
#include "base/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IO_CHUNK = 256 * 1024 };

int io_write_all(int fd, const void *p, size_t n, const char *what,
		 struct err *e)
{
	const char *bytes = p;

	while (n) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(e, "write %s", what);
		bytes += done;
		n -= (size_t)done;
	}
	return 0;
}

int io_pwrite_all(int fd, const void *p, size_t n, off_t offset,
		  const char *what, struct err *e)
{
	const char *bytes = p;

	while (n) {
		ssize_t done = pwrite(fd, bytes, n, offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(e, "write %s", what);
		bytes += done;
		offset += done;
		n -= (size_t)done;
	}
	return 0;
}

int io_read_full(int fd, void *p, size_t n, size_t *got, const char *what,
		 struct err *e)
{
	char *bytes = p;

	*got = 0;
	while (*got < n) {
		ssize_t done = read(fd, bytes + *got, n - *got);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return err_sys(e, "read %s", what);
		if (done == 0)
			break;
		*got += (size_t)done;
	}
	return 0;
}

int io_read_fd(int fd, struct buf *out, const char *what, struct err *e)
{
	struct stat st;
	size_t chunk = 4096;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0)
		chunk = (size_t)st.st_size + 1;
	if (chunk > IO_CHUNK)
		chunk = IO_CHUNK;
	for (;;) {
		size_t room = out->max_bytes - out->n;
		size_t got = 0;
		char probe;

		if (room == 0) {
			if (io_read_full(fd, &probe, 1, &got, what, e) < 0)
				return -1;
			out->over = got > 0;
			return buf_check(out, what, e);
		}
		if (room > chunk)
			room = chunk;
		if (io_read_full(fd, buf_reserve(out, room), room, &got, what,
				 e) < 0)
			return -1;
		out->n += got;
		out->p[out->n] = '\0';
		if (got < room)
			return 0;
	}
}

/* fd: what opening path gave. */
static int read_regular(int fd, const char *path, struct buf *out,
			struct err *e)
{
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_sys(e, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s: not a regular file", path);
	return io_read_fd(fd, out, path, e) < 0 ? -1 : 1;
}

/* O_NONBLOCK: a FIFO of that name must not hang the open */
static const int READ_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

int io_read_file(int dirfd, const char *path, struct buf *out, struct err *e)
{
	SCOPED_FD int fd = openat(dirfd, path, READ_FLAGS);

	return read_regular(fd, path, out, e);
}

int io_read_settings(const char *path, struct buf *out, struct err *e)
{
	SCOPED_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (fd < 0)
		return err_sys(e, "open %s", path);
	return io_read_fd(fd, out, path, e) < 0 ? -1 : 1;
}

int io_read_input(const char *path, struct buf *out, struct err *e)
{
	int found;

	if (strcmp(path, "-") == 0)
		return io_read_fd(STDIN_FILENO, out, "stdin", e);
	found = io_read_file(AT_FDCWD, path, out, e);
	if (found == 0)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such file",
			       path);
	return found < 0 ? -1 : 0;
}

int io_read_file_in_root(int root_fd, const char *path, struct buf *out,
			 struct err *e)
{
	SCOPED_FD int fd = path_open_in_root(root_fd, path, READ_FLAGS, 0);

	return read_regular(fd, path, out, e);
}

static int copy_by_hand(int from, int to, int64_t n, const char *what,
			struct err *e)
{
	SCOPED_PTR char *chunk = xmalloc(IO_CHUNK);

	while (n != 0) {
		size_t want = n < 0 || n > IO_CHUNK ? IO_CHUNK : (size_t)n;
		size_t got;

		if (io_read_full(from, chunk, want, &got, what, e) < 0 ||
		    io_write_all(to, chunk, got, what, e) < 0)
			return -1;
		if (n > 0)
			n -= (int64_t)got;
		if (got < want)
			break;
	}
	if (n > 0)
		return err_set(e, ERR_CORRUPT, "%s: %lld bytes short", what,
			       (long long)n);
	return 0;
}

int io_copy(int from, int to, int64_t n, const char *what, struct err *e)
{
	while (n != 0) {
		size_t want = n < 0 || n > (1 << 30) ? 1u << 30 : (size_t)n;
		ssize_t done = copy_file_range(from, NULL, to, NULL, want, 0);

		if (done < 0 && errno == EINTR)
			continue;
		/* other file systems, pipes, old kernels */
		if (done < 0)
			return copy_by_hand(from, to, n, what, e);
		if (done == 0 && n > 0)
			return err_set(e, ERR_CORRUPT, "%s: %lld bytes short",
				       what, (long long)n);
		if (done == 0)
			break;
		if (n > 0)
			n -= done;
	}
	return 0;
}

void io_unique_name(struct buf *out, const char *prefix)
{
	static unsigned counter; /* atomic */
	unsigned n = __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);

	buf_printf(out, "%s%d-%u-%llx", prefix, (int)getpid(), n,
		   (unsigned long long)clock_realtime_ns());
}

static int write_new_file(int dirfd, const char *path, struct str content,
			  enum io_durability durability, struct err *e)
{
	SCOPED_FD int fd = openat(
		dirfd, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_sys(e, "create %s", path);
	if (io_write_all(fd, content.p, content.n, path, e) < 0)
		return -1;
	if (durability == IO_DURABLE && fsync(fd) < 0)
		return err_sys(e, "sync %s", path);
	return 0;
}

static int sync_folder_of(int dirfd, const char *path, struct err *e)
{
	struct str dir = str_from(path);
	ptrdiff_t slash = str_rfind(dir, '/');
	SCOPED_PTR char *name =
		slash < 0 ? xstrdup(".")
			  : str_dup(str_sub(dir, 0, (size_t)slash));
	SCOPED_FD int fd = io_open_dir(dirfd, name, e);

	if (fd < 0)
		return -1;
	if (fsync(fd) < 0)
		return err_sys(e, "sync %s", name);
	return 0;
}

int io_replace_file(int dirfd, const char *path, struct str content,
		    enum io_durability durability, struct err *e)
{
	SCOPED_BUF struct buf tmp = BUF_INIT(8192);
	SCOPED_BUF struct buf suffix = BUF_INIT(256);

	io_unique_name(&suffix, ".tmp-");
	buf_printf(&tmp, "%s%s", path, buf_c(&suffix));
	if (buf_check(&tmp, path, e) < 0)
		return -1;
	if (write_new_file(dirfd, buf_c(&tmp), content, durability, e) < 0) {
		(void)unlinkat(dirfd, buf_c(&tmp), 0); /* e says what matters */
		return -1;
	}
	if (renameat(dirfd, buf_c(&tmp), dirfd, path) < 0) {
		err_sys(e, "replace %s", path);
		(void)unlinkat(dirfd, buf_c(&tmp), 0);
		return -1;
	}
	return durability == IO_DURABLE ? sync_folder_of(dirfd, path, e) : 0;
}

int io_mkdir(int dirfd, const char *name, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdirat(dirfd, name, mode) == 0)
		return 0;
	if (errno != EEXIST)
		return err_sys(e, "create folder %s", name);
	if (fstatat(dirfd, name, &st, 0) == 0 && S_ISDIR(st.st_mode))
		return 0;
	errno = EEXIST;
	return err_sys(e, "create folder %s", name);
}

int io_mkdir_all(int dirfd, const char *path, mode_t mode, struct err *e)
{
	SCOPED_PTR char *copy = xstrdup(path);

	for (char *p = copy + 1; *copy && *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (io_mkdir(dirfd, copy, mode, e) < 0)
			return -1;
		*p = '/';
	}
	return io_mkdir(dirfd, copy, mode, e);
}

int io_open_dir(int dirfd, const char *path, struct err *e)
{
	int fd = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? err_sys(e, "open folder %s", path) : fd;
}

/* rmdir or unlink; a folder that is not ours to enter gets its mode first. */
static int open_for_removal(int dirfd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(dirfd, name, flags);

	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, flags);
	return fd;
}

/*
 * A tree may be deeper than there are descriptors: what lies deeper than this
 * is moved up, to be removed from there.
 */
enum { REMOVE_DEPTH_MAX = 64 };

struct removal {
	int top_fd; /* the tree's own folder */
	bool moved; /* something came up to it */
};

static int move_up(struct removal *r, int dirfd, const char *name,
		   struct err *e)
{
	SCOPED_BUF struct buf free_name = BUF_INIT(128);

	io_unique_name(&free_name, "deep-");
	/* moving a folder writes its ".." */
	(void)fchmodat(dirfd, name, 0700, 0);
	if (renameat(dirfd, name, r->top_fd, buf_c(&free_name)) < 0)
		return err_sys(e, "remove %s", name);
	r->moved = true;
	return 0;
}

static int remove_below(struct removal *r, int dirfd, const char *name,
			unsigned depth, struct err *e);

static int remove_children(struct removal *r, int fd, const char *name,
			   unsigned depth, struct err *e)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int result = 0;

	if (!dir) {
		err_sys(e, "open folder %s", name);
		(void)close(fd);
		return -1;
	}
	/* unlink wants write permission on the folder itself */
	(void)fchmod(fd, 0700);
	while (result == 0 && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		result = remove_below(r, fd, entry->d_name, depth + 1, e);
	}
	(void)closedir(dir);
	return result;
}

/* 1 it was no folder and is gone, or was not there; 0 it is one, -1 error. */
static int remove_file(int dirfd, const char *name, struct err *e)
{
	if (unlinkat(dirfd, name, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return err_sys(e, "remove %s", name);
	return 0;
}

static int remove_below(struct removal *r, int dirfd, const char *name,
			unsigned depth, struct err *e)
{
	int gone = remove_file(dirfd, name, e);
	int fd;

	if (gone != 0)
		return gone < 0 ? -1 : 0;
	if (depth > REMOVE_DEPTH_MAX)
		return move_up(r, dirfd, name, e);
	fd = open_for_removal(dirfd, name);
	if (fd < 0)
		return errno == ENOENT ? 0 : err_sys(e, "remove %s", name);
	if (depth == 0)
		r->top_fd = fd;
	if (remove_children(r, fd, name, depth, e) < 0)
		return -1;
	if (unlinkat(dirfd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	/* what was moved up meanwhile: the caller comes again */
	if (depth == 0 && r->moved && errno == ENOTEMPTY)
		return 0;
	return err_sys(e, "remove %s", name);
}

int io_remove_tree(int dirfd, const char *name, struct err *e)
{
	struct removal r = {.top_fd = -1};

	do {
		r.moved = false;
		if (remove_below(&r, dirfd, name, 0, e) < 0)
			return -1;
	} while (r.moved);
	return 0;
}
