/*
 * How a build is shown: renderers of its events.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "builder/event.h"

#include <stdbool.h>

struct progress {
	struct event_sink sink;
	int fd;
	bool quiet;
	bool at_line_start;
	unsigned line_step; /* of the unfinished output line */
	int64_t step_started_ns;
};

/* mode: "auto", "plain", "tty", "quiet". false for anything else. */
bool progress_init(struct progress *p, const char *mode);
/* End an unfinished line. */
void progress_finish(struct progress *p);

#endif
