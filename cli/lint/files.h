/* Which files to lint: those named, and the Dockerfiles in folders. */
#ifndef CLI_LINT_FILES_H
#define CLI_LINT_FILES_H

#include "base/arena.h"
#include "cli/options.h"

struct lint_search {
	const string_list *excludes; /* patterns of fnmatch, on paths */
	bool no_gitignore;	     /* look where .gitignore says not to */
};

/*
 * Append to out every argument that is no folder and, for a folder, what is
 * called Dockerfile, Dockerfile.x, Dockerfile-x, Dockerfile_x, x.Dockerfile or
 * Containerfile likewise below it, in any case and sorted. Texts and templates
 * that are called so (Dockerfile.md, Dockerfile.j2), hidden folders, what
 * excludes match and what a .gitignore leaves out are not among them. An
 * argument with *, ? or [ that is no file is a pattern, with ** for any
 * folders: all files count that it matches.
 */
void lint_files_find(struct arena *a, const string_list *arguments,
		     const struct lint_search *search, string_list *out);

#endif
