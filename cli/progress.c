#include "cli/progress.h"
#include "cli/print.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void show_nothing(struct event_sink *sink, const struct event *event)
{
	(void)sink;
	(void)event;
}

static void release_quiet(struct progress *p)
{
	free(p);
}

static struct progress *quiet_new(void)
{
	struct progress *p = xcalloc(1, sizeof(*p));

	p->sink.emit = show_nothing;
	p->release = release_quiet;
	p->quiet = true;
	return p;
}

struct progress *progress_new(const char *mode)
{
	if (strcmp(mode, "quiet") == 0)
		return quiet_new();
	if (strcmp(mode, "rawjson") == 0)
		return progress_json_new(STDERR_FILENO);
	if (strcmp(mode, "plain") == 0)
		return progress_plain_new(STDERR_FILENO);
	if (strcmp(mode, "auto") != 0 && strcmp(mode, "tty") != 0)
		return NULL;
	return progress_tty_possible(STDERR_FILENO)
		       ? progress_tty_new(STDERR_FILENO)
		       : progress_plain_new(STDERR_FILENO);
}

void progress_finish(struct progress *p)
{
	if (p->finish)
		p->finish(p);
}

static void say_plainly(const struct progress *p, enum progress_kind kind,
			const char *text)
{
	switch (kind) {
	case PROGRESS_MESSAGE:
		if (!p->quiet)
			print_err("%s\n", text);
		break;
	case PROGRESS_DIAGNOSTICS:
	case PROGRESS_ERROR: print_messages(str_from(text), TEXT_LINES); break;
	case PROGRESS_IMAGE:
		if (p->quiet)
			print_out("%s\n", text);
		else
			print_err("image %s\n", text);
		break;
	}
}

void progress_say(struct progress *p, enum progress_kind kind, const char *fmt,
		  ...)
{
	SCOPED_PTR char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = xstrdup(fmt);
	va_end(args);
	if (p->say)
		p->say(p, kind, str_from(text));
	else
		say_plainly(p, kind, text);
}

void progress_free(struct progress *p)
{
	if (p)
		p->release(p);
}
