/*
 * Users as a Dockerfile names them, looked up inside a root file system:
 * its passwd and group, never the host's, bounded in size.
 */
#ifndef BUILDER_FILES_USER_H
#define BUILDER_FILES_USER_H

#include "base/arena.h"
#include "base/err.h"
#include "cache/view.h"

#include <stdint.h>

struct user_ids {
	uint32_t uid;
	uint32_t gid;
	const uint32_t *groups; /* supplementary, gid first; in the arena */
	size_t n_groups;
	struct str home; /* of the first entry with that uid, or "/"; in the
			    arena */
};

/* A passwd or group file past this is ERR_LIMIT. */
enum { USER_FILE_MAX_BYTES = 4 << 20 };

/*
 * What a process of "user[:group]" runs as. Empty is root. A number needs no
 * entry; with one, the group and supplementary groups are taken from it; an
 * explicit group drops the supplementary ones; two numbers are taken as they
 * are. ERR_NOT_FOUND for a name that is not there, ERR_INVALID for an id that
 * is out of range. BuildKit: executor/oci/user.go; moby/sys/user.
 */
int user_for_process(const struct view *root, struct arena *a, struct str spec,
		     struct user_ids *out, struct err *e);

/*
 * The owner that --chown=user[:group] or WORKDIR under USER gives. A number
 * alone is the group's number too; a name brings its group; a name that is not
 * there is 0. BuildKit: solver/llbsolver/file/user_linux.go.
 */
int user_for_owner(const struct view *root, struct str spec, uint32_t *uid,
		   uint32_t *gid, struct err *e);

#endif
