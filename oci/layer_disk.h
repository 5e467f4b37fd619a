/*
 * Entries of a layer, put on disk one by one, below one folder.
 *
 * Paths are relative, clean and without ".."; no link in them is followed.
 * A later entry of the same path replaces the earlier one. What folders are to
 * have (owner, mode, time) is kept until the end: writing into them changes
 * their times and may need more than their modes allow.
 */
#ifndef OCI_LAYER_DISK_H
#define OCI_LAYER_DISK_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/strmap.h"
#include "oci/layer.h"
#include "oci/tar.h"

#include <time.h>

struct layer_disk {
	const struct layer_apply_options *opt;
	int root;	   /* borrowed */
	int parent_fd;	   /* the folder that was written to last, -1: none */
	struct buf parent; /* its path */
	uid_t euid;
	gid_t egid;
	bool always_chown; /* new files don't get our group */
	struct arena arena;
	struct strmap folders; /* path to struct disk_attributes */
	bool warned_user;
	bool warned_other;
	bool warned_device;
};

/* What every kind of entry has beside its path. */
struct disk_attributes {
	mode_t mode; /* with the file type */
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	dev_t rdev;
	const struct tar_xattr *xattrs;
	size_t n_xattrs;
};

int layer_disk_begin(struct layer_disk *d, int root,
		     const struct layer_apply_options *opt, struct err *e);

/* A folder, or the attributes of one that is there. "" is the root. */
int layer_disk_folder(struct layer_disk *d, struct str path,
		      const struct disk_attributes *at, struct err *e);
/* Create a regular file: an fd to write its content to, or -1. */
int layer_disk_create(struct layer_disk *d, struct str path, struct err *e);
/* Give the file its attributes, after its content. */
int layer_disk_finish(struct layer_disk *d, int fd,
		      const struct disk_attributes *at, struct err *e);
int layer_disk_symlink(struct layer_disk *d, struct str path,
		       const char *target, const struct disk_attributes *at,
		       struct err *e);
/* A device or FIFO. A device that may not be made is left out with a warning.
 */
int layer_disk_node(struct layer_disk *d, struct str path,
		    const struct disk_attributes *at, struct err *e);
/* A further name of an earlier entry, or a copy of a lower layer's file. */
int layer_disk_link(struct layer_disk *d, struct str path, struct str target,
		    struct err *e);
int layer_disk_whiteout(struct layer_disk *d, struct str path, struct err *e);
int layer_disk_opaque(struct layer_disk *d, struct str folder, struct err *e);

/* Set what folders are to have. */
int layer_disk_end(struct layer_disk *d, struct err *e);
void layer_disk_release(struct layer_disk *d);

#endif
