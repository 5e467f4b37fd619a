#include "builder/engine/event_queue.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	WAITING_MAX_BYTES = 1 << 20, /* of output, before its writers wait */
	BATCH_MAX_BYTES = 1 << 30,
	LOOK_MS = 1000, /* at most this late, should a wake-up fail */
};

static bool may_wait(const struct event *event)
{
	return event->kind == EVENT_STEP_OUTPUT;
}

static void wake(struct event_queue *q)
{
	const uint64_t one = 1;

	/* full means that it is readable already */
	(void)!write(q->wake_fd, &one, sizeof(one));
}

static void add(struct event_batch *b, const struct event *event)
{
	struct event *added = vec_push(&b->events);

	*added = *event;
	added->text.p = NULL;
	added->data.p = NULL;
	buf_add_str(&b->text, event->text);
	buf_add_str(&b->text, event->data);
}

static void emit(struct event_sink *sink, const struct event *event)
{
	struct event_queue *q = (struct event_queue *)sink;
	bool was_empty;

	if (!q->queueing) { /* there is no other thread yet */
		q->to->emit(q->to, event);
		return;
	}
	(void)pthread_mutex_lock(&q->lock);
	while (may_wait(event) && q->waiting.text.n > WAITING_MAX_BYTES)
		(void)pthread_cond_wait(&q->drained, &q->lock);
	was_empty = q->waiting.events.n == 0;
	add(&q->waiting, event);
	(void)pthread_mutex_unlock(&q->lock);
	if (was_empty)
		wake(q);
}

int event_queue_init(struct event_queue *q, struct event_sink *to,
		     struct err *e)
{
	*q = (struct event_queue){
		.sink.emit = emit,
		.to = to,
		.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.drained = PTHREAD_COND_INITIALIZER,
		.waiting.text = BUF_INIT(BATCH_MAX_BYTES),
	};
	return q->wake_fd < 0 ? err_sys(e, "make an event queue") : 0;
}

static void batch_release(struct event_batch *b)
{
	vec_release(&b->events);
	buf_release(&b->text);
}

void event_queue_release(struct event_queue *q)
{
	batch_release(&q->waiting);
	scoped_close(&q->wake_fd);
	(void)pthread_cond_destroy(&q->drained);
	(void)pthread_mutex_destroy(&q->lock);
}

void event_queue_start(struct event_queue *q)
{
	q->queueing = true;
}

void event_queue_flush(struct event_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	while (q->waiting.events.n || q->delivering)
		(void)pthread_cond_wait(&q->drained, &q->lock);
	(void)pthread_mutex_unlock(&q->lock);
}

void event_queue_close(struct event_queue *q)
{
	(void)pthread_mutex_lock(&q->lock);
	q->closed = true;
	(void)pthread_mutex_unlock(&q->lock);
	wake(q);
}

/* What waits, and whether that was the last of it. */
static bool take(struct event_queue *q, struct event_batch *out)
{
	uint64_t ignored;
	bool last;

	(void)!read(q->wake_fd, &ignored, sizeof(ignored));
	(void)pthread_mutex_lock(&q->lock);
	*out = q->waiting;
	q->waiting = (struct event_batch){.text = BUF_INIT(BATCH_MAX_BYTES)};
	last = q->closed;
	q->delivering = true;
	(void)pthread_cond_broadcast(&q->drained);
	(void)pthread_mutex_unlock(&q->lock);
	return last;
}

static void deliver(struct event_queue *q, struct event_batch *b)
{
	const char *text = buf_c(&b->text);

	for (size_t i = 0; i < b->events.n; i++) {
		struct event *event = &b->events.v[i];

		event->text.p = text;
		text += event->text.n;
		event->data.p = text;
		text += event->data.n;
		q->to->emit(q->to, event);
	}
	batch_release(b);
	(void)pthread_mutex_lock(&q->lock);
	q->delivering = false;
	(void)pthread_cond_broadcast(&q->drained);
	(void)pthread_mutex_unlock(&q->lock);
}

static void tick(struct event_queue *q, int64_t now_ns)
{
	const struct event event = {.kind = EVENT_TICK, .at_ns = now_ns};

	q->to->emit(q->to, &event);
}

int event_queue_serve(struct event_queue *q, int fd, struct err *e)
{
	const int tick_ms = q->to->tick_ms;
	int64_t ticked_ns = clock_monotonic_ns();
	struct pollfd fds[2] = {{.fd = q->wake_fd, .events = POLLIN},
				{.fd = fd, .events = POLLIN}};
	bool last = false;

	while (!last) {
		struct event_batch batch;
		int64_t now_ns;

		if (poll(fds, 2, tick_ms ? tick_ms : LOOK_MS) < 0 &&
		    errno != EINTR)
			return err_sys(e, "wait for events");
		last = take(q, &batch);
		deliver(q, &batch);
		now_ns = clock_monotonic_ns();
		if (tick_ms && now_ns - ticked_ns >= tick_ms * 1000000LL) {
			tick(q, now_ns);
			ticked_ns = now_ns;
		}
		if (!last && fds[1].revents)
			return 0;
	}
	return 1;
}
