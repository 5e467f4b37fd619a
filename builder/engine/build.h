/*
 * Building: carry a plan out, step by step, through the cache.
 */
#ifndef BUILDER_ENGINE_BUILD_H
#define BUILDER_ENGINE_BUILD_H

#include "builder/event.h"
#include "builder/files/context.h"
#include "builder/image/rootfs.h"
#include "builder/plan/plan.h"
#include "builder/sandbox/cgroup.h"
#include "builder/sandbox/executor.h"
#include "builder/sandbox/userns.h"
#include "cache/store.h"

/* --secret: where a secret's value is. Values are read when a step asks. */
struct build_secret {
	const char *id;
	const char *path; /* a file, or */
	const char *env;  /* a variable of imgbuild's own environment */
};

/* --ssh: an agent's socket. */
struct build_ssh {
	const char *id; /* "default" */
	const char *socket;
};

struct build_options {
	const char *context_path;
	const char *dockerfile_name; /* in the context, for its .dockerignore */
	bool no_cache;
	unsigned n_jobs; /* steps at once; at least 1 */
	const struct build_secret *secrets;
	size_t n_secrets;
	const struct build_ssh *ssh;
	size_t n_ssh;
	/* For every RUN; in no key. */
	struct str extra_hosts;	 /* lines of /etc/hosts */
	uint64_t shm_size_bytes; /* 0: the executor's default */
	const struct run_limit *limits;
	size_t n_limits;
	struct cgroup_limits cgroup; /* of each RUN */
	enum tier tier;
	struct executor *executor;
	struct event_sink *events;
	/*
	 * What is built, in words that the next build of it uses too: the
	 * context and the Dockerfile. Its last run is kept under that, and
	 * compared with. Empty: neither.
	 */
	struct str identity;
	const struct str *names; /* of the image, for the trace */
	size_t n_names;
	bool explain;	     /* say why steps are not cached */
	bool shell_on_error; /* in a RUN that failed, on our stdin and stdout */
	int cancel_fd;	     /* readable when the build is to stop; -1: never */
};

/* What a build made: the target's layers and whole config. */
struct build_result {
	struct rootfs rootfs;
	struct image_config config; /* in the arena given */
	bool ran;		    /* something was not cached */
};

/* Where a step failed, for the message with the Dockerfile's lines. */
struct build_failure {
	const struct step *step; /* NULL: not in a step */
	char *log_path;		 /* heap; NULL where there is none */
	int exit_code;		 /* of the command; 0 where it did not run */
	struct buf tail;	 /* the end of the log */
	bool told;		 /* the events have it already */
};
void build_failure_release(struct build_failure *f);

/*
 * Carry out the plan. Everything built is recorded in the store, whether or not
 * a later step fails. ERR_FAILED where a command failed, ERR_CANCELLED; *why
 * says where.
 */
int build_run(const struct store *s, const struct plan *plan,
	      const struct build_options *opt, struct arena *a,
	      struct build_result *out, struct build_failure *why,
	      struct err *e);

#endif
