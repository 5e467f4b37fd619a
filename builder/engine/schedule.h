/*
 * A graph of tasks, carried out by a few threads: each task once all that it
 * needs is done. Knows nothing of what a task is.
 */
#ifndef BUILDER_ENGINE_SCHEDULE_H
#define BUILDER_ENGINE_SCHEDULE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct schedule;

enum task_outcome {
	TASK_DONE,
	TASK_WAITS,  /* for one more: *other; it is run again after that */
	TASK_FAILED, /* no other task begins any more */
};

/* What the tasks are. Both are called on the threads. */
struct schedule_work {
	enum task_outcome (*run)(struct schedule_work *w, size_t task,
				 size_t *other);
	/* Once, by the last thread, after the last task. */
	void (*over)(struct schedule_work *w);
};

struct schedule *schedule_new(size_t n_tasks);
/* Only after schedule_join, where threads were started. */
void schedule_free(struct schedule *s);

/* Before the start: task comes after needed. */
void schedule_need(struct schedule *s, size_t task, size_t needed);
/* Before the start: task is done already. What it needs is, too. */
void schedule_skip(struct schedule *s, size_t task);

/*
 * Begin, on up to n_threads threads; of the tasks that are ready the one with
 * the lowest number goes first. Fails where not even one thread can be had.
 */
int schedule_start(struct schedule *s, unsigned n_threads,
		   struct schedule_work *w, struct err *e);
/* No further task begins; those under way end by themselves. */
void schedule_stop(struct schedule *s);
/* Wait for the threads' end. True where every task is done. */
bool schedule_join(struct schedule *s);

#endif
