#include "builder/engine/schedule.h"

#include "base/mem.h"
#include "base/vec.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

enum task_state {
	TASK_STATE_NEW, /* needs something, or is ready */
	TASK_STATE_RUNS,
	TASK_STATE_DONE,
};

struct task {
	enum task_state state;
	size_t n_needed;	/* that are not done */
	VEC(size_t) dependents; /* one entry for each need */
};

struct schedule {
	struct task *tasks;
	size_t n_tasks;
	struct schedule_work *work;
	pthread_t *threads;
	unsigned n_threads;
	pthread_mutex_t lock; /* of the tasks, and of all below */
	pthread_cond_t changed;
	size_t n_done;
	unsigned n_running; /* tasks */
	unsigned n_living;  /* threads */
	bool stopped;
};

struct schedule *schedule_new(size_t n_tasks)
{
	struct schedule *s = xcalloc(1, sizeof(*s));

	s->tasks = xcalloc(n_tasks, sizeof(*s->tasks));
	s->n_tasks = n_tasks;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	return s;
}

void schedule_free(struct schedule *s)
{
	for (size_t i = 0; i < s->n_tasks; i++)
		vec_release(&s->tasks[i].dependents);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->lock);
	free(s->threads);
	free(s->tasks);
	free(s);
}

void schedule_need(struct schedule *s, size_t task, size_t needed)
{
	assert(needed < task && task < s->n_tasks);
	if (s->tasks[needed].state == TASK_STATE_DONE)
		return;
	*vec_push(&s->tasks[needed].dependents) = task;
	s->tasks[task].n_needed++;
}

static void set_done(struct schedule *s, size_t task)
{
	struct task *t = &s->tasks[task];

	t->state = TASK_STATE_DONE;
	s->n_done++;
	for (size_t i = 0; i < t->dependents.n; i++)
		s->tasks[t->dependents.v[i]].n_needed--;
	t->dependents.n = 0;
}

void schedule_skip(struct schedule *s, size_t task)
{
	assert(s->tasks[task].n_needed == 0);
	set_done(s, task);
}

/* The first that is ready, or n_tasks. */
static size_t find_ready(const struct schedule *s)
{
	size_t i = 0;

	while (i < s->n_tasks && (s->tasks[i].state != TASK_STATE_NEW ||
				  s->tasks[i].n_needed > 0))
		i++;
	return i;
}

/* The task that this thread takes; n_tasks when there is nothing to wait for.
 */
static size_t take(struct schedule *s)
{
	for (;;) {
		size_t task = s->stopped ? s->n_tasks : find_ready(s);

		if (task < s->n_tasks)
			return task;
		if (s->stopped || s->n_running == 0)
			return s->n_tasks;
		(void)pthread_cond_wait(&s->changed, &s->lock);
	}
}

static void settle(struct schedule *s, size_t task, enum task_outcome outcome,
		   size_t other)
{
	struct task *t = &s->tasks[task];

	t->state = TASK_STATE_NEW;
	switch (outcome) {
	case TASK_DONE: set_done(s, task); break;
	case TASK_FAILED: s->stopped = true; break;
	case TASK_WAITS:
		assert(other < s->n_tasks && other != task);
		if (s->tasks[other].state == TASK_STATE_DONE)
			break;
		*vec_push(&s->tasks[other].dependents) = task;
		t->n_needed++;
		break;
	}
}

static void *thread_main(void *arg)
{
	struct schedule *s = arg;
	size_t task;
	bool last;

	(void)pthread_mutex_lock(&s->lock);
	while ((task = take(s)) < s->n_tasks) {
		size_t other = 0;
		enum task_outcome outcome;

		s->tasks[task].state = TASK_STATE_RUNS;
		s->n_running++;
		(void)pthread_mutex_unlock(&s->lock);
		outcome = s->work->run(s->work, task, &other);
		(void)pthread_mutex_lock(&s->lock);
		s->n_running--;
		settle(s, task, outcome, other);
		(void)pthread_cond_broadcast(&s->changed);
	}
	last = --s->n_living == 0;
	(void)pthread_mutex_unlock(&s->lock);
	if (last)
		s->work->over(s->work);
	return NULL;
}

int schedule_start(struct schedule *s, unsigned n_threads,
		   struct schedule_work *w, struct err *e)
{
	size_t n_left = s->n_tasks - s->n_done;
	size_t n = n_left < n_threads ? n_left : n_threads;
	int failed = 0;

	assert(n > 0 && !s->threads);
	s->work = w;
	s->threads = xcalloc(n, sizeof(*s->threads));
	(void)pthread_mutex_lock(&s->lock);
	while (s->n_threads < n && !failed) {
		failed = pthread_create(&s->threads[s->n_threads], NULL,
					thread_main, s);
		s->n_threads += !failed;
	}
	s->n_living = s->n_threads;
	(void)pthread_mutex_unlock(&s->lock);
	errno = failed;
	return s->n_threads ? 0 : err_sys(e, "start a thread");
}

void schedule_stop(struct schedule *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->stopped = true;
	(void)pthread_cond_broadcast(&s->changed);
	(void)pthread_mutex_unlock(&s->lock);
}

bool schedule_join(struct schedule *s)
{
	for (unsigned i = 0; i < s->n_threads; i++)
		(void)pthread_join(s->threads[i], NULL);
	return s->n_done == s->n_tasks;
}
