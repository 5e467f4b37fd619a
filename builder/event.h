/*
 * Events: what a build tells whoever shows it. Strings are borrowed for the
 * call. A sink is only ever called on the thread that called build_run.
 */
#ifndef BUILDER_EVENT_H
#define BUILDER_EVENT_H

#include "base/str.h"

#include <stddef.h>
#include <stdint.h>

enum event_kind {
	EVENT_BUILD_START,    /* n_steps: that there are in all */
	EVENT_STEP_START,     /* text: the title */
	EVENT_STEP_CACHED,    /* text: the title; it never started */
	EVENT_STEP_OUTPUT,    /* text: bytes as they came; stream */
	EVENT_STEP_DONE,      /* duration_ns */
	EVENT_STEP_FAILED,    /* text: why; duration_ns */
	EVENT_STEP_CANCELLED, /* another one failed, or the user said so;
				 duration_ns */
	EVENT_STEP_SHELL,     /* a shell has the terminal from now on, until the
				 step     ends */
	EVENT_STEP_REASON,    /* text: one reason why it is not cached; data */
	EVENT_NOTE,	      /* text: something the user should know */
	EVENT_TICK,	      /* some time has passed; see event_sink */
};

struct event {
	enum event_kind kind;
	unsigned step; /* from 1, in the order of starting; 0: the build */
	struct str text;
	struct str data;     /* of a reason: its JSON members (cache/trace.h) */
	unsigned stream;     /* 1 stdout, 2 stderr */
	int64_t at_ns;	     /* when it happened: clock_monotonic_ns */
	int64_t duration_ns; /* of the step */
	size_t n_steps;
};

struct event_sink {
	void (*emit)(struct event_sink *s, const struct event *event);
	int tick_ms; /* how often it wants to be told the time; 0: never */
};

#endif
