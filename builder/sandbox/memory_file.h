/*
 * A file in memory that can be mounted in a sandbox, and that no other process
 * of the machine has a name for: it lies on a tmpfs of its own, which goes with
 * the last one that has it open or mounted, however that ends.
 */
#ifndef BUILDER_SANDBOX_MEMORY_FILE_H
#define BUILDER_SANDBOX_MEMORY_FILE_H

/* The ways to have one; tests take each. */
enum memory_file_way {
	MEMORY_FILE_DETACHED, /* the tmpfs is mounted nowhere: Linux 6.15 */
	MEMORY_FILE_ALONE, /* it is in a mount namespace of a thread that ends
			    */
	MEMORY_FILE_WAYS
};

/*
 * *file is open for writing, empty, with mode 0400; *mount is a mount of it
 * alone that is attached nowhere. Both are the caller's. -1 with errno.
 */
int memory_file_make_so(enum memory_file_way way, int *file, int *mount);
/* The same in the first way that this machine knows. */
int memory_file_make(int *file, int *mount);

#endif
