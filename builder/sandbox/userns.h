/*
 * Which isolation tier this process has, and entering the user namespace of
 * the rootless one.
 */
#ifndef BUILDER_SANDBOX_USERNS_H
#define BUILDER_SANDBOX_USERNS_H

#include "base/err.h"

enum tier {
	TIER_ROOT,   /* CAP_SYS_ADMIN: namespaces, overlayfs */
	TIER_USERNS, /* ordinary user with subordinate ids */
	TIER_CHROOT, /* root in a stock container: chroot, plain folders */
};

const char *tier_name(enum tier tier); /* "root", "rootless", "chroot" */

/* The tier this process is to use; decided without side effects. */
enum tier tier_probe(void);

/*
 * TIER_USERNS: put this process into a new user namespace (and a mount
 * namespace of it) in which it is root, with the ranges of /etc/subuid and
 * /etc/subgid mapped by newuidmap and newgidmap. The process must have one
 * thread. The others: nothing. Once per process; later calls do nothing.
 * Each failure says what to do: newuidmap missing (package uidmap), no ranges
 * for the user, namespaces forbidden by which sysctl.
 */
int userns_enter(enum tier tier, struct err *e);

#endif
