/*
 * The root file system that COPY, ADD and WORKDIR write into: the layers of
 * the stage so far, seen together with the draft that gets the changes.
 *
 * Nothing is mounted. A folder of the layers is copied up into the draft when
 * something is written below it, as overlayfs would.
 */
#ifndef BUILDER_FILES_TARGET_H
#define BUILDER_FILES_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "cache/view.h"

#include <stdint.h>

struct target_owner {
	uint32_t uid;
	uint32_t gid;
};

struct target {
	struct view merged; /* the layers and, on top, the draft */
	int *layer_fds;	    /* owned array of borrowed fds, for merged */
	struct view lower;  /* the layers alone */
	int upper_fd;	    /* borrowed */
	uint32_t
		folder_mode; /* of created folders: 0755 unless --chmod=octal */
	/* What is of another type than what comes is replaced, as a command may
	 * do it; COPY may not. */
	bool replaces;
	bool has_epoch; /* created folders get this time */
	int64_t epoch_s;
};

void target_init(struct target *t, const struct view *lower, int upper_fd);
void target_release(struct target *t);

/* A folder of the target, to write in. */
struct target_dir {
	int fd; /* in the draft; owned */
	/* The same folder in the layers; n is 0 where they don't have it. */
	struct view_dir lower;
	bool replaces; /* the target's */
};

void target_dir_release(struct target_dir *d);

/*
 * Open the folder at a resolved path in the draft, creating what is missing as
 * owner with t->folder_mode (existing ones keep mode and owner). ERR_INVALID
 * where a component is no folder.
 */
int target_open(const struct target *t, struct str path,
		const struct target_owner *owner, struct target_dir *out,
		struct err *e);

/*
 * Open (copying it up) or create the folder name in d. *created tells which.
 * ERR_INVALID where something else has the name.
 */
int target_dir_child(const struct target *t, const struct target_dir *d,
		     const char *name, struct target_dir *out, bool *created,
		     struct err *e);

/* What is at name: 1 (with *st), 0 nothing, -1 error. */
int target_dir_stat(const struct target_dir *d, const char *name,
		    struct stat *st, struct err *e);

/*
 * Make room for a new file at name: what is no folder there goes. ERR_INVALID
 * for a folder.
 */
int target_dir_clear(const struct target_dir *d, const char *name,
		     struct err *e);

/*
 * Take whatever is at name away, a whole folder too, and leave it free for
 * something else: archives may replace a folder by a file.
 */
int target_dir_remove(const struct target_dir *d, const char *name,
		      struct err *e);

/*
 * Make a device or FIFO; the mode holds its kind. ERR_UNSUPPORTED for the one
 * device that means a deletion in overlays, which nobody can make there.
 */
int target_dir_mknod(const struct target_dir *d, const char *name, mode_t mode,
		     dev_t rdev, struct err *e);

#endif
