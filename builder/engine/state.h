/*
 * A build under way: what its steps share.
 *
 * Steps run on several threads. What is theirs in common is either not changed
 * while they run, or it is under the lock, which is held for as long as it
 * takes to open or to look up a thing, never while a step works.
 */
#ifndef BUILDER_ENGINE_STATE_H
#define BUILDER_ENGINE_STATE_H

#include "builder/engine/build.h"
#include "builder/engine/event_queue.h"
#include "builder/files/remote.h"
#include "cache/keeping.h"
#include "cache/record.h"
#include "cache/trace.h"

#include <pthread.h>

/* Digests of the files of a stage or image that is copied from. */
struct rootfs_cache {
	struct digest content_id;
	struct statcache *cache;
};

/* A folder of --build-context, opened when the first step needs it. */
struct opened_folder {
	struct str path;
	struct context context;
};

/*
 * A source of ADD, or a context, that was fetched once; source or url tells
 * which. Who finds it under way waits for b->changed.
 */
struct fetched {
	const struct step_source *source;
	struct str url;
	struct arena arena;
	struct remote remote;
	bool over;
	struct err error; /* code ERR_NONE where it is there */
};

/* A key that a step of this build has carried out, or is at. */
struct claim {
	struct digest key;
	size_t job; /* whose it is */
	bool made;
	struct layer layer;
};

/* Hands on what the store tells. */
struct build_listener {
	struct store_listener listener;
	struct build *build;
};

struct build {
	const struct store *store;
	const struct plan *plan;
	const struct build_options *opt;
	struct arena *arena; /* of the main thread */
	struct event_queue events;
	struct build_listener listener;
	struct unpacking unpacking;
	int stop_fd; /* readable when the steps under way are to end */
	/*
	 * By index in the Dockerfile. A stage belongs to its step that runs,
	 * and is not changed any more after the last one.
	 */
	struct rootfs *stages;
	bool entered; /* the user namespace, where the tier has one */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	unsigned n_making; /* jobs that are being carried out */
	bool terminal_taken;
	struct context context;
	bool context_open;
	char *work; /* tmp/… below the store: a folder of this build's own */
	int work_fd;
	bool executor_ready;
	bool ran;
	VEC(struct rootfs_cache) caches;
	VEC(struct fetched *) fetched;
	VEC(struct opened_folder *) folders;
	VEC(struct claim) claims;
	unsigned n_started;  /* steps, for their numbers */
	char *logs;	     /* logs/<build> below the store */
	struct trace before; /* the last build of the same; empty where none */
	bool before_read;
	struct build_failure *why; /* of the first failure */
	struct err error;
	bool failed;
};

/*
 * Before snapshots are read or made: rootless, the user namespace, which is for
 * a process of one thread to enter. Later calls do nothing.
 */
int build_enter(struct build *b, struct err *e);
/* A folder of this build's own below the store; its path is in b->work. Under
 * the lock. */
int build_work(struct build *b, struct err *e);
/*
 * For a step that wants the user's terminal: end the others, and wait until it
 * is the only one that runs. false where another one has it, or has
 * failed: this one ends as usual then.
 */
bool build_take_terminal(struct build *b);
/* The steps under way are to end. */
void build_stop(struct build *b);

#endif
