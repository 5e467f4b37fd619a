#include "tests/base/support.h"

#include "base/mem.h"
#include "builder/engine/event_queue.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct listener {
	struct event_sink sink;
	pthread_t thread; /* the only one that may be called on */
	size_t n_events;
	size_t n_ticks;
	size_t n_bytes;
	unsigned next[4]; /* number that each writer's next text holds */
	bool in_order;
};

static void listen(struct event_sink *sink, const struct event *event)
{
	struct listener *l = (struct listener *)sink;
	char text[32] = "";

	assert_true(pthread_equal(l->thread, pthread_self()));
	if (event->kind == EVENT_TICK) {
		l->n_ticks++;
		return;
	}
	l->n_events++;
	l->n_bytes += event->text.n;
	if (event->step >= ARRAY_LEN(l->next))
		return;
	(void)snprintf(text, sizeof(text), "%u", l->next[event->step]++);
	l->in_order = l->in_order && str_eq_c(event->text, text);
}

static void begin(struct listener *l, struct event_queue *q)
{
	struct err e;

	*l = (struct listener){.sink.emit = listen,
			       .thread = pthread_self(),
			       .in_order = true};
	assert_ok(event_queue_init(q, &l->sink, &e));
}

static void say(struct event_queue *q, unsigned step, struct str text)
{
	const struct event event = {
		.kind = EVENT_STEP_OUTPUT, .step = step, .text = text};

	q->sink.emit(&q->sink, &event);
}

static void before_the_start_events_go_straight_through(void **state)
{
	struct listener l;
	struct event_queue q;

	(void)state;
	begin(&l, &q);
	say(&q, 0, STR("0"));
	assert_int_equal(l.n_events, 1);
	event_queue_release(&q);
}

enum { N_LINES = 5000 };

struct writer {
	struct event_queue *q;
	unsigned number;
	unsigned *n_left;
};

static void *write_lines(void *arg)
{
	struct writer *w = arg;

	for (unsigned i = 0; i < N_LINES; i++) {
		char text[32];

		(void)snprintf(text, sizeof(text), "%u", i);
		say(w->q, w->number, str_from(text));
	}
	if (__atomic_sub_fetch(w->n_left, 1, __ATOMIC_SEQ_CST) == 0)
		event_queue_close(w->q);
	return NULL;
}

static void many_writers_are_heard_in_full_and_each_in_its_order(void **state)
{
	struct listener l;
	struct event_queue q;
	struct writer writers[4];
	pthread_t threads[4];
	unsigned n_left = 4;
	struct err e;

	(void)state;
	begin(&l, &q);
	event_queue_start(&q);
	for (unsigned i = 0; i < 4; i++) {
		writers[i] = (struct writer){&q, i, &n_left};
		assert_int_equal(pthread_create(&threads[i], NULL, write_lines,
						&writers[i]),
				 0);
	}
	assert_int_equal(event_queue_serve(&q, -1, &e), 1);
	for (unsigned i = 0; i < 4; i++)
		(void)pthread_join(threads[i], NULL);
	assert_int_equal(l.n_events, 4 * N_LINES);
	assert_true(l.in_order);
	event_queue_release(&q);
}

static char big[256 * 1024];

static void *write_much(void *arg)
{
	struct event_queue *q = arg;

	for (int i = 0; i < 64; i++) {
		say(q, 99, (struct str){big, sizeof(big)});
		(void)pthread_mutex_lock(&q->lock);
		assert_true(q->waiting.text.n <= (1u << 20) + sizeof(big));
		(void)pthread_mutex_unlock(&q->lock);
	}
	event_queue_close(q);
	return NULL;
}

static void output_waits_for_a_slow_listener_instead_of_piling_up(void **state)
{
	struct listener l;
	struct event_queue q;
	pthread_t thread;
	struct err e;

	(void)state;
	begin(&l, &q);
	event_queue_start(&q);
	assert_int_equal(pthread_create(&thread, NULL, write_much, &q), 0);
	(void)usleep(20000);
	assert_int_equal(event_queue_serve(&q, -1, &e), 1);
	(void)pthread_join(thread, NULL);
	assert_int_equal(l.n_bytes, 64 * sizeof(big));
	event_queue_release(&q);
}

static void *close_later(void *arg)
{
	(void)usleep(50000);
	event_queue_close(arg);
	return NULL;
}

static void a_listener_that_asks_for_it_is_told_the_time(void **state)
{
	struct listener l;
	struct event_queue q;
	pthread_t thread;
	struct err e;

	(void)state;
	begin(&l, &q);
	l.sink.tick_ms = 5;
	event_queue_start(&q);
	assert_int_equal(pthread_create(&thread, NULL, close_later, &q), 0);
	assert_int_equal(event_queue_serve(&q, -1, &e), 1);
	(void)pthread_join(thread, NULL);
	assert_true(l.n_ticks >= 1);
	event_queue_release(&q);
}

static void a_readable_descriptor_ends_the_serving(void **state)
{
	struct listener l;
	struct event_queue q;
	struct err e;
	int fds[2];

	(void)state;
	begin(&l, &q);
	event_queue_start(&q);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_int_equal(event_queue_serve(&q, fds[0], &e), 0);
	event_queue_close(&q);
	assert_int_equal(event_queue_serve(&q, -1, &e), 1);
	(void)close(fds[0]);
	(void)close(fds[1]);
	event_queue_release(&q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(before_the_start_events_go_straight_through),
		cmocka_unit_test(
			many_writers_are_heard_in_full_and_each_in_its_order),
		cmocka_unit_test(
			output_waits_for_a_slow_listener_instead_of_piling_up),
		cmocka_unit_test(a_listener_that_asks_for_it_is_told_the_time),
		cmocka_unit_test(a_readable_descriptor_ends_the_serving),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
