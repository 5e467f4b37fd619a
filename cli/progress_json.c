/*
 * The renderer for programs: a JSON object a line. docs/progress.md has the
 * format.
 */
#include "cli/progress.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/io.h"
#include "cli/text.h"

#include <stdlib.h>

enum { LINE_MAX_BYTES = 64 << 20 };

struct json {
	struct progress progress;
	int fd;
	struct buf out;
	struct buf safe; /* the same for all eyes */
};

static const char *const NAMES[] = {
	[EVENT_BUILD_START] = "build-start",
	[EVENT_STEP_START] = "step-start",
	[EVENT_STEP_CACHED] = "step-cached",
	[EVENT_STEP_OUTPUT] = "step-output",
	[EVENT_STEP_DONE] = "step-done",
	[EVENT_STEP_FAILED] = "step-failed",
	[EVENT_STEP_CANCELLED] = "step-cancelled",
	[EVENT_STEP_SHELL] = "step-shell",
	[EVENT_STEP_REASON] = "step-reason",
	[EVENT_NOTE] = "note",
};

static void add_text(struct json *j, const char *name, struct str text)
{
	buf_printf(&j->out, ",\"%s\":", name);
	buf_add_json_string(&j->out, text);
}

static void add_duration(struct json *j, const struct event *event)
{
	buf_printf(&j->out, ",\"seconds\":%.6f",
		   (double)event->duration_ns / 1e9);
}

static void add_fields(struct json *j, const struct event *event)
{
	switch (event->kind) {
	case EVENT_BUILD_START:
		buf_printf(&j->out, ",\"steps\":%zu", event->n_steps);
		break;
	case EVENT_STEP_START:
	case EVENT_STEP_CACHED: add_text(j, "title", event->text); break;
	case EVENT_STEP_OUTPUT:
		add_text(j, "stream",
			 event->stream == 2 ? STR("stderr") : STR("stdout"));
		add_text(j, "text", event->text);
		break;
	case EVENT_STEP_DONE:
	case EVENT_STEP_CANCELLED: add_duration(j, event); break;
	case EVENT_STEP_FAILED:
		add_duration(j, event);
		add_text(j, "error", event->text);
		break;
	case EVENT_STEP_REASON:
		buf_add_char(&j->out, ',');
		buf_add_str(&j->out, event->data);
		add_text(j, "text", event->text);
		break;
	case EVENT_NOTE: add_text(j, "text", event->text); break;
	case EVENT_STEP_SHELL:
	case EVENT_TICK: break;
	}
}

static void begin(struct json *j, const char *name)
{
	buf_clear(&j->out);
	buf_add_c(&j->out, "{\"time\":\"");
	clock_add_rfc3339(&j->out, clock_realtime_ns());
	buf_printf(&j->out, "\",\"event\":\"%s\"", name);
}

static void end(struct json *j)
{
	struct err ignored; /* nobody listens: the build goes on */

	buf_add_c(&j->out, "}\n");
	buf_clear(&j->safe);
	text_add(&j->safe, buf_str(&j->out), TEXT_JSON);
	(void)io_write_all(j->fd, j->safe.p, j->safe.n, "progress", &ignored);
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct json *j = (struct json *)sink;

	if (event->kind == EVENT_TICK)
		return;
	begin(j, NAMES[event->kind]);
	if (event->step)
		buf_printf(&j->out, ",\"step\":%u", event->step);
	add_fields(j, event);
	end(j);
}

static void say(struct progress *progress, enum progress_kind kind,
		struct str text)
{
	static const char *const names[] = {
		[PROGRESS_MESSAGE] = "message",
		[PROGRESS_DIAGNOSTICS] = "diagnostics",
		[PROGRESS_ERROR] = "error",
		[PROGRESS_IMAGE] = "image",
	};
	struct json *j = (struct json *)progress;

	begin(j, names[kind]);
	add_text(j, kind == PROGRESS_IMAGE ? "digest" : "text", text);
	end(j);
}

static void release(struct progress *progress)
{
	struct json *j = (struct json *)progress;

	buf_release(&j->out);
	buf_release(&j->safe);
	free(j);
}

struct progress *progress_json_new(int fd)
{
	struct json *j = xcalloc(1, sizeof(*j));

	j->progress = (struct progress){
		.sink.emit = emit, .say = say, .release = release};
	j->fd = fd;
	j->out = BUF_INIT(LINE_MAX_BYTES);
	j->safe = BUF_INIT(6ull * LINE_MAX_BYTES);
	return &j->progress;
}
