/*
 * A build is a graph of jobs (job.h). What is cached is found by this thread
 * alone. The first job that has to be carried out enters the user namespace,
 * which only a process of one thread can, and starts the others; this one then
 * hands their events over.
 */
#include "builder/engine/build.h"

#include "base/clock.h"
#include "base/io.h"
#include "builder/engine/complete.h"
#include "builder/engine/explain.h"
#include "builder/engine/job.h"
#include "builder/engine/origin.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

static bool cancelled(const struct build *b)
{
	struct pollfd p = {.fd = b->opt->cancel_fd, .events = POLLIN};

	return b->opt->cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

/* How many jobs were found one after another; n_jobs where all were. */
static size_t look_up_all(struct build *b, struct jobs *jobs,
			  struct schedule *s)
{
	struct err e;

	for (size_t i = 0; i < jobs->n; i++) {
		if (cancelled(b))
			return i;
		switch (job_look_up(b, &jobs->v[i], &e)) {
		case JOB_FOUND: schedule_skip(s, i); break;
		case JOB_FAILED: job_failed(b, &jobs->v[i], &e); return i;
		case JOB_MISSING: return i;
		}
	}
	return jobs->n;
}

/* What the scheduler's threads do. */
struct workshop {
	struct schedule_work work;
	struct build *build;
	struct jobs *jobs;
};

static enum task_outcome run_job(struct schedule_work *work, size_t task,
				 size_t *other)
{
	struct workshop *w = (struct workshop *)work;

	return job_carry_out(w->build, &w->jobs->v[task], other);
}

static void close_events(struct schedule_work *work)
{
	struct workshop *w = (struct workshop *)work;

	event_queue_close(&w->build->events);
}

/* Until the threads are through; the user's wish to end is passed on once. */
static int serve(struct build *b, struct schedule *s, struct err *e)
{
	int over = event_queue_serve(&b->events, b->opt->cancel_fd, e);

	if (over == 0) {
		schedule_stop(s);
		build_stop(b);
		over = event_queue_serve(&b->events, -1, e);
	}
	return over < 0 ? -1 : 0;
}

static int run_threads(struct build *b, struct jobs *jobs, struct schedule *s,
		       struct err *e)
{
	struct workshop w = {{run_job, close_events}, b, jobs};
	int result;

	if (build_enter(b, e) < 0)
		return -1;
	event_queue_start(&b->events);
	if (schedule_start(s, b->opt->n_jobs, &w.work, e) < 0)
		return -1;
	result = serve(b, s, e);
	if (!schedule_join(s) && result == 0)
		result = err_set(e, ERR_CANCELLED, "cancelled");
	return result;
}

static int run_jobs(struct build *b, struct jobs *jobs, struct err *e)
{
	struct schedule *s = schedule_new(jobs->n);
	int result = 0;

	jobs_link(jobs, s);
	if (look_up_all(b, jobs, s) < jobs->n && !b->failed)
		result = run_threads(b, jobs, s, e);
	schedule_free(s);
	if (b->failed) {
		*e = b->error;
		return -1;
	}
	return result;
}

static void drop_work(struct build *b)
{
	struct executor *x = b->opt->executor;
	struct err ignored; /* what can't be removed now is swept later */

	if (!b->work)
		return;
	if (b->executor_ready)
		x->use_folder(x, -1);
	(void)io_remove_tree(b->store->fd, b->work, &ignored);
	(void)close(b->work_fd);
	free(b->work);
}

static int finish(struct build *b, const struct jobs *jobs,
		  struct build_result *out, int result, struct err *e)
{
	struct err ignored;

	if (origins_release(b, result < 0 ? &ignored : e) < 0)
		result = -1;
	drop_work(b);
	if (result == 0) {
		rootfs_copy(&out->rootfs, &b->stages[b->plan->target->index]);
		out->ran = b->ran;
		complete_config(b->plan, b->arena, out);
	}
	explain_keep(b, jobs);
	/* also what a build that failed has made */
	if (store_publish(b->store, result < 0 ? &ignored : e) < 0)
		result = -1;
	store_listen(b->store, NULL);
	/* what others left that were killed, also where nothing ran */
	(void)store_sweep(b->store, &ignored);
	free(b->logs);
	return result;
}

/* What was found damaged in the store is one line. */
static void tell_damaged(struct store_listener *l, const char *message)
{
	struct build *b = ((struct build_listener *)l)->build;
	const struct event event = {.kind = EVENT_NOTE,
				    .text = str_from(message),
				    .at_ns = clock_monotonic_ns()};

	b->events.sink.emit(&b->events.sink, &event);
}

static int build_init(struct build *b, size_t n_stages, struct err *e)
{
	b->stages = xcalloc(n_stages, sizeof(*b->stages));
	for (size_t i = 0; i < n_stages; i++)
		rootfs_init(&b->stages[i]);
	b->unpacking = UNPACKING_INIT;
	(void)pthread_mutex_init(&b->lock, NULL);
	(void)pthread_cond_init(&b->changed, NULL);
	b->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (event_queue_init(&b->events, b->opt->events, e) < 0)
		return -1;
	b->listener = (struct build_listener){{tell_damaged}, b};
	store_listen(b->store, &b->listener.listener);
	if (b->opt->no_cache)
		store_distrust(b->store);
	return b->stop_fd < 0 ? err_sys(e, "make an eventfd") : 0;
}

static void build_release(struct build *b, size_t n_stages)
{
	event_queue_release(&b->events);
	scoped_close(&b->stop_fd);
	(void)pthread_cond_destroy(&b->changed);
	(void)pthread_mutex_destroy(&b->lock);
	unpacking_release(&b->unpacking);
	vec_release(&b->claims);
	explain_release(b);
	for (size_t i = 0; i < n_stages; i++)
		rootfs_release(&b->stages[i]);
	free(b->stages);
}

static void tell_start(struct build *b, const struct jobs *jobs)
{
	const struct event event = {.kind = EVENT_BUILD_START,
				    .at_ns = clock_monotonic_ns(),
				    .n_steps = jobs->n_shown};

	b->opt->events->emit(b->opt->events, &event);
}

int build_run(const struct store *s, const struct plan *plan,
	      const struct build_options *opt, struct arena *a,
	      struct build_result *out, struct build_failure *why,
	      struct err *e)
{
	struct build b = {
		.store = s, .plan = plan, .opt = opt, .arena = a, .why = why};
	struct jobs jobs;
	size_t n_stages = 0;
	int result;

	*why = (struct build_failure){0};
	*out = (struct build_result){0};
	if (plan->n_stages)
		n_stages = plan->stages[plan->n_stages - 1]->index + 1;
	jobs_init(&jobs, plan, a);
	result = build_init(&b, n_stages, e);
	if (result == 0) {
		tell_start(&b, &jobs);
		result = run_jobs(&b, &jobs, e);
	}
	result = finish(&b, &jobs, out, result, e);
	jobs_release(&jobs);
	build_release(&b, n_stages);
	return result;
}
