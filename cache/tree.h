/*
 * Walking a part of a view in canonical order, and the digest of what the walk
 * saw: the content that enters a COPY's key.
 */
#ifndef CACHE_TREE_H
#define CACHE_TREE_H

#include "base/digest.h"
#include "cache/statcache.h"
#include "cache/view.h"

/* The only extended attribute that BuildKit's layers keep. */
#define TREE_XATTR "security.capability"
enum { TREE_XATTR_MAX = 256 };

/* A file, as a walk sees it. Borrowed; valid during the call. */
struct tree_entry {
	struct str path; /* from the view's root; "" for the root */
	struct str rel;	 /* from where the walk began; "" there */
	size_t depth;	 /* components in path */
	size_t rel_depth;
	const char *name; /* in dirfd; "." for the view's root */
	int dirfd;
	const struct stat *st;
};

enum tree_verdict {
	TREE_IN,      /* part of the tree */
	TREE_OUT,     /* not part of it, nor what is below */
	TREE_DESCEND, /* a folder that is out, but what is below may be in */
};

/* Says which entries exist. Asked of parents before children, depth by depth.
 */
struct tree_filter {
	enum tree_verdict (*check)(struct tree_filter *f,
				   const struct tree_entry *entry);
};

struct tree_visitor {
	/* A folder comes before its content; enter and leave enclose that. */
	int (*entry)(struct tree_visitor *v, const struct tree_entry *entry,
		     struct err *e);
	/* After a folder's content; may be NULL. */
	int (*leave)(struct tree_visitor *v, const struct tree_entry *entry,
		     struct err *e);
};

struct tree {
	struct view view;
	struct tree_filter *const *filters;
	size_t n_filters;
};

/*
 * Visit what is at path (resolved, see view_resolve) and below, parents before
 * children, siblings bytewise. A folder that is out is visited where something
 * below it is in. 1 visited, 0 nothing is there, -1 error.
 */
int tree_walk(const struct tree *t, struct str path, struct tree_visitor *v,
	      struct err *e);

enum tree_owner {
	TREE_OWNER_IGNORED, /* the copy sets it */
	TREE_OWNER_COUNTS,
};

/* Is told of each entry with the digest of its content. */
struct tree_reader {
	int (*entry)(struct tree_reader *r, const struct tree_entry *entry,
		     const struct digest *content, struct err *e);
};

/*
 * A walk that knows contents: a file's bytes and TREE_XATTR, a link's target.
 * What is in cache, which may be NULL, is not read. 1, 0, -1 as tree_walk.
 */
int tree_read(const struct tree *t, struct str path, struct statcache *cache,
	      struct tree_reader *reader, struct err *e);

/*
 * Feed the walk at path to hash: for each entry its path from there, type,
 * mode, owner where it counts, device, and its content. No times. cache may be
 * NULL; seen, which may be too, is fed as tree_see does. 1, 0, -1 as tree_walk.
 */
int tree_hash(const struct tree *t, struct str path, enum tree_owner owner,
	      struct statcache *cache, struct sha256 *hash, struct sha256 *seen,
	      struct err *e);
/*
 * Feed what the files' stats say of their identity and age to seen: two walks
 * that fed the same saw the same files, unchanged. 1, 0, -1 as tree_walk.
 */
int tree_see(const struct tree *t, struct str path, struct sha256 *seen,
	     struct err *e);

#endif
