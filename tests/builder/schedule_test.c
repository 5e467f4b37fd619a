#include "tests/base/support.h"

#include "base/mem.h"
#include "builder/engine/schedule.h"

#include <pthread.h>
#include <string.h>

enum { TASKS_MAX = 200 };

struct world {
	struct schedule_work work;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t order[4 * TASKS_MAX]; /* of starting */
	size_t n_started;
	unsigned n_running, n_running_max;
	unsigned meet; /* tasks wait for so many to run at once */
	size_t fails;  /* task, or TASKS_MAX */
	size_t waiter; /* task that wants to wait for … */
	size_t other;  /* … this one, the first time */
	bool waited;
	unsigned n_over;
	bool done[TASKS_MAX];
	bool early; /* the waiter went on before the other was done */
};

static void meet(struct world *w)
{
	while (w->n_running_max < w->meet)
		(void)pthread_cond_wait(&w->changed, &w->lock);
}

static enum task_outcome run(struct schedule_work *work, size_t task,
			     size_t *other)
{
	struct world *w = (struct world *)work;
	enum task_outcome outcome = TASK_DONE;

	(void)pthread_mutex_lock(&w->lock);
	w->order[w->n_started++] = task;
	if (++w->n_running > w->n_running_max)
		w->n_running_max = w->n_running;
	(void)pthread_cond_broadcast(&w->changed);
	meet(w);
	if (task == w->fails) {
		outcome = TASK_FAILED;
	} else if (task == w->waiter && !w->waited) {
		w->waited = true;
		*other = w->other;
		outcome = TASK_WAITS;
	} else {
		w->early |= task == w->waiter && !w->done[w->other];
		w->done[task] = true;
	}
	w->n_running--;
	(void)pthread_mutex_unlock(&w->lock);
	return outcome;
}

static void over(struct schedule_work *work)
{
	struct world *w = (struct world *)work;

	(void)__atomic_add_fetch(&w->n_over, 1, __ATOMIC_SEQ_CST);
}

static void world_init(struct world *w)
{
	*w = (struct world){.work = {run, over},
			    .lock = PTHREAD_MUTEX_INITIALIZER,
			    .changed = PTHREAD_COND_INITIALIZER,
			    .fails = TASKS_MAX,
			    .waiter = TASKS_MAX};
}

static bool carry_out(struct world *w, struct schedule *s, unsigned n_threads)
{
	struct err e;
	bool all;

	assert_ok(schedule_start(s, n_threads, &w->work, &e));
	all = schedule_join(s);
	assert_int_equal(w->n_over, 1);
	schedule_free(s);
	return all;
}

static size_t place_of(const struct world *w, size_t task)
{
	size_t i = 0;

	while (i < w->n_started && w->order[i] != task)
		i++;
	return i;
}

static void one_thread_takes_tasks_in_their_order(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_true(carry_out(&w, schedule_new(TASKS_MAX), 1));
	for (size_t i = 0; i < TASKS_MAX; i++)
		assert_int_equal(w.order[i], i);
	assert_int_equal(w.n_running_max, 1);
}

static void tasks_without_needs_run_at_once(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.meet = 4; /* it would hang otherwise */
	assert_true(carry_out(&w, schedule_new(4), 4));
	assert_int_equal(w.n_running_max, 4);
}

static void no_more_tasks_run_at_once_than_there_are_threads(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	assert_true(carry_out(&w, schedule_new(TASKS_MAX), 3));
	assert_true(w.n_running_max <= 3);
}

static void a_task_comes_after_all_that_it_needs(void **state)
{
	struct world w;
	struct schedule *s = schedule_new(TASKS_MAX);

	(void)state;
	world_init(&w);
	for (size_t i = 2; i < TASKS_MAX; i++) {
		schedule_need(s, i, i / 2);
		schedule_need(s, i, i - 2);
	}
	assert_true(carry_out(&w, s, 4));
	assert_int_equal(w.n_started, TASKS_MAX);
	for (size_t i = 2; i < TASKS_MAX; i++) {
		assert_true(place_of(&w, i / 2) < place_of(&w, i));
		assert_true(place_of(&w, i - 2) < place_of(&w, i));
	}
}

static void skipped_tasks_do_not_run_and_hold_up_nobody(void **state)
{
	struct world w;
	struct schedule *s = schedule_new(4);

	(void)state;
	world_init(&w);
	schedule_need(s, 1, 0);
	schedule_need(s, 2, 1);
	schedule_skip(s, 0);
	schedule_skip(s, 1);
	assert_true(carry_out(&w, s, 2));
	assert_int_equal(w.n_started, 2);
	assert_int_equal(place_of(&w, 0), w.n_started);
}

static void after_a_failure_no_task_begins(void **state)
{
	struct world w;
	struct schedule *s = schedule_new(TASKS_MAX);

	(void)state;
	world_init(&w);
	w.fails = 7;
	assert_false(carry_out(&w, s, 1));
	assert_int_equal(w.n_started, 8);
}

static void a_task_that_waits_runs_again_after_the_other(void **state)
{
	struct world w;

	(void)state;
	world_init(&w);
	w.meet = 2;
	w.waiter = 1;
	w.other = 0;
	assert_true(carry_out(&w, schedule_new(2), 2));
	assert_true(w.waited);
	assert_false(w.early);
	assert_int_equal(w.n_started, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_thread_takes_tasks_in_their_order),
		cmocka_unit_test(tasks_without_needs_run_at_once),
		cmocka_unit_test(
			no_more_tasks_run_at_once_than_there_are_threads),
		cmocka_unit_test(a_task_comes_after_all_that_it_needs),
		cmocka_unit_test(skipped_tasks_do_not_run_and_hold_up_nobody),
		cmocka_unit_test(after_a_failure_no_task_begins),
		cmocka_unit_test(a_task_that_waits_runs_again_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
