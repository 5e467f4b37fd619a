/*
 * A socket of our own whose connections are carried on to another socket: what
 * --mount=type=ssh puts into a sandbox, since the agent's own has its own mode
 * and owner.
 */
#ifndef BUILDER_SANDBOX_FORWARD_H
#define BUILDER_SANDBOX_FORWARD_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct forward; /* one thread, until it is stopped */

struct forward_options {
	const char *to; /* path of the socket that answers */
	uint32_t uid;
	uint32_t gid;
	mode_t mode;
};

/*
 * Listen at name in the folder dirfd. Connections that can't be carried on are
 * closed.
 */
int forward_start(struct forward **out, int dirfd, const char *name,
		  const struct forward_options *opt, struct err *e);
/* Close all connections, end the thread. NULL: nothing. */
void forward_stop(struct forward *f);

#endif
