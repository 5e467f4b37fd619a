#include "builder/build.h"

#include "base/clock.h"
#include "base/io.h"
#include "builder/step.h"
#include "cache/record.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TAIL_MAX_BYTES = 8 * 1024 };

void build_failure_release(struct build_failure *f)
{
	free(f->log_path);
	buf_release(&f->tail);
	*f = (struct build_failure){0};
}

int build_context(struct build *b, struct context **out, struct err *e)
{
	if (!b->context_open) {
		if (context_open(&b->context, b->opt->context_path,
				 b->opt->dockerfile_name, b->store, e) < 0)
			return -1;
		b->context_open = true;
	}
	*out = &b->context;
	return 0;
}

int build_enter(struct build *b, struct err *e)
{
	if (b->entered)
		return 0;
	if (userns_enter(b->opt->tier, e) < 0)
		return -1;
	if (b->opt->tier != TIER_ROOT && store_reopen(b->store, e) < 0)
		return -1;
	b->entered = true;
	return 0;
}

int build_work(struct build *b, struct err *e)
{
	if (b->work)
		return 0;
	b->work_fd = store_workdir_create(b->store, &b->work, e);
	return b->work_fd < 0 ? -1 : 0;
}

/* Before the first command of a build. */
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

static int fetch(struct build *b, struct fetched *f, struct str url,
		 const struct remote_options *opt, struct err *e)
{
	SCOPED_PTR char *name = xasprintf("remote-%zu", b->fetched.n);
	SCOPED_PTR char *path = NULL;

	if (build_enter(b, e) < 0 || build_work(b, e) < 0)
		return -1;
	path = xasprintf("%s/%s", b->store->path, b->work);
	*vec_push(&b->fetched) = f;
	return remote_fetch(&f->remote, b->arena, url, opt, b->work_fd, path,
			    name, e);
}

int build_remote(struct build *b, const struct step_copy *copy,
		 const struct step_source *source, const struct remote **out,
		 struct err *e)
{
	const struct remote_options opt = {.checksum = copy->checksum,
					   .keep_git_dir = copy->keep_git_dir};
	struct fetched *f;

	for (size_t i = 0; i < b->fetched.n; i++) {
		if (b->fetched.v[i]->source != source)
			continue;
		*out = &b->fetched.v[i]->remote;
		return 0;
	}
	f = arena_new(b->arena, struct fetched);
	f->source = source;
	*out = &f->remote;
	return fetch(b, f, source->path, &opt, e);
}

/* A context behind a URL: of a repository maybe only a folder. */
static int remote_context(struct build *b, struct str url,
			  struct source_tree *tree, struct err *e)
{
	const struct remote_options opt = {.file_name = "context",
					   .is_context = true};
	struct fetched *f;

	for (size_t i = 0; i < b->fetched.n; i++) {
		f = b->fetched.v[i];
		if (f->source || !str_eq(f->url, url))
			continue;
		*tree = f->remote.tree;
		return 0;
	}
	f = arena_new(b->arena, struct fetched);
	f->url = url;
	if (fetch(b, f, url, &opt, e) < 0 ||
	    remote_enter_folder(&f->remote, e) < 0)
		return -1;
	*tree = f->remote.tree;
	return 0;
}

static void drop_work(struct build *b)
{
	struct err ignored; /* what can't be removed now is swept later */

	for (size_t i = 0; i < b->fetched.n; i++)
		remote_release(&b->fetched.v[i]->remote);
	vec_release(&b->fetched);
	if (!b->work)
		return;
	(void)io_remove_tree(b->store->fd, b->work, &ignored);
	(void)close(b->work_fd);
	free(b->work);
}

/* Digests of a root's files are kept under what the root contains. */
static struct statcache *rootfs_statcache(struct build *b,
					  const struct rootfs *r)
{
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *name = NULL;
	struct rootfs_cache *added;

	for (size_t i = 0; i < b->caches.n; i++)
		if (digest_eq(&b->caches.v[i].content_id, &r->content_id))
			return b->caches.v[i].cache;
	name = xasprintf("stat/%s", digest_hex(&r->content_id, hex));
	added = vec_push(&b->caches);
	added->content_id = r->content_id;
	added->cache = statcache_open(b->store->fd, name);
	return added->cache;
}

