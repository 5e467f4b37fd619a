/*
 * The guard: what ends all steps when imgbuild dies, however it dies.
 *
 * A death signal does not do: the kernel clears it when a process changes ids,
 * as su-exec or gosu do for the very command. So the steps' pid namespaces are
 * made within one whose first process only waits for the end of a pipe that
 * imgbuild holds; when that process exits, the kernel kills all inside.
 */
#ifndef BUILDER_SANDBOX_SANDBOX_GUARD_H
#define BUILDER_SANDBOX_SANDBOX_GUARD_H

#include "base/err.h"

#include <sys/types.h>

struct sandbox_guard {
	pid_t pid;   /* 0: not started */
	int pidfd;   /* of the guard */
	int pipe_fd; /* open as long as this process lives */
};

#define SANDBOX_GUARD_INIT ((struct sandbox_guard){0, -1, -1})

/* Start it; where it runs already, nothing. Callers hold a lock. */
int sandbox_guard_start(struct sandbox_guard *g, struct err *e);
/*
 * The processes that this thread clones from here on are born inside. For a
 * process of its own: there is no way back for ordinary users. 0, or -1 with
 * errno.
 */
int sandbox_guard_enter(const struct sandbox_guard *g);
void sandbox_guard_release(struct sandbox_guard *g);

#endif
