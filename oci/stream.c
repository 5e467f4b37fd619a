#include "oci/stream.h"

#include "base/io.h"

#include <errno.h>
#include <unistd.h>

static int fd_sink_write(struct sink *s, const void *p, size_t n, struct err *e)
{
	struct fd_sink *self = (struct fd_sink *)s;

	return io_write_all(self->fd, p, n, self->what, e);
}

void fd_sink_init(struct fd_sink *s, int fd, const char *what)
{
	s->sink.write = fd_sink_write;
	s->fd = fd;
	s->what = what;
}

static ssize_t fd_source_read(struct source_stream *s, void *p, size_t n,
			      struct err *e)
{
	struct fd_source *self = (struct fd_source *)s;
	ssize_t got;

	do {
		got = read(self->fd, p, n);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read %s", self->what);
	return got;
}

void fd_source_init(struct fd_source *s, int fd, const char *what)
{
	s->source.read = fd_source_read;
	s->fd = fd;
	s->what = what;
}
