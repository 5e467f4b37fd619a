/*
 * Credentials: where the user keeps them.
 *
 * In this order: $DOCKER_AUTH_CONFIG, which is a document itself; the file
 * $REGISTRY_AUTH_FILE, or without it $DOCKER_CONFIG/config.json (by default
 * ~/.docker/config.json), $XDG_RUNTIME_DIR/containers/auth.json and
 * ~/.config/containers/auth.json. The first that has something for a repository
 * counts. Helpers are the programs docker-credential-NAME.
 */
#ifndef REGISTRY_CREDENTIALS_H
#define REGISTRY_CREDENTIALS_H

#include "registry/auth_file.h"

/*
 * The credential for host/path, in a. 1 found, 0 none, -1 error: a file that
 * does not parse, a helper that is missing or fails.
 */
int credentials_find(struct arena *a, struct str host, struct str path,
		     struct credential *out, struct err *e);

/*
 * Keep the credential for a host: with the helper that is set for it, or in the
 * file (mode 0600, the rest of it as it was). *where_out, in a, says where.
 */
int credentials_store(struct arena *a, struct str host,
		      const struct credential *c, struct str *where_out,
		      struct err *e);
/* Forget it. 1 there was one, 0 there was none, -1. */
int credentials_erase(struct arena *a, struct str host, struct err *e);

#endif
