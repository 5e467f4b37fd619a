/*
 * The plain renderer: one line an event, in docker's form.
 *   #3 [build 2/4] RUN make
 *   #3 0.123 cc -c main.c
 *   #3 DONE 0.4s
 * Lines of steps that run at once come as they are complete, each with its
 * step's number.
 */
#include "cli/progress.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/vec.h"
#include "cli/text.h"

#include <stdlib.h>

enum {
	LINE_MAX_BYTES = 16 * 1024, /* one that is longer comes in parts */
	TEXT_MAX_BYTES = 64 << 20,
};

struct plain_step {
	int64_t started_ns;
	struct buf line; /* the beginning of one */
	bool has_line;	 /* it may be empty, too */
	unsigned number;
	double line_seconds;
};

struct plain {
	struct progress progress;
	int fd;
	VEC(struct plain_step) steps; /* by number, from 1 */
	struct buf out;		      /* of one event */
};

static struct plain_step *find_step(struct plain *p, unsigned number)
{
	while (p->steps.n < number)
		vec_push(&p->steps)->line = BUF_INIT(2 * LINE_MAX_BYTES);
	return &p->steps.v[number - 1];
}

static void flush(struct plain *p)
{
	struct err ignored; /* nobody listens: the build goes on */

	(void)io_write_all(p->fd, p->out.p, p->out.n, "progress", &ignored);
	buf_clear(&p->out);
}

static void add_prefix(struct plain *p, const struct plain_step *s)
{
	buf_printf(&p->out, "#%u %.3f", s->number, s->line_seconds);
}

/*
 * What a program wrote over itself with "\r" comes as lines below each other.
 * The prefix is ours, and all else the step's.
 */
static void end_line(struct plain *p, struct plain_step *s)
{
	struct str rest = buf_str(&s->line);
	struct str part;
	bool more;

	if (!s->has_line)
		return;
	while (str_ends(rest, "\r"))
		rest.n--;
	do {
		more = str_cut(rest, '\r', &part, &rest);
		add_prefix(p, s);
		if (part.n)
			buf_add_char(&p->out, ' ');
		text_add(&p->out, part, TEXT_OUTPUT);
		buf_add_char(&p->out, '\n');
	} while (more);
	buf_clear(&s->line);
	s->has_line = false;
}

static void begin_line(struct plain_step *s, const struct event *event)
{
	if (s->has_line)
		return;
	s->has_line = true;
	s->number = event->step;
	s->line_seconds = (double)(event->at_ns - s->started_ns) / 1e9;
}

/* Part of a line, without its end. */
static void add_part(struct plain *p, struct plain_step *s,
		     const struct event *event, struct str part)
{
	while (part.n) {
		struct str some = str_sub(part, 0, LINE_MAX_BYTES);

		begin_line(s, event);
		buf_add_str(&s->line, some);
		part = str_skip(part, some.n);
		if (s->line.n > LINE_MAX_BYTES)
			end_line(p, s);
	}
}

static void add_output(struct plain *p, const struct event *event)
{
	struct plain_step *s = find_step(p, event->step);
	struct str rest = event->text;
	struct str line;

	while (str_cut(rest, '\n', &line, &rest)) {
		begin_line(s, event);
		add_part(p, s, event, line);
		end_line(p, s);
	}
	add_part(p, s, event, line);
}

/* What is not the step's own output: a line. */
static void add_text(struct plain *p, struct str text)
{
	text_add(&p->out, text, TEXT_LINE);
	buf_add_char(&p->out, '\n');
}

static void add_title(struct plain *p, const struct event *event)
{
	find_step(p, event->step)->started_ns = event->at_ns;
	buf_printf(&p->out, "#%u ", event->step);
	add_text(p, event->text);
}

static void add_end(struct plain *p, const struct event *event)
{
	end_line(p, find_step(p, event->step));
	buf_printf(&p->out, "#%u ", event->step);
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct plain *p = (struct plain *)sink;

	switch (event->kind) {
	case EVENT_STEP_START: add_title(p, event); break;
	case EVENT_STEP_OUTPUT: add_output(p, event); break;
	case EVENT_STEP_CACHED:
		add_title(p, event);
		buf_printf(&p->out, "#%u CACHED\n", event->step);
		break;
	case EVENT_STEP_DONE:
		add_end(p, event);
		buf_printf(&p->out, "DONE %.1fs\n",
			   (double)event->duration_ns / 1e9);
		break;
	case EVENT_STEP_FAILED:
		add_end(p, event);
		buf_add_c(&p->out, "ERROR: ");
		add_text(p, event->text);
		break;
	case EVENT_STEP_CANCELLED:
		add_end(p, event);
		buf_add_c(&p->out, "CANCELED\n");
		break;
	case EVENT_STEP_SHELL:
		add_end(p, event);
		buf_add_c(&p->out, "a shell; `exit` ends it\n");
		break;
	case EVENT_STEP_REASON:
		buf_printf(&p->out, "#%u why: ", event->step);
		add_text(p, event->text);
		break;
	case EVENT_NOTE:
		buf_add_c(&p->out, "note: ");
		add_text(p, event->text);
		break;
	case EVENT_BUILD_START:
	case EVENT_TICK: break;
	}
	if (p->out.n)
		flush(p);
}

static void release(struct progress *progress)
{
	struct plain *p = (struct plain *)progress;

	for (size_t i = 0; i < p->steps.n; i++)
		buf_release(&p->steps.v[i].line);
	vec_release(&p->steps);
	buf_release(&p->out);
	free(p);
}

struct progress *progress_plain_new(int fd)
{
	struct plain *p = xcalloc(1, sizeof(*p));

	p->progress = (struct progress){.sink.emit = emit, .release = release};
	p->fd = fd;
	p->out = BUF_INIT(TEXT_MAX_BYTES);
	return &p->progress;
}
