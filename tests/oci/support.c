#include "support.h"

#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void temp_dir_make(struct temp_dir *t)
{
	/* not /tmp: user attributes want a real file system */
	const char *base = getenv("TEST_TMPDIR");

	(void)snprintf(t->path, sizeof(t->path), "%s/imgbuild-test-XXXXXX",
		       base ? base : "/var/tmp");
	assert_non_null(mkdtemp(t->path));
	t->fd = open(t->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(t->fd >= 0);
}

void temp_dir_remove(struct temp_dir *t)
{
	struct err e;

	(void)close(t->fd);
	(void)io_remove_tree(AT_FDCWD, t->path, &e);
}

static int buf_sink_write(struct sink *s, const void *p, size_t n,
			  struct err *e)
{
	struct buf_sink *self = (struct buf_sink *)s;

	(void)e;
	buf_add(&self->buf, p, n);
	return 0;
}

void buf_sink_init(struct buf_sink *s)
{
	s->sink.write = buf_sink_write;
	s->buf = BUF_INIT((size_t)1 << 30);
}

void buf_sink_release(struct buf_sink *s)
{
	buf_release(&s->buf);
}

static ssize_t str_source_read(struct source_stream *s, void *p, size_t n,
			       struct err *e)
{
	struct str_source *self = (struct str_source *)s;

	(void)e;
	if (n > self->step)
		n = self->step;
	if (n > self->rest.n)
		n = self->rest.n;
	if (n)
		memcpy(p, self->rest.p, n);
	self->rest = str_skip(self->rest, n);
	return (ssize_t)n;
}

void str_source_init(struct str_source *s, struct str bytes, size_t step)
{
	*s = (struct str_source){{str_source_read}, bytes, step};
}

void assert_error(const struct err *e, enum err_code code, const char *text)
{
	if (e->code != code || !strstr(e->msg, text))
		fail_msg("error %d '%s', expected %d with '%s'", e->code,
			 e->msg, code, text);
}
