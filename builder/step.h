/*
 * Steps: what each kind puts into its key, and how it is carried out.
 * One file a kind: step_run.c, step_copy.c, step_workdir.c.
 */
#ifndef BUILDER_STEP_H
#define BUILDER_STEP_H

#include "builder/build.h"
#include "builder/remote.h"
#include "cache/key.h"
#include "cache/snapshot.h"

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

/* A source of ADD, or a context, that was fetched; source or url tells which.
 */
struct fetched {
	const struct step_source *source;
	struct str url;
	struct remote remote;
};

/* A build under way. */
struct build {
	const struct store *store;
	const struct plan *plan;
	const struct build_options *opt;
	struct arena *arena;
	struct context context;
	bool context_open;
	bool entered; /* the user namespace, where the tier has one */
	char *work; /* tmp/… below the store: a folder of this build's own */
	int work_fd;
	bool executor_ready;
	bool ran;
	struct rootfs *stages; /* by index in the Dockerfile */
	VEC(struct rootfs_cache) caches;
	VEC(struct fetched *) fetched;
	VEC(struct opened_folder *) folders;
	unsigned n_started; /* steps, for their numbers */
	struct build_failure *why;
	char *logs; /* logs/<build> below the store */
};

/* The context, opened when the first step needs it. */
int build_context(struct build *b, struct context **out, struct err *e);
/* Before snapshots are read or made: rootless, the user namespace. */
int build_enter(struct build *b, struct err *e);
/* What a COPY or mount reads: *tree borrows from b. */
int build_origin(struct build *b, const struct origin *origin,
		 struct rootfs *scratch, struct source_tree *tree,
		 struct err *e);

/* The folder of this build's own below the store: its path is in b->work. */
int build_work(struct build *b, struct err *e);
/* A remote source, fetched once. */
int build_remote(struct build *b, const struct step_copy *copy,
		 const struct step_source *source, const struct remote **out,
		 struct err *e);

/* A step that is about to run: its number, its log, its draft. */
struct step_run_context {
	struct build *build;
	const struct step *step;
	unsigned number;
	struct view root; /* of the stage so far */
	struct snapshot_draft *draft;
	int log_fd;
	/* What the key saw of a COPY's sources, and whether it was still so. */
	struct digest seen;
	bool changed;
};

/* Complete k, whose domain and parent are there. */
int step_run_key(struct build *b, const struct step *step, struct key *k,
		 struct err *e);
int step_copy_key(struct build *b, const struct step *step, struct key *k,
		  struct digest *seen, struct err *e);
int step_workdir_key(struct build *b, const struct step *step, struct key *k,
		     struct err *e);

/* Carry it out into the draft. */
int step_run_execute(struct step_run_context *c, struct err *e);
int step_copy_execute(struct step_run_context *c, struct err *e);
int step_workdir_execute(struct step_run_context *c, struct err *e);

#endif
