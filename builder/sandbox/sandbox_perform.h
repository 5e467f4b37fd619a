/*
 * The child's side: perform a plan and execute the command.
 *
 * Everything here runs between clone and exec in a child that shares the
 * parent's memory (CLONE_VM | CLONE_VFORK: the calling thread waits, other
 * threads don't), so: system calls and string functions only, no allocation, no
 * stdio, no locks; and what is written to this struct is seen by the parent.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_PERFORM_H
#define BUILDER_SANDBOX_SANDBOX_PERFORM_H

#include "builder/sandbox/sandbox.h"

#include <limits.h>
#include <time.h>

enum { SANDBOX_CREATED_MAX = 64 };

/*
 * A mount point that had to be made in the merged view, to be taken away again
 * from the upper folder. The folder around it gets its times back.
 */
struct sandbox_created {
	char path[PATH_MAX]; /* relative to the root, without links */
	struct timespec folder_times[2];
};

/* The overlay for mount(2), by path; lowers with the topmost first. */
struct sandbox_layer_paths {
	const char **lowers;
	size_t n_lowers;
	const char *upper;
	const char *work;
	const char *merged; /* an empty folder to mount on */
};

struct sandbox_child {
	const struct sandbox_plan *plan;
	const int *source_fds; /* detached mounts, one for each plan source */
	int root_fd; /* the overlay's, detached; -1 with layer_paths */
	const struct sandbox_layer_paths *layer_paths;
	int stdout_fd;
	int stderr_fd;
	int terminal_fd; /* a socket that takes the new terminal's descriptor */
	int parent_fds[2]; /* the parent's ends of both, closed here at once */

	/* Results, for the parent. */
	struct err failure; /* without the text of failure.sys */
	int exit_code;	    /* 127: no such program; 126: can't be executed */
	struct sandbox_created *created; /* SANDBOX_CREATED_MAX of them */
	size_t n_created;

	/* The child's own. */
	int mask_fd; /* an empty read-only folder, once there is one */
};

/*
 * Perform every operation. Returns only on failure, with c->failure set.
 */
void sandbox_perform(struct sandbox_child *c);

/* _exit, but not known to never return: sanitizers unwind their stack then. */
void sandbox_exit(int code);

/*
 * For sandbox_perform: note a failure of the kind "<what> <object>" with errno;
 * -1. object may be NULL.
 */
int sandbox_fail(struct sandbox_child *c, const char *what, const char *object);

/*
 * sandbox_target.c. Open the mount point of op, O_PATH, following links within
 * the root only; where it is missing it is made as op->missing says, as a
 * folder or an empty file by op->mode. -1 with errno.
 */
int sandbox_open_target(struct sandbox_child *c, const struct sandbox_op *op);
/*
 * The folder op->target, made for uid and gid with all its missing parents.
 */
int sandbox_open_cwd(struct sandbox_child *c, const struct sandbox_op *op);

/* sandbox_root.c: the overlay becomes the root. 0 or sandbox_fail. */
int sandbox_enter_root(struct sandbox_child *c);

#endif
