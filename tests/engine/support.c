#include "tests/engine/support.h"

#include "builder/engine/origin.h"
#include "cache/snapshot.h"

static void put_stage(struct bench *b, size_t i)
{
	SCOPED_PTR char *text = xasprintf("sub/x=%zu tool=%zu", i, i);
	const struct view nothing = {0};
	struct snapshot_draft draft;
	struct layer layer;
	struct err e;

	assert_ok(snapshot_begin(&draft, &b->store.store, &e));
	put_tree(draft.upper_fd, text);
	assert_ok(snapshot_commit(&draft, &nothing, 0, &layer, &e));
	b->stages[i] = (struct plan_stage){.index = i};
	rootfs_init(&b->build.stages[i]);
	rootfs_add(&b->build.stages[i], &layer, NULL);
}

void bench_make(struct bench *b, const char *context)
{
	memset(b, 0, sizeof(*b));
	temp_store_make(&b->store);
	temp_dir_make(&b->context);
	temp_dir_make(&b->other_context);
	put_tree(b->context.fd, context);
	put_tree(b->other_context.fd, context);
	b->opt = (struct build_options){
		.context_path = b->context.path, .n_jobs = 1, .cancel_fd = -1};
	b->build = (struct build){
		.store = &b->store.store,
		.opt = &b->opt,
		.stages = xcalloc(BENCH_STAGES, sizeof(struct rootfs)),
		.unpacking = UNPACKING_INIT,
		.entered = true,
		.stop_fd = -1,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.changed = PTHREAD_COND_INITIALIZER,
	};
	for (size_t i = 0; i < BENCH_STAGES; i++)
		put_stage(b, i);
}

void bench_remove(struct bench *b)
{
	struct err ignored;

	(void)origins_release(&b->build, &ignored);
	for (size_t i = 0; i < BENCH_STAGES; i++)
		rootfs_release(&b->build.stages[i]);
	free(b->build.stages);
	unpacking_release(&b->build.unpacking);
	temp_dir_remove(&b->context);
	temp_dir_remove(&b->other_context);
	temp_store_remove(&b->store);
}
