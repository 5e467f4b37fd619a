/*
 * Events of many threads for the sink of one: the queue's own sink may be used
 * on any thread, and hands over on the thread that made the queue.
 */
#ifndef BUILDER_ENGINE_EVENT_QUEUE_H
#define BUILDER_ENGINE_EVENT_QUEUE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "builder/event.h"

#include <pthread.h>
#include <stdbool.h>

struct event_batch {
	VEC(struct event) events; /* their texts lie in text, by offset */
	struct buf text;
};

struct event_queue {
	struct event_sink sink; /* first */
	struct event_sink *to;
	int wake_fd;	      /* readable where something waits */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t drained;
	struct event_batch waiting;
	bool delivering; /* what was taken of it */
	bool queueing;
	bool closed;
};

int event_queue_init(struct event_queue *q, struct event_sink *to,
		     struct err *e);
void event_queue_release(struct event_queue *q);

/*
 * Until this is called there is one thread only, and events go straight to the
 * sink. From then on output waits where the sink can't keep up.
 */
void event_queue_start(struct event_queue *q);
/*
 * Hand over what comes, and ticks, until the queue is closed and empty: 1; or
 * until fd (-1: none) is readable: 0, to be called again without it. -1 error.
 */
int event_queue_serve(struct event_queue *q, int fd, struct err *e);
/* Wait until all that was emitted has been handed over. Not on the thread that
 * serves. */
void event_queue_flush(struct event_queue *q);
/* Nothing comes any more. On any thread. */
void event_queue_close(struct event_queue *q);

#endif
