#include "base/io.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FD_LINK_SIZE = 32 };

static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) &&
	       !S_ISDIR(st.st_mode);
}

/*
 * Where path leads, links followed even if what they name is not there yet.
 * On the heap.
 */
static char *resolve(const char *path)
{
	char target[PATH_MAX];
	char *at = realpath(path, NULL);
	unsigned n_links = 0;

	if (at)
		return at;
	at = xstrdup(path);
	for (;;) {
		ssize_t n = readlink(at, target, sizeof(target) - 1);
		struct str dir = path_dir(str_from(at));
		char *next;

		if (n < 0 || ++n_links > 40)
			return at;
		target[n] = '\0';
		next = target[0] == '/' || dir.n == 0
			       ? xstrdup(target)
			       : xasprintf("%.*s/%s", STR_ARG(dir), target);
		free(at);
		at = next;
	}
}

/* What takes a file's place has its mode. */
static mode_t mode_at(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mode & 0777 : 0644;
}

static void fd_link(int fd, char out[FD_LINK_SIZE])
{
	(void)snprintf(out, FD_LINK_SIZE, "/proc/self/fd/%d", fd);
}

/* An fd; or -1 where there are no files without a name, or no naming them. */
static int open_nameless(const char *path, mode_t mode)
{
	SCOPED_PTR char *dir = str_dup(path_dir(str_from(path)));
	SCOPED_FD int fd =
		open(*dir ? dir : ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
	char link[FD_LINK_SIZE];

	if (fd < 0)
		return -1;
	fd_link(fd, link);
	return access(link, F_OK) < 0 ? -1 : TAKE_FD(fd);
}

/*
 * Where there is a file already, it is replaced through a name beside it, which
 * is the same for all: what another process left there goes. Two processes may
 * so take it from each other, and try again.
 */
static int name_nameless(const struct io_output *o)
{
	enum { TRIES = 100 };
	char link[FD_LINK_SIZE];

	fd_link(o->fd, link);
	if (linkat(AT_FDCWD, link, AT_FDCWD, o->path, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	for (int i = 0; i < TRIES; i++) {
		if (errno != EEXIST && errno != ENOENT)
			return -1;
		(void)unlink(o->tmp);
		if (linkat(AT_FDCWD, link, AT_FDCWD, o->tmp,
			   AT_SYMLINK_FOLLOW) == 0 &&
		    rename(o->tmp, o->path) == 0)
			return 0;
	}
	return -1;
}

static void open_named(struct io_output *o, mode_t mode)
{
	SCOPED_BUF struct buf suffix = BUF_INIT(256);

	io_unique_name(&suffix, ".tmp-");
	o->tmp = xasprintf("%s%s", o->path, buf_c(&suffix));
	o->fd = open(o->tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	o->has_name = o->fd >= 0;
}

int io_output_open(struct io_output *o, const char *path, struct err *e)
{
	mode_t mode;

	*o = (struct io_output){.fd = -1};
	o->path = resolve(path);
	if (is_special(o->path)) {
		o->fd = open(o->path, O_WRONLY | O_CLOEXEC);
	} else {
		mode = mode_at(o->path);
		o->fd = open_nameless(o->path, mode);
		if (o->fd < 0)
			open_named(o, mode);
		else
			o->tmp = xasprintf("%s.imgbuild-new", o->path);
	}
	if (o->fd >= 0)
		return 0;
	scoped_free(&o->tmp);
	err_sys(e, "write %s", path);
	io_output_release(o);
	return -1;
}

int io_output_commit(struct io_output *o, struct err *e)
{
	if (o->tmp &&
	    (o->has_name ? rename(o->tmp, o->path) : name_nameless(o)) < 0)
		return err_sys(e, "write %s", o->path);
	scoped_free(&o->tmp);
	return 0;
}

void io_output_release(struct io_output *o)
{
	scoped_close(&o->fd);
	if (o->tmp && o->has_name)
		(void)unlink(o->tmp); /* a failure is already being reported */
	scoped_free(&o->tmp);
	scoped_free(&o->path);
}

int io_write_output(const char *path, struct str content, struct err *e)
{
	struct io_output o;
	int result;

	if (io_output_open(&o, path, e) < 0)
		return -1;
	result = io_write_all(o.fd, content.p, content.n, path, e);
	if (result == 0)
		result = io_output_commit(&o, e);
	io_output_release(&o);
	return result;
}
