/*
 * What a build has made, sent to the registries of its names.
 */
#ifndef CLI_BUILD_PUSH_H
#define CLI_BUILD_PUSH_H

#include "cache/store.h"
#include "cli/progress.h"
#include "registry/client.h"

/* names are normalised, and those of whole images of the store. */
int build_push(const struct store *s, struct arena *a, struct registry *r,
	       const struct str *names, size_t n_names, struct progress *p,
	       struct err *e);

#endif
