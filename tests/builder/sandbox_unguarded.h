/*
 * The sandbox without its guards: what sandbox_check.c and sandbox_leave.c
 * define is defined anew, so that the linker takes neither from the library.
 * Targets are then whatever a path leads to, and one fault more can be made.
 */
#ifndef TESTS_BUILDER_SANDBOX_UNGUARDED_H
#define TESTS_BUILDER_SANDBOX_UNGUARDED_H

enum fault {
	FAULT_NONE,	    /* only no rule about targets */
	FAULT_ROOT_STAYS,   /* the machine's root is left over the new one */
	FAULT_NO_ROOT,	    /* the root is never changed */
	FAULT_MOUNT,	    /* the machine's root is mounted at /mnt, too */
	FAULT_MOUNT_BELOW,  /* the same, below a mount of the step's */
	FAULT_DESCRIPTOR,   /* one of the machine's folders stays open */
	FAULT_FOLDER,	    /* the working directory is the machine's */
	FAULT_PROC_COVERED, /* what is read as /proc is not the step's */
};

extern enum fault fault;

#endif