static void save_statcaches(struct build *b)
{
	struct err ignored; /* only speed is lost */

	for (size_t i = 0; i < b->caches.n; i++) {
		(void)statcache_save(b->caches.v[i].cache, &ignored);
		statcache_free(b->caches.v[i].cache);
	}
	vec_release(&b->caches);
}

static int open_folder(struct build *b, struct str path, struct context **out,
		       struct err *e)
{
	struct opened_folder *f;

	for (size_t i = 0; i < b->folders.n; i++) {
		if (!str_eq(b->folders.v[i]->path, path))
			continue;
		*out = &b->folders.v[i]->context;
		return 0;
	}
	f = arena_new(b->arena, struct opened_folder);
	f->path = path;
	if (context_open(&f->context, arena_c(b->arena, path), NULL, b->store,
			 e) < 0)
		return -1;
	*vec_push(&b->folders) = f;
	*out = &f->context;
	return 0;
}

static void close_folders(struct build *b)
{
	struct err ignored; /* only speed is lost */

	for (size_t i = 0; i < b->folders.n; i++)
		(void)context_close(&b->folders.v[i]->context, &ignored);
	vec_release(&b->folders);
}

int build_origin(struct build *b, const struct origin *origin,
		 struct rootfs *scratch, struct source_tree *tree,
		 struct err *e)
{
	struct context *context;

	*tree = (struct source_tree){.owner = TREE_OWNER_COUNTS};
	switch (origin->kind) {
	case ORIGIN_CONTEXT:
		if (build_context(b, &context, e) < 0)
			return -1;
		*tree = context->tree;
		return 0;
	case ORIGIN_FOLDER:
		if (open_folder(b, origin->folder, &context, e) < 0)
			return -1;
		*tree = context->tree;
		return 0;
	case ORIGIN_REMOTE: return remote_context(b, origin->folder, tree, e);
	case ORIGIN_STAGE:
		rootfs_release(scratch);
		rootfs_copy(scratch, &b->stages[origin->stage->index]);
		break;
	case ORIGIN_IMAGE:
		if (rootfs_from_image(scratch, origin->image, e) < 0)
			return -1;
		break;
	case ORIGIN_SCRATCH: break;
	}
	tree->cache = rootfs_statcache(b, scratch);
	if (build_enter(b, e) < 0)
		return -1;
	return rootfs_open(scratch, b->store, b->opt->events, &tree->view, e);
}

static void emit(struct build *b, enum event_kind kind, unsigned step,
		 struct str text, int64_t duration_ns)
{
	const struct event event = {kind, step, text, duration_ns};

	b->opt->events->emit(b->opt->events, &event);
}

/* "[build 2/5] RUN make"; a base image counts as the first of its stage. */
static struct str title_of(struct build *b, const struct plan_stage *stage,
			   size_t number, struct str text)
{
	size_t base = stage->base_kind == BASE_IMAGE;

	return arena_printf(b->arena, "[%.*s%s%zu/%zu] %.*s",
			    STR_ARG(stage->title), stage->title.n ? " " : "",
			    number + base, stage->n_steps + base,
			    STR_ARG(text));
}

