/*
 * A build under way for tests of the engine's parts: a store, a context, and
 * two stages that have files, without a Dockerfile.
 */
#ifndef TESTS_ENGINE_SUPPORT_H
#define TESTS_ENGINE_SUPPORT_H

#include "tests/cache/support.h"

#include "builder/engine/state.h"

enum { BENCH_STAGES = 2 };

struct bench {
	struct temp_store store;
	struct temp_dir context;
	struct temp_dir other_context;
	struct plan_stage stages[BENCH_STAGES];
	struct build_options opt;
	struct build build;
};
/* context as put_tree takes it. The stages hold "tool=<index> sub/x=<index>".
 */
void bench_make(struct bench *b, const char *context);
void bench_remove(struct bench *b);
#define SCOPED_BENCH SCOPED(bench_remove) struct bench

#endif
