/*
 * The parent's side before there is a child: everything that needs memory, or
 * that the kernel only allows in the mount namespace that owns the layers.
 * Nothing here is seen by other processes, since all mounts are detached.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_PREPARE_H
#define BUILDER_SANDBOX_SANDBOX_PREPARE_H

#include "builder/sandbox/sandbox_perform.h"

struct sandbox_prepared {
	int *source_fds; /* one for each plan source, -1 where not open */
	size_t n_sources;
	int root_fd; /* detached overlay, or -1 */
	struct sandbox_layer_paths paths;
	bool by_path;
};

/*
 * Make the draft's "work" folder, clone the sources and make the overlay, with
 * stubs_fd as its lowest layer. Strings live in a. Where the kernel
 * can't take them so, p->by_path is set and the child mounts it by path.
 * Spec: Documentation/filesystems/overlayfs.rst.
 */
int sandbox_prepare(struct sandbox_prepared *p, struct arena *a,
		    const struct sandbox_plan *plan, int stubs_fd,
		    struct err *e);
/* Closes what is open; the folders are the caller's. */
void sandbox_prepared_release(struct sandbox_prepared *p);
#define SCOPED_PREPARED SCOPED(sandbox_prepared_release)

/*
 * After the command: take the mount points away that the child had to make in
 * the merged view, and folders of the stubs that were copied up and are empty,
 * since the layers below have none. The folders around them get their times
 * back.
 */
void sandbox_clean_upper(const struct sandbox_plan *plan,
			 const struct sandbox_created *created,
			 size_t n_created);

#endif