static bool cancelled(const struct build *b)
{
	struct pollfd p = {.fd = b->opt->cancel_fd, .events = POLLIN};

	return b->opt->cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

static int step_key(struct build *b, const struct step *step,
		    const struct rootfs *r, struct key *k, struct digest *seen,
		    struct err *e)
{
	static const char *const domains[] = {
		[STEP_RUN] = "run/1",
		[STEP_COPY] = "copy/1",
		[STEP_WORKDIR] = "workdir/1",
	};

	key_init(k, domains[step->kind]);
	key_add_digest(k, "parent", &r->content_id);
	/* what BuildKit stamps files with, so part of what they are */
	if (step->has_epoch && step->kind != STEP_RUN)
		key_add(k, "epoch",
			arena_printf(&k->arena, "%lld",
				     (long long)step->epoch_s));
	switch (step->kind) {
	case STEP_RUN: return step_run_key(b, step, k, e);
	case STEP_COPY: return step_copy_key(b, step, k, seen, e);
	case STEP_WORKDIR: return step_workdir_key(b, step, k, e);
	}
	return 0;
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

static int open_log(struct build *b, unsigned number, char **path,
		    struct err *e)
{
	int fd;

	if (!b->logs) {
		struct buf name = BUF_INIT(256);

		io_unique_name(&name, "logs/");
		b->logs = xstrdup(buf_c(&name));
		buf_release(&name);
		if (io_mkdir(b->store->fd, b->logs, 0755, e) < 0)
			return -1;
	}
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

static void note_failure(struct step_run_context *c, const char *log_name)
{
	struct build_failure *why = c->build->why;

	why->step = c->step;
	read_tail(&why->tail, c->log_fd);
	if (why->tail.n)
		why->log_path =
			xasprintf("%s/%s", c->build->store->path, log_name);
}

/* Execute into a draft and make a snapshot of it. */
static int execute_step(struct build *b, const struct step *step,
			unsigned number, struct rootfs *r,
			const struct digest *seen, bool *changed,
			struct layer *out, struct err *e)
{
	struct snapshot_draft draft;
	struct step_run_context c = {.build = b,
				     .step = step,
				     .number = number,
				     .seen = *seen,
				     .draft = &draft};
	SCOPED_PTR char *log_name = NULL;
	SCOPED_FD int log_fd = -1;
	int result;

	if (build_enter(b, e) < 0 ||
	    rootfs_open(r, b->store, b->opt->events, &c.root, e) < 0)
		return -1;
	if (step->kind == STEP_RUN) {
		if (prepare_executor(b, e) < 0)
			return -1;
		log_fd = open_log(b, number, &log_name, e);
		if (log_fd < 0)
			return -1;
	}
	c.log_fd = log_fd;
	if (snapshot_begin(&draft, b->store, e) < 0)
		return -1;
	b->ran = true;
	result = execute(&c, e);
	if (result < 0 && log_fd >= 0)
		note_failure(&c, log_name);
	if (result == 0)
		result = snapshot_commit(&draft, &c.root, clock_realtime_ns(),
					 out, e);
	snapshot_release(&draft);
	*changed = c.changed;
	b->why->step = step;
	return result;
}

/* What was copied is not what was hashed: good for this image only. */
static int remember(struct build *b, const struct key *k,
		    const struct layer *layer, bool changed, unsigned number,
		    struct err *e)
{
	if (!changed)
		return record_put(b->store, k, layer, e);
	emit(b, EVENT_NOTE, number,
	     STR("sources changed while they were copied; this step is not "
		 "cached"),
	     0);
	return 0;
}

static int run_step(struct build *b, const struct step *step, struct rootfs *r,
		    struct err *e)
{
	SCOPED_KEY struct key key = {0};
	struct str title = title_of(b, step->stage, step->number, step->title);
	unsigned number = ++b->n_started;
	int64_t started_ns = clock_monotonic_ns();
	struct digest digest;
	struct digest seen = {0};
	struct layer layer;
	bool changed = false;
	int found;

	b->why->step = step;
	if (cancelled(b))
		return err_set(e, ERR_CANCELLED, "cancelled");
	if (step_key(b, step, r, &key, &seen, e) < 0)
		return -1;
	digest = key_digest(&key);
	found = b->opt->no_cache ? 0
				 : record_find(b->store, &digest, &layer, e);
	if (found < 0)
		return -1;
	emit(b, found ? EVENT_STEP_CACHED : EVENT_STEP_START, number, title, 0);
	if (!found) {
		if (execute_step(b, step, number, r, &seen, &changed, &layer,
				 e) < 0 ||
		    remember(b, &key, &layer, changed, number, e) < 0) {
			emit(b, EVENT_STEP_FAILED, number, str_from(e->msg), 0);
			return -1;
		}
		emit(b, EVENT_STEP_DONE, number, (struct str){0},
		     clock_monotonic_ns() - started_ns);
	}
	rootfs_add(r, &layer, NULL);
	r->layers.v[r->layers.n - 1].fresh = !found;
	return 0;
}

static int begin_stage(struct build *b, const struct plan_stage *stage,
		       struct rootfs *r, struct err *e)
{
	switch (stage->base_kind) {
	case BASE_SCRATCH: return 0;
	case BASE_STAGE:
		rootfs_release(r);
		rootfs_copy(r, &b->stages[stage->base_stage->index]);
		return 0;
	case BASE_IMAGE:
		emit(b, EVENT_STEP_CACHED, ++b->n_started,
		     title_of(b, stage, 0,
			      arena_printf(b->arena, "FROM %.*s",
					   STR_ARG(stage->base_image->name))),
		     0);
		return rootfs_from_image(r, stage->base_image, e);
	}
	return 0;
}

static int run_stage(struct build *b, const struct plan_stage *stage,
		     struct err *e)
{
	struct rootfs *r = &b->stages[stage->index];

	if (begin_stage(b, stage, r, e) < 0)
		return -1;
	for (size_t i = 0; i < stage->n_steps; i++)
		if (run_step(b, &stage->steps[i], r, e) < 0)
			return -1;
	b->why->step = NULL;
	return 0;
}

/*
 * Times of history entries: a layer's own; what made no layer is as old as this
 * build's layer before it, else the one after it, else its base. A base's
 * entries keep theirs. Gives the newest of all.
 */
static int64_t fill_history(const struct rootfs *r,
			    struct config_history *history, size_t n)
{
	int64_t before_ns = 0;
	int64_t base_ns = 0;
	int64_t first_ns = 0;
	size_t layer = r->layers.n;

	for (size_t i = n; i > 0; i--) {
		if (history[i - 1].empty_layer || layer == 0)
			continue;
		layer--;
		if (r->layers.v[layer].layer.created_ns)
			first_ns = r->layers.v[layer].layer.created_ns;
	}
	for (size_t i = 0; i < n; i++) {
		struct config_history *h = &history[i];
		int64_t made_ns = 0;

		if (!h->empty_layer && layer < r->layers.n)
			made_ns = r->layers.v[layer++].layer.created_ns;
		if (h->has_created) {
			base_ns = h->created_ns;
			continue;
		}
		if (made_ns)
			before_ns = made_ns;
		h->created_ns = before_ns  ? before_ns
				: first_ns ? first_ns
					   : base_ns;
		h->has_created = h->created_ns != 0;
	}
	return before_ns ? before_ns : base_ns;
}

/* diff_ids and the times that only building tells. */
static void complete_config(struct build *b, struct build_result *out)
{
	struct image_config *c = &out->config;
	const struct rootfs *r = &out->rootfs;
	struct digest *ids =
		arena_new_array(b->arena, r->layers.n, struct digest);
	struct config_history *history =
		arena_new_array(b->arena, c->n_history, struct config_history);

	for (size_t i = 0; i < r->layers.n; i++)
		ids[i] = r->layers.v[i].layer.diff_id;
	if (c->n_history)
		memcpy(history, c->history, c->n_history * sizeof(*history));
	c->created_ns = fill_history(r, history, c->n_history);
	if (b->plan->has_epoch)
		c->created_ns = b->plan->epoch_s * 1000000000;
	c->has_created = c->created_ns != 0 || b->plan->has_epoch;
	c->diff_ids = ids;
	c->n_diff_ids = r->layers.n;
	c->history = history;
}

static int finish(struct build *b, struct build_result *out, int result,
		  struct err *e)
{
	struct err ignored;

	if (b->context_open &&
	    context_close(&b->context, result < 0 ? &ignored : e) < 0)
		result = -1;
	save_statcaches(b);
	close_folders(b);
	drop_work(b);
	if (result == 0) {
		const struct plan_stage *target = b->plan->target;

		rootfs_copy(&out->rootfs, &b->stages[target->index]);
		out->config = target->config;
		out->ran = b->ran;
		complete_config(b, out);
	}
	if (b->ran) {
		/* one flush for all that was made, instead of one a file */
		(void)syncfs(b->store->fd);
		(void)store_sweep(b->store, &ignored);
	}
	free(b->logs);
	return result;
}

int build_run(const struct store *s, const struct plan *plan,
	      const struct build_options *opt, struct arena *a,
	      struct build_result *out, struct build_failure *why,
	      struct err *e)
{
	struct build b = {
		.store = s, .plan = plan, .opt = opt, .arena = a, .why = why};
	size_t n_stages = 0;
	int result = 0;

	*why = (struct build_failure){0};
	*out = (struct build_result){0};
	if (plan->n_stages)
		n_stages = plan->stages[plan->n_stages - 1]->index + 1;
	b.stages = xcalloc(n_stages, sizeof(*b.stages));
	for (size_t i = 0; i < n_stages; i++)
		rootfs_init(&b.stages[i]);
	for (size_t i = 0; result == 0 && i < plan->n_stages; i++)
		result = run_stage(&b, plan->stages[i], e);
	result = finish(&b, out, result, e);
	for (size_t i = 0; i < n_stages; i++)
		rootfs_release(&b.stages[i]);
	free(b.stages);
	return result;
}
