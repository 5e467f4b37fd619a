/*
 * What stands in for mounts where nothing can be mounted: things that are put
 * into a root folder for as long as a command runs, and taken out again.
 *
 * What had the name before is set aside and comes back; folders that had to be
 * made go; times of folders are as they were. Targets are resolved within the
 * root. Unlike mounts these can't be read-only, and a tmpfs has no size.
 */
#ifndef BUILDER_CHROOT_PLACES_H
#define BUILDER_CHROOT_PLACES_H

#include "base/err.h"
#include "base/str.h"
#include "base/vec.h"
#include "builder/sandbox/executor.h"

#include <sys/stat.h>

struct place;

struct places {
	int root_fd;  /* borrowed */
	int aside_fd; /* borrowed: a folder on the same file system, outside */
	VEC(struct place *) v;
};

/* A file of this content, mode 0644. */
int places_put_file(struct places *p, const char *target, const char *content,
		    struct err *e);
/* A new folder; its descriptor in *fd, which the caller closes. */
int places_put_folder(struct places *p, const char *target, mode_t mode,
		      int *fd, struct err *e);
/*
 * What a mount shows: moved into the root where it may be, a socket linked,
 * else copied. ERR_INVALID for a target that is the root or leads out.
 */
int places_put_mount(struct places *p, const struct run_mount *m,
		     struct err *e);

/*
 * Take all out again, the last first. ERR_FAILED where the command moved
 * something away: the root can't be used any more then. Everything is tried
 * whatever fails.
 */
int places_clear(struct places *p, struct err *e);

#endif
