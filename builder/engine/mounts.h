/*
 * RUN --mount: what stands behind each mount of a step, made ready for the
 * executor.
 */
#ifndef BUILDER_ENGINE_MOUNTS_H
#define BUILDER_ENGINE_MOUNTS_H

#include "builder/engine/step.h"
#include "builder/sandbox/forward.h"

struct opened_cache {
	struct digest identity;
	int fd; /* holds the lock */
};

struct mounts {
	struct run_mount *v; /* in the arena given */
	size_t n;
	struct str_list env; /* "NAME=value" of secrets; never recorded */
	VEC(struct opened_cache) caches;
	VEC(struct forward *) forwards;
	bool has_secrets;
};

/*
 * --mount=type=secret and ssh: mounts_secret.c. 1 there is something to mount,
 * 0 there is not: it was not given and is not required, or
 * only the environment gets it; -1 error.
 */
int mount_secret_open(struct mounts *all, struct step_run_context *c,
		      const struct step_mount *m, struct arena *a,
		      struct run_mount *out, struct err *e);
int mount_ssh_open(struct mounts *all, struct step_run_context *c,
		   const struct step_mount *m, struct arena *a,
		   struct run_mount *out, struct err *e);

/* --mount=type=bind, the i-th of the step: mounts_bind.c. 1 or -1. */
int mount_bind_open(struct step_run_context *c, size_t i, struct run_mount *out,
		    struct err *e);
/*
 * --mount=type=cache, the i-th of the step: mounts_cache.c. Its folder's
 * descriptor, or -1. mount_caches_lock comes first.
 */
int mount_cache_open(struct mounts *all, struct step_run_context *c, size_t i,
		     struct err *e);
int mount_caches_lock(struct mounts *all, struct step_run_context *c,
		      struct arena *a, struct err *e);

/*
 * Open every mount's source. A bind mount shows what a COPY would bring,
 * and what is written to it is forgotten. Cache mounts are folders of the
 * store, locked for as long as they are open: shared ones against the others,
 * private and locked ones against all.
 */
int mounts_open(struct mounts *m, struct step_run_context *c, struct arena *a,
		struct err *e);
void mounts_close(struct mounts *m);

#endif
