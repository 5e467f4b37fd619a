/* One job: its key, its record, its execution. */
#include "builder/engine/job.h"

#include "base/clock.h"
#include "base/io.h"
#include "builder/engine/explain.h"
#include "builder/engine/step.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAIL_MAX_BYTES = 8 * 1024 };

/* --- events ------------------------------------------------------------- */

static void emit(struct build *b, const struct event *event)
{
	b->events.sink.emit(&b->events.sink, event);
}

/* Tells that a job starts, or that it was cached: its number from then on. */
static unsigned announce(struct build *b, const struct job *j,
			 enum event_kind kind)
{
	struct event event = {.kind = kind, .text = j->title};

	if (j->title.n == 0)
		return 0;
	(void)pthread_mutex_lock(&b->lock);
	event.step = ++b->n_started;
	event.at_ns = clock_monotonic_ns();
	emit(b, &event);
	(void)pthread_mutex_unlock(&b->lock);
	return event.step;
}

static void emit_end(struct build *b, enum event_kind kind, unsigned number,
		     int64_t started_ns, struct str text)
{
	int64_t now_ns = clock_monotonic_ns();
	const struct event event = {.kind = kind,
				    .step = number,
				    .text = text,
				    .at_ns = now_ns,
				    .duration_ns = now_ns - started_ns};

	emit(b, &event);
}

/* Of `imgbuild shell`: never cached, and nothing comes of it. */
static bool is_shell(const struct job *j)
{
	return j->step && j->step->kind == STEP_RUN && j->step->run.shell;
}

/* --- looking up --------------------------------------------------------- */

static int begin_stage(struct build *b, const struct job *j, struct err *e)
{
	const struct plan_stage *stage = j->stage;
	struct rootfs *r = &b->stages[stage->index];

	switch (stage->base_kind) {
	case BASE_SCRATCH: return 0;
	case BASE_STAGE:
		rootfs_release(r);
		rootfs_copy(r, &b->stages[stage->base_stage->index]);
		return 0;
	case BASE_IMAGE:
		(void)announce(b, j, EVENT_STEP_CACHED);
		return rootfs_from_image(r, stage->base_image, e);
	}
	return 0;
}

static void add_result(struct build *b, const struct job *j,
		       const struct layer *layer, bool fresh)
{
	struct rootfs *r = &b->stages[j->stage->index];

	rootfs_add(r, layer, NULL);
	r->layers.v[r->layers.n - 1].fresh = fresh;
}

static void add_cached(struct build *b, const struct job *j,
		       const struct layer *layer)
{
	(void)announce(b, j, EVENT_STEP_CACHED);
	add_result(b, j, layer, false);
}

static int make_recipe(struct build *b, struct job *j, struct err *e)
{
	if (j->recipe)
		return 0;
	if (recipe_make(b, j->step, &b->stages[j->stage->index].content_id,
			&j->recipe, e) < 0)
		return -1;
	j->key = j->recipe->digest;
	return 0;
}

/* What it had open is closed as soon as nobody asks any more. */
static void drop_recipe(struct job *j)
{
	recipe_free(j->recipe);
	j->recipe = NULL;
}

enum job_found job_look_up(struct build *b, struct job *j, struct err *e)
{
	struct layer layer;
	int found;

	if (!j->step)
		return begin_stage(b, j, e) < 0 ? JOB_FAILED : JOB_FOUND;
	if (make_recipe(b, j, e) < 0)
		return JOB_FAILED;
	found = b->opt->no_cache || is_shell(j)
			? 0
			: record_find(b->store, &j->recipe->digest, &layer, e);
	if (found < 0)
		return JOB_FAILED;
	if (!found)
		return JOB_MISSING;
	add_cached(b, j, &layer);
	drop_recipe(j);
	return JOB_FOUND;
}

/* --- claims: equal keys are carried out once ---------------------------- */

enum claimed { CLAIM_OURS, CLAIM_OTHERS, CLAIM_MADE };

static struct claim *find_claim(struct build *b, const struct digest *key)
{
	for (size_t i = 0; i < b->claims.n; i++)
		if (digest_eq(&b->claims.v[i].key, key))
			return &b->claims.v[i];
	return NULL;
}

static enum claimed claim(struct build *b, const struct job *j, size_t *other,
			  struct layer *layer)
{
	enum claimed result = CLAIM_OURS;
	struct claim *found;

