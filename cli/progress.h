/*
 * How a build is shown: renderers of its events, one file each.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "builder/event.h"

#include <stdbool.h>

/* Each is made by one function, and ends with its release. */
struct progress {
	struct event_sink sink; /* first */
	/* What is shown becomes final: other text may follow. NULL: nothing. */
	void (*finish)(struct progress *p);
	void (*release)(struct progress *p);
	bool quiet; /* only the image's id is asked for */
};

/* Writes to fd. */
struct progress *progress_plain_new(int fd);

/*
 * mode: "auto", "plain", "tty", "quiet". NULL for anything else.
 */
struct progress *progress_new(const char *mode);
void progress_finish(struct progress *p);
void progress_free(struct progress *p); /* NULL does nothing */

#endif
