/*
 * What the sandbox's integration tests share: a store-like folder, a busybox
 * root, one executor, and runs in drafts of their own.
 *
 * Include after <cmocka.h>'s own headers.
 */
#ifndef TESTS_BUILDER_SANDBOX_WORLD_H
#define TESTS_BUILDER_SANDBOX_WORLD_H

#include "base/buf.h"
#include "base/mem.h"
#include "builder/sandbox/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 1 << 20, LAYERS_MAX = 200 };

struct sandbox_world {
	enum tier tier;
	char skip[ERR_MSG_MAX]; /* why nothing can run, or "" */
	char path[64];
	int fd; /* of path */
	struct sandbox_executor executor;
	unsigned n_drafts;
};

extern struct sandbox_world world;

/* Group fixtures. */
int world_set_up(void **state);
int world_tear_down(void **state);

/* One run: its layers, draft, spec and output. */
struct run {
	int layer_fds[LAYERS_MAX];
	size_t n_layers;
	int draft_fd;
	int upper_fd;
	struct run_spec spec;
	const char *argv[5];
	struct run_result result;
	struct buf out;
	struct buf err;
	struct err e;
};

/* A run of `sh -c` with a busybox root; skips the test where nothing can run.
 */
void run_init(struct run *r);
void run_release(struct run *r);

#define RUN2(r)                                                              \
	struct run r SCOPED(run_release) = {.draft_fd = -1, .upper_fd = -1}; \
	run_init(&r)

#define RUN(r)       \
	(void)state; \
	RUN2(r)

/* Fails the test with e's message where result is negative; else result. */
int must(int result, const struct err *e);
/* Add an empty layer on top; its fd. */
int add_layer(struct run *r);
/* script may be NULL, where argv is set already. */
int try_run(struct run *r, const char *script);
/* Run to exit code 0. */
void run(struct run *r, const char *script);
void expect_out(const struct run *r, const char *want);
void expect_in_out(const struct run *r, const char *part);
bool in_upper(const struct run *r, const char *path);
/* The names at the top of the upper folder, sorted, each with a blank after. */
void expect_upper(const struct run *r, const char *want);
int count_entries(const char *path);

#endif
