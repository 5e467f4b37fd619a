/*
 * A view: layer folders seen as one tree, without mounting anything.
 *
 * Follows overlayfs: a higher layer hides a lower one, character device 0/0
 * is a whiteout, user.overlay.opaque=y hides what is below a folder. A build
 * context is a view of one plain folder, in which those mean nothing.
 */
#ifndef CACHE_VIEW_H
#define CACHE_VIEW_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <sys/stat.h>

struct view {
	const int *layer_fds; /* lowest first; borrowed */
	size_t n_layers;
	bool plain;
};

/* One folder of a view: the folders that are merged in it, highest first. */
struct view_dir {
	int *fds; /* owned */
	size_t n;
	bool plain;
};

struct view_entry {
	struct stat st; /* of the entry itself, links not followed */
	int dirfd;    /* the folder that holds it; borrowed from the view_dir */
	size_t index; /* of dirfd in the view_dir */
};

bool view_is_whiteout(const struct stat *st);

int view_open_root(const struct view *v, struct view_dir *out, struct err *e);
void view_dir_release(struct view_dir *d);
#define SCOPED_VIEW_DIR SCOPED(view_dir_release)
/* 1 found, 0 absent, -1 error. */
int view_dir_find(const struct view_dir *d, const char *name,
		  struct view_entry *out, struct err *e);
/* Open the folder that view_dir_find found. */
int view_dir_enter(const struct view_dir *d, const char *name,
		   const struct view_entry *entry, struct view_dir *out,
		   struct err *e);
/* The names in a folder, bytewise sorted, in a. */
int view_dir_list(const struct view_dir *d, struct arena *a, struct str **out,
		  size_t *out_n, struct err *e);

enum view_follow {
	VIEW_FOLLOW,	  /* every link, within the root */
	VIEW_FOLLOW_DIRS, /* all but the last component */
};

struct view_path {
	struct str path; /* no links, no leading slash; "" is the root; in a */
	bool exists;
	struct stat st; /* where it exists */
};

/*
 * Resolve path as a process rooted in the view would. What does not exist is
 * resolved lexically from where it stops existing. ERR_INVALID for a loop of
 * links.
 */
int view_resolve(const struct view *v, struct arena *a, struct str path,
		 enum view_follow follow, struct view_path *out, struct err *e);
/* Open the folder at a resolved path. 1 opened, 0 no such folder, -1 error. */
int view_open_dir(const struct view *v, struct str path, struct view_dir *out,
		  struct err *e);
/*
 * Append a regular file's content, links followed within the root. 1 read,
 * 0 there is no such regular file, -1 error (ERR_LIMIT past out's ceiling).
 */
int view_read_file(const struct view *v, struct str path, struct buf *out,
		   struct err *e);

#endif
