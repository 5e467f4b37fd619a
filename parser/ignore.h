/*
 * .dockerignore: which paths of a build context exist for the build.
 * Rules: moby/patternmatcher (ignorefile, patternmatcher); not gitignore's.
 */
#ifndef PARSER_IGNORE_H
#define PARSER_IGNORE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct ignore; /* lives in the arena that it was parsed into */

/* text is the whole file. 0, or -1 with ERR_INVALID naming line and pattern. */
int ignore_parse(struct arena *a, struct str text, const struct ignore **out,
		 struct err *e);

/*
 * The same from patterns, as COPY --exclude gives them: no comments, and a
 * leading slash stays. Fails with ERR_INVALID.
 */
int ignore_from_patterns(struct arena *a, const struct str *patterns, size_t n,
			 const struct ignore **out, struct err *e);

/*
 * What the patterns say of a directory's children, carried down a walk so that
 * each path component is matched once.
 */
struct ignore_state {
	bool excluded;	    /* the verdict for the path itself */
	bool may_reinclude; /* directory: a `!` pattern may match below it */
	const void *parent_matches; /* internal; in the arena given to
				       ignore_step */
};

/* The state of the context's root. */
struct ignore_state ignore_root(const struct ignore *ig);

/*
 * The verdict for path (slash-separated, relative, clean), a child of a
 * directory whose state is *parent. A directory with excluded &&
 * !may_reinclude need not be read at all.
 */
struct ignore_state ignore_step(const struct ignore *ig, struct arena *a,
				const struct ignore_state *parent,
				struct str path);

/* The verdict for one path, its parents looked at first. */
bool ignore_excludes(const struct ignore *ig, struct arena *a, struct str path);

/* ig holds no pattern: everything exists. */
bool ignore_is_empty(const struct ignore *ig);
/* A pattern brings back what others leave out. */
bool ignore_has_exceptions(const struct ignore *ig);

#endif
