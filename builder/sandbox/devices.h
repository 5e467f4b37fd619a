/*
 * The devices that a step may open: docker's list, held by a control group.
 *
 * A node is only a number; whoever may make one may make any, and so it is the
 * opening that must be limited. With version 1 the devices controller does it,
 * with version 2 a BPF program that is attached to the group. One group serves
 * all steps of a build, since making one is dear and entering one is not:
 * version 1 is entered by one thread alone, and version 2's group is a threaded
 * one for the same reason (to move a process the kernel waits for all CPUs).
 * Spec: Documentation/admin-guide/cgroup-v1/devices.rst, cgroup-v2.rst
 * "Threads" and "Device controller".
 */
#ifndef BUILDER_SANDBOX_DEVICES_H
#define BUILDER_SANDBOX_DEVICES_H

#include <stdbool.h>

struct devices_group {
	char *path;   /* NULL: none */
	int lock_fd;  /* locked as long as we live: see devices_group_make */
	int enter_fd; /* a thread that writes "0" there is in */
};

#define DEVICES_GROUP_INIT ((struct devices_group){0, -1, -1})

/*
 * Make a group below our own; and remove those whose makers were killed, which
 * shows by a lock that nobody holds. False where there can be none here: no
 * right to it, no such file system, a kernel without BPF.
 */
bool devices_group_make(struct devices_group *g);
/* When nothing runs in it any more. */
void devices_group_release(struct devices_group *g);

/* Limit a group of version 2 that is there already. */
bool devices_limit_group(const char *path);

#endif
