/*
 * The first name of each inode that has several: what makes hard links.
 */
#ifndef OCI_INODE_NAMES_H
#define OCI_INODE_NAMES_H

#include "base/arena.h"

#include <stdbool.h>
#include <sys/stat.h>

struct inode_name;

struct inode_names {
	struct arena arena;
	struct inode_name **slots; /* open addressing, at most half full */
	size_t n;
	size_t n_slots;
};

/* true: *first is the inode's earlier name. false: path is remembered. */
bool inode_names_find(struct inode_names *t, const struct stat *st,
		      struct str path, struct str *first);
void inode_names_release(struct inode_names *t);

#endif
