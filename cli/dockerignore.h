/* The .dockerignore that goes with a Dockerfile. */
#ifndef CLI_DOCKERIGNORE_H
#define CLI_DOCKERIGNORE_H

#include "base/arena.h"
#include "parser/ignore.h"

/*
 * What PATH.dockerignore says or, without one, .dockerignore in folder; NULL
 * where there is neither. path may be NULL, and where folder is it is path's.
 */
const struct ignore *dockerignore_read(struct arena *a, const char *path,
				       const char *folder);

#endif
