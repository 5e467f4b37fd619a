#include "support.h"

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
