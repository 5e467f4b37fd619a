#include "cli/progress.h"

#include "base/mem.h"

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
	if (strcmp(mode, "auto") == 0 || strcmp(mode, "plain") == 0 ||
	    strcmp(mode, "tty") == 0)
		return progress_plain_new(STDERR_FILENO);
	return NULL;
}

void progress_finish(struct progress *p)
{
	if (p->finish)
		p->finish(p);
}

void progress_free(struct progress *p)
{
	if (p)
		p->release(p);
}
