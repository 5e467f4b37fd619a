/*
 * COPY's work: put selected files and folders into a target.
 * BuildKit: solver/llbsolver/file/backend.go, fsutil copy/copy.go.
 */
#ifndef BUILDER_FILES_COPY_H
#define BUILDER_FILES_COPY_H

#include "builder/files/context.h"
#include "builder/files/target.h"
#include "parser/values.h"

struct copy_options {
	bool has_owner;	  /* else the source's */
	bool owner_given; /* by --chown: archives take it too */
	struct target_owner owner;
	/*
	 * All as it is: for laying a root out. BuildKit's COPY makes a
	 * character device of a block device, and a file of a socket.
	 */
	bool exact;
	bool break_links; /* a file of several names becomes several files */
	const struct mode_change *chmod; /* NULL: the source's modes */
	struct tree_filter *filters[2];	 /* --exclude, --parents */
	size_t n_filters;
};

/*
 * Copy one selected thing to dest (absolute; a trailing slash means folder):
 * a folder's content into dest, a file to dest or into the folder dest.
 */
int copy_selected(const struct source_tree *from, const struct selected *what,
		  const struct target *to, struct str dest,
		  const struct copy_options *opt, struct err *e);

/* The same for a heredoc's content, mode 0644. */
int copy_inline(struct str name, struct str content, const struct target *to,
		struct str dest, const struct copy_options *opt, struct err *e);

/*
 * What both begin with, and ADD's unpacking: resolve dest in the target, create
 * its folder (dest itself where it ends in a slash), say what it is now.
 */
int copy_resolve_dest(const struct target *to, struct arena *a, struct str dest,
		      const struct copy_options *opt, struct view_path *out,
		      struct err *e);

#endif
