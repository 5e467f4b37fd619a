/*
 * The executor for root in a stock container: no namespace can be made and
 * nothing mounted there, but chroot(2) is allowed.
 *
 * A command runs in a folder that its layers were laid out in (root_folder.h),
 * with stand-ins for its mounts (places.h), docker's capabilities without
 * CAP_SYS_CHROOT, and a guard that outlives it and ends all that it started.
 * There is no /proc and no /sys, the network and host name are the container's,
 * and nothing keeps the command from what the container's root may do apart
 * from its files: the container is the wall. What can't be had is an error
 * (--network=none, --security=insecure, a terminal).
 */
#ifndef BUILDER_CHROOT_CHROOT_H
#define BUILDER_CHROOT_CHROOT_H

#include "builder/chroot/root_folder.h"
#include "builder/sandbox/executor.h"

#include <pthread.h>

struct chroot_executor {
	struct executor executor; /* first: callers hand out its address */
	pthread_mutex_t lock;	  /* of all below */
	int folder_fd;		  /* borrowed; -1: none yet */
	/* Roots that no command is in; a later one may go on in them. */
	VEC(struct root_folder) idle;
};

/*
 * use_folder must be called before the first run, which may come from several
 * threads at once.
 */
void chroot_executor_init(struct chroot_executor *x);
void chroot_executor_release(struct chroot_executor *x);

#endif