	(void)pthread_mutex_lock(&b->lock);
	found = find_claim(b, &j->recipe->digest);
	if (found) {
		result = found->made ? CLAIM_MADE : CLAIM_OTHERS;
		*other = found->job;
		*layer = found->layer;
	} else {
		found = vec_push(&b->claims);
		found->key = j->recipe->digest;
		found->job = j->index;
	}
	(void)pthread_mutex_unlock(&b->lock);
	return result;
}

/* layer is NULL where it is not what the key says. */
static void settle_claim(struct build *b, const struct job *j,
			 const struct layer *layer)
{
	struct claim *own;

	(void)pthread_mutex_lock(&b->lock);
	own = find_claim(b, &j->recipe->digest);
	if (layer) {
		own->made = true;
		own->layer = *layer;
	} else {
		*own = b->claims.v[--b->claims.n];
	}
	(void)pthread_mutex_unlock(&b->lock);
}

/* --- carrying out ------------------------------------------------------- */

static bool stopped(const struct build *b)
{
	struct pollfd p = {.fd = b->stop_fd, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

static int execute(struct step_run_context *c, struct err *e)
{
	switch (c->step->kind) {
	case STEP_RUN: return step_run_execute(c, e);
	case STEP_COPY: return step_copy_execute(c, e);
	case STEP_WORKDIR: return step_workdir_execute(c, e);
	}
	return 0;
}

/* Before the first command of a build. Under the lock. */
static int prepare_executor(struct build *b, struct err *e)
{
	struct executor *x = b->opt->executor;

	if (b->executor_ready || !x->use_folder)
		return 0;
	if (build_work(b, e) < 0)
		return -1;
	x->use_folder(x, b->work_fd);
	b->executor_ready = true;
	return 0;
}

/* Under the lock. */
static int make_logs(struct build *b, struct err *e)
{
	struct buf name = BUF_INIT(256);

	if (b->logs)
		return 0;
	io_unique_name(&name, "logs/");
	b->logs = xstrdup(buf_c(&name));
	buf_release(&name);
	return io_mkdir(b->store->fd, b->logs, 0755, e);
}

static int open_log(struct build *b, unsigned number, char **path,
		    struct err *e)
{
	int prepared;
	int fd;

	(void)pthread_mutex_lock(&b->lock);
	prepared = prepare_executor(b, e) < 0 ? -1 : make_logs(b, e);
	(void)pthread_mutex_unlock(&b->lock);
	if (prepared < 0)
		return -1;
	*path = xasprintf("%s/%u", b->logs, number);
	fd = openat(b->store->fd, *path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	return fd < 0 ? err_sys(e, "create the log %s", *path) : fd;
}

static void read_tail(struct buf *out, int fd)
{
	off_t end = lseek(fd, 0, SEEK_END);
	off_t start = end > TAIL_MAX_BYTES ? end - TAIL_MAX_BYTES : 0;
	struct err ignored;

	*out = BUF_INIT(TAIL_MAX_BYTES + 1);
	if (end > 0 && lseek(fd, start, SEEK_SET) >= 0)
		(void)io_read_fd(fd, out, "log", &ignored);
}

static void note_log(const struct step_run_context *c, const char *log_name,
		     struct build_failure *why)
{
	why->exit_code = c->exit_code;
	why->told = c->told;
	read_tail(&why->tail, c->log_fd);
	if (why->tail.n)
		why->log_path =
			xasprintf("%s/%s", c->build->store->path, log_name);
}

/* Execute into a draft and make a snapshot of it. */
static int execute_step(struct build *b, struct job *j, unsigned number,
			bool *changed, struct layer *out,
			struct build_failure *why, struct err *e)
{
	struct snapshot_draft draft;
	struct step_run_context c = {.build = b,
				     .recipe = j->recipe,
				     .step = j->step,
				     .number = number,
				     .started_ns = clock_monotonic_ns(),
				     .draft = &draft};
	SCOPED_PTR char *log_name = NULL;
	SCOPED_FD int log_fd = -1;
	int result;

	if (build_enter(b, e) < 0)
		return -1;
	/* a base that no step must see is not unpacked, nor even fetched */
	if (!recipe_is_detached(j->step) &&
	    rootfs_open(&b->stages[j->stage->index], b->store, &b->unpacking,
			&b->events.sink, &c.root, e) < 0)
		return -1;
	if (j->step->kind == STEP_RUN) {
		log_fd = open_log(b, number, &log_name, e);
		if (log_fd < 0)
			return -1;
	}
	c.log_fd = log_fd;
	if (snapshot_begin(&draft, b->store, e) < 0)
		return -1;
	result = execute(&c, e);
	if (result < 0 && log_fd >= 0)
		note_log(&c, log_name, why);
	if (result == 0 && !is_shell(j))
		result = snapshot_commit(&draft, step_below(&c),
					 clock_realtime_ns(), out, e);
	snapshot_release(&draft);
	*changed = result == 0 && recipe_inputs_changed(j->recipe);
	return result;
}

/* What was copied is not what was hashed: good for this image only. */
static int remember(struct build *b, const struct job *j,
		    const struct layer *layer, bool changed, unsigned number,
		    struct err *e)
{
	const struct event note = {
		.kind = EVENT_NOTE,
		.step = number,
		.text = STR("sources changed while they were used; this "
			    "step is not cached"),
		.at_ns = clock_monotonic_ns(),
	};

	if (!changed)
		return record_put(b->store, &j->recipe->key, layer, e);
	emit(b, &note);
	return 0;
}

/* The build's first failure is what it failed of. */
static void note_failure(struct build *b, const struct job *j,
			 struct build_failure *why, const struct err *e)
{
	(void)pthread_mutex_lock(&b->lock);
	/* but who was ended is no cause */
	if (b->failed && b->error.code == ERR_CANCELLED) {
		build_failure_release(b->why);
		b->failed = false;
	}
	if (b->failed) {
		build_failure_release(why);
	} else {
		b->failed = true;
		b->error = *e;
		*b->why = *why;
		b->why->step = j->step;
	}
	(void)pthread_mutex_unlock(&b->lock);
	build_stop(b);
}

void job_failed(struct build *b, const struct job *j, const struct err *e)
{
	struct build_failure why = {0};

	note_failure(b, j, &why, e);
}

static void count_making(struct build *b, int change)
{
	(void)pthread_mutex_lock(&b->lock);
	b->n_making += (unsigned)change;
	b->ran = true;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
}

/* The claim is ours. */
static enum task_outcome make(struct build *b, struct job *j)
{
	struct build_failure why = {0};
	int64_t started_ns = clock_monotonic_ns();
	unsigned number = announce(b, j, EVENT_STEP_START);
	struct layer layer;
	bool changed = false;
	bool failed;
	struct err e;

	count_making(b, 1);
	j->ran = true;
	if (!is_shell(j))
		explain_miss(b, j, number);
	failed = execute_step(b, j, number, &changed, &layer, &why, &e) < 0;
	if (!failed && !is_shell(j))
		failed = remember(b, j, &layer, changed, number, &e) < 0;
	if (failed) {
		if (!why.told)
			emit_end(b,
				 e.code == ERR_CANCELLED ? EVENT_STEP_CANCELLED
							 : EVENT_STEP_FAILED,
				 number, started_ns, str_from(e.msg));
		note_failure(b, j, &why, &e);
		count_making(b, -1);
		return TASK_FAILED;
	}
	if (!is_shell(j)) {
		explain_result(b, j, number, &layer);
		settle_claim(b, j, changed ? NULL : &layer);
		add_result(b, j, &layer, true);
	}
	drop_recipe(j);
	count_making(b, -1);
	emit_end(b, EVENT_STEP_DONE, number, started_ns, (struct str){0});
	return TASK_DONE;
}

enum task_outcome job_carry_out(struct build *b, struct job *j, size_t *other)
{
	struct layer layer;
	struct err e;

	if (stopped(b))
		return TASK_FAILED;
	switch (job_look_up(b, j, &e)) {
	case JOB_FOUND: return TASK_DONE;
	case JOB_FAILED: job_failed(b, j, &e); return TASK_FAILED;
	case JOB_MISSING: break;
	}
	switch (claim(b, j, other, &layer)) {
	case CLAIM_OURS: return make(b, j);
	case CLAIM_OTHERS: return TASK_WAITS;
	case CLAIM_MADE:
		add_cached(b, j, &layer);
		drop_recipe(j);
		return TASK_DONE;
	}
	return TASK_DONE;
}
