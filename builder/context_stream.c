#include "builder/context_stream.h"

#include "base/io.h"
#include "builder/unpack.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* What is no archive may still be a Dockerfile; archives need to seek back. */
static int spool(struct context_stream *c, int from, struct err *e)
{
	SCOPED_FD int fd = openat(c->fd, "stream",
				  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "keep the context");
	if (io_copy(from, fd, -1, "context", e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the context");
	return TAKE_FD(fd);
}

static int unpack_context(struct context_stream *c, int fd, struct err *e)
{
	const struct copy_options opt = {.has_owner = true,
					 .owner_given = true};
	const struct view none = {0};
	struct target target;
	SCOPED_FD int folder = -1;
	int result;

	if (io_mkdir(c->fd, "context", 0755, e) < 0)
		return -1;
	folder = io_open_dir(c->fd, "context", e);
	if (folder < 0)
		return -1;
	target_init(&target, &none, folder);
	result = unpack_fd(fd, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

int context_stream_open(struct context_stream *c, const struct store *s, int fd,
			struct buf *text, struct err *e)
{
	SCOPED_FD int file = -1;
	int result;

	*c = (struct context_stream){.store = s};
	c->fd = store_workdir_create(s, &c->name, e);
	if (c->fd < 0)
		return -1;
	file = spool(c, fd, e);
	if (file < 0)
		return -1;
	result = unpack_context(c, file, e);
	c->path = xasprintf("%s/%s/context", s->path, c->name);
	if (result != 0)
		return result;
	if (lseek(file, 0, SEEK_SET) < 0)
		return err_sys(e, "read the context");
	return io_read_fd(file, text, "stdin", e);
}

void context_stream_close(struct context_stream *c)
{
	struct err ignored; /* what can't be removed now is swept later */

	if (!c->name)
		return;
	(void)io_remove_tree(c->store->fd, c->name, &ignored);
	scoped_close(&c->fd);
	free(c->name);
	free(c->path);
	*c = (struct context_stream){.fd = -1};
}
