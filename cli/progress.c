/*
 * The plain renderer: one line an event, in docker's form.
 *   #3 [build 2/4] RUN make
 *   #3 0.123 cc -c main.c
 *   #3 DONE 0.4s
 */
#include "cli/progress.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void put(struct progress *p, struct str text)
{
	struct err ignored; /* nobody listens: the build goes on */

	(void)io_write_all(p->fd, text.p, text.n, "progress", &ignored);
	if (text.n)
		p->at_line_start = text.p[text.n - 1] == '\n';
}

static void put_line_start(struct progress *p, unsigned step)
{
	char start[48];
	double seconds =
		(double)(clock_monotonic_ns() - p->step_started_ns) / 1e9;
	int n = snprintf(start, sizeof(start), "#%u %.3f ", step, seconds);

	put(p, (struct str){start, (size_t)n});
	p->line_step = step;
}

/* Each line of a step's output gets the step's number and the time. */
static void put_output(struct progress *p, const struct event *event)
{
	struct str rest = event->text;

	while (rest.n) {
		ptrdiff_t end = str_find(rest, '\n');
		size_t n = end < 0 ? rest.n : (size_t)end + 1;

		if (p->at_line_start)
			put_line_start(p, event->step);
		put(p, str_sub(rest, 0, n));
		rest = str_skip(rest, n);
	}
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct progress *p = (struct progress *)sink;
	SCOPED_BUF struct buf line = BUF_INIT(1u << 20);

	if (p->quiet)
		return;
	if (event->kind == EVENT_STEP_OUTPUT) {
		put_output(p, event);
		return;
	}
	if (!p->at_line_start)
		buf_add_char(&line, '\n');
	switch (event->kind) {
	case EVENT_STEP_START:
		p->step_started_ns = clock_monotonic_ns();
		buf_printf(&line, "#%u ", event->step);
		buf_add_str(&line, event->text);
		break;
	case EVENT_STEP_CACHED:
		buf_printf(&line, "#%u ", event->step);
		buf_add_str(&line, event->text);
		buf_printf(&line, "\n#%u CACHED", event->step);
		break;
	case EVENT_STEP_DONE:
		buf_printf(&line, "#%u DONE %.1fs", event->step,
			   (double)event->duration_ns / 1e9);
		break;
	case EVENT_STEP_FAILED:
		buf_printf(&line, "#%u ERROR: ", event->step);
		buf_add_str(&line, event->text);
		break;
	case EVENT_NOTE:
		buf_add_c(&line, "note: ");
		buf_add_str(&line, event->text);
		break;
	case EVENT_STEP_OUTPUT: break;
	}
	buf_add_char(&line, '\n');
	put(p, buf_str(&line));
}

bool progress_init(struct progress *p, const char *mode)
{
	*p = (struct progress){
		.sink.emit = emit,
		.fd = STDERR_FILENO,
		.quiet = strcmp(mode, "quiet") == 0,
		.at_line_start = true,
	};
	return p->quiet || strcmp(mode, "auto") == 0 ||
	       strcmp(mode, "plain") == 0 || strcmp(mode, "tty") == 0;
}

void progress_finish(struct progress *p)
{
	if (!p->at_line_start && !p->quiet)
		put(p, STR("\n"));
}
