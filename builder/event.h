/*
 * Events: what a build tells whoever shows it. Strings are borrowed for the
 * call.
 */
#ifndef BUILDER_EVENT_H
#define BUILDER_EVENT_H

#include "base/str.h"

#include <stdint.h>

enum event_kind {
	EVENT_STEP_START,  /* text: the title */
	EVENT_STEP_CACHED, /* text: the title */
	EVENT_STEP_OUTPUT, /* text: bytes as they came */
	EVENT_STEP_DONE,   /* duration_ns */
	EVENT_STEP_FAILED, /* text: why */
	EVENT_NOTE,	   /* text: something the user should know */
};

struct event {
	enum event_kind kind;
	unsigned step; /* from 1, in the order of starting; 0: the build */
	struct str text;
	int64_t duration_ns;
};

struct event_sink {
	void (*emit)(struct event_sink *s, const struct event *event);
};

#endif
