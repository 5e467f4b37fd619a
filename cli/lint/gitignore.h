/*
 * .gitignore files, as far as a search for files goes: which paths they leave
 * out. Reference: gitignore(5).
 */
#ifndef CLI_LINT_GITIGNORE_H
#define CLI_LINT_GITIGNORE_H

#include "base/arena.h"

#include <stdbool.h>

/* The .gitignore of one folder, on top of those of the folders above it. */
struct gitignore;

/*
 * folder is absolute; up may be NULL. Gives up itself where the folder has no
 * .gitignore that can be read. Lives in a.
 */
const struct gitignore *gitignore_read(struct arena *a, const char *folder,
				       const struct gitignore *up);
/* The same for all folders from that of the repository down to folder. */
const struct gitignore *gitignore_read_all(struct arena *a, const char *folder);

/* path is absolute; what lies in a folder that is left out is not asked for. */
bool gitignore_excludes(const struct gitignore *g, const char *path,
			bool is_folder);

/*
 * Whether pattern, its segments globs or "**" for any number of segments, is
 * the whole of path.
 */
bool glob_matches(const char *pattern, const char *path);

#endif
