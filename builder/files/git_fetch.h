/* Fetching from git repositories, through the program git. */
#ifndef BUILDER_FILES_GIT_FETCH_H
#define BUILDER_FILES_GIT_FETCH_H

#include "parser/git_url.h"

/*
 * Check git->ref of git->remote out into the empty folder at path, which fd has
 * open. *commit_s gets the commit's time, in seconds since the epoch.
 * ERR_CORRUPT where the commit is not git->checksum, ERR_UNSUPPORTED without
 * the program git.
 */
int git_fetch(const struct git_url *git, int fd, const char *path,
	      int64_t *commit_s, struct err *e);

#endif
