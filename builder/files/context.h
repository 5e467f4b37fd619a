/*
 * Where COPY and ADD read: the build context with its .dockerignore, or the
 * root file system of a stage or image, as one kind of tree.
 */
#ifndef BUILDER_FILES_CONTEXT_H
#define BUILDER_FILES_CONTEXT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "cache/statcache.h"
#include "cache/store.h"
#include "cache/tree.h"
#include "parser/ignore.h"

#include <sys/stat.h>

/* A filter by ignore patterns: .dockerignore, COPY --exclude. */
struct ignore_filter {
	struct tree_filter filter;
	const struct ignore *ignore;
	bool from_start; /* patterns are relative to where the walk begins */
	struct arena arena;
	VEC(struct ignore_state) states; /* by depth */
};

void ignore_filter_init(struct ignore_filter *f, const struct ignore *ignore,
			bool from_start);
void ignore_filter_release(struct ignore_filter *f);

/* A tree to copy from. */
struct source_tree {
	struct view view;
	struct tree_filter *filter; /* NULL where everything exists */
	/*
	 * IGNORED is a build context: what comes from there belongs to root,
	 * has no capabilities, and a socket becomes an empty file, as
	 * BuildKit's transfer of contexts makes them.
	 */
	enum tree_owner owner;
	struct statcache *cache; /* of content digests; borrowed, may be NULL */
};

/* What a context leaves out: what is ignored, and a store that lies in it. */
struct context_filter {
	struct tree_filter filter;
	struct ignore_filter ignore; /* .ignore is NULL where nothing is */
	bool holds_store;
	struct stat store; /* which folder that is */
};

/* The build context: a folder. */
struct context {
	struct source_tree tree;
	int fd; /* owned */
	struct context_filter filter;
	struct arena arena;
};

/*
 * Open the folder at path with dockerignore: dockerfile_name.dockerignore in
 * it where there is one, else .dockerignore. dockerfile_name may be NULL. Stat
 * caches live in s, which is no part of the context wherever it lies.
 * ERR_INVALID where the folder is s itself.
 */
int context_open(struct context *c, const char *path,
		 const char *dockerfile_name, const struct store *s,
		 struct err *e);
/*
 * Its tree for one more user, whose filter has a state of its own: release that
 * with context_filter_release.
 */
void context_share(const struct context *c, struct source_tree *out,
		   struct context_filter *filter);
void context_filter_release(struct context_filter *f);
/* Save what was learnt, then release. */
int context_close(struct context *c, struct err *e);

/* One thing that a COPY source names. */
struct selected {
	struct str path; /* in the tree, links resolved */
	struct str name; /* the base name as the source gave it */
};

struct selection {
	VEC(struct selected) v;
};

/*
 * What source (a path or a pattern) names in the tree, in order, in a. A
 * pattern may name nothing; a plain name that is missing is ERR_NOT_FOUND.
 * ".." and a leading slash stay within the tree.
 */
int source_select(const struct source_tree *t, struct arena *a,
		  struct str source, struct selection *out, struct err *e);

#endif
