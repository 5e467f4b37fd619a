/*
 * How a build is shown: renderers of its events, one file each.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "builder/event.h"

#include <stdbool.h>

/* What is said besides a build's events. */
enum progress_kind {
	PROGRESS_MESSAGE,     /* what was made, a line */
	PROGRESS_DIAGNOSTICS, /* about the Dockerfile, whole lines */
	PROGRESS_ERROR,	      /* why there is no image, whole lines */
	PROGRESS_IMAGE,	      /* the image's id */
};

/* Each is made by one function, and ends with its release. */
struct progress {
	struct event_sink sink; /* first */
	/* What is shown becomes final: other text may follow. NULL: nothing. */
	void (*finish)(struct progress *p);
	/* NULL: as text on stderr. */
	void (*say)(struct progress *p, enum progress_kind kind,
		    struct str text);
	void (*release)(struct progress *p);
	bool quiet; /* only the image's id is asked for */
};

/* They write to fd. */
struct progress *progress_plain_new(int fd);
struct progress *progress_json_new(int fd);
struct progress *progress_tty_new(int fd);
/* Whether fd is a terminal that can be drawn on. */
bool progress_tty_possible(int fd);

/*
 * mode: "auto", "plain", "tty", "rawjson", "quiet". NULL for anything else.
 * Without a terminal on stderr, tty and auto are plain.
 */
struct progress *progress_new(const char *mode);
void progress_finish(struct progress *p);
void progress_say(struct progress *p, enum progress_kind kind, const char *fmt,
		  ...) __attribute__((format(printf, 3, 4)));
void progress_free(struct progress *p); /* NULL does nothing */

#endif
