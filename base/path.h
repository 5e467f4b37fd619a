/*
 * Paths as strings (slash-separated, bytes, no syscalls) and paths that are
 * resolved beneath a folder.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/* Lexical cleaning as Go's path.Clean: "a//b/../c/" is "a/c", "" is ".". */
struct str path_clean(struct arena *a, struct str p);
/* path_clean of "base/p", or of p alone where it is absolute. */
struct str path_join(struct arena *a, struct str base, struct str p);
/*
 * p inside a root: cleaned as if it were absolute, then without the leading
 * slash, so ".." can't leave. "" is the root itself.
 */
struct str path_in_root(struct arena *a, struct str p);
struct str path_base(struct str p); /* after the last slash */
struct str path_dir(struct str p);  /* before the last slash, "" where none */

/*
 * Take the next component of *rest (skipping slashes). false at the end.
 */
bool path_next(struct str *rest, struct str *component);

/*
 * openat2 with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS: links and ".." stay
 * below root. Returns the fd (close-on-exec), or -1 with errno.
 */
int path_open_in_root(int root_fd, const char *path, int flags, unsigned mode);
/* openat2 that follows no link at all and does not leave dirfd; -1 with errno.
 */
int path_open_nofollow(int dirfd, const char *path, int flags, unsigned mode);

#endif
