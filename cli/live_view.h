/*
 * The live view of a build, without a terminal: what its events come to, and
 * the lines that show it.
 *
 *   [+] Building 3.4s (2/5)
 *    => CACHED [build 1/3] FROM docker.io/library/debian:12            0.0s
 *    => [build 2/3] RUN make                                           3.1s
 *    => => # cc -c main.c
 */
#ifndef CLI_LIVE_VIEW_H
#define CLI_LIVE_VIEW_H

#include "base/buf.h"
#include "base/vec.h"
#include "builder/event.h"

#include <stdbool.h>

enum { VIEW_TAIL_LINES = 6 };

enum view_state {
	VIEW_RUNNING,
	VIEW_DONE,
	VIEW_CACHED,
	VIEW_FAILED,
	VIEW_CANCELLED,
};

struct view_step {
	enum view_state state;
	struct buf title; /* safe text, as are the lines */
	int64_t started_ns;
	int64_t duration_ns;		  /* where it does not run any more */
	struct buf tail[VIEW_TAIL_LINES]; /* a ring of whole lines */
	size_t n_lines;			  /* that there ever were */
	struct buf line;		  /* the one that has no end yet */
};

struct live_view {
	int64_t started_ns;
	size_t n_steps; /* in all */
	size_t n_over;
	bool failed;
	VEC(struct view_step) steps; /* by number, from 1 */
};

void live_view_release(struct live_view *v);
void live_view_add(struct live_view *v, const struct event *event);

struct view_look {
	size_t columns;
	size_t rows; /* what does not fit is left out; 0: nothing is */
	bool colour;
	bool over; /* the last picture: no logs */
	int64_t now_ns;
};

/* Append the picture, each line ended by "\n" and no wider than columns. */
void live_view_draw(const struct live_view *v, const struct view_look *look,
		    struct buf *out);

#endif
