/*
 * Fetches blobs that a store knows the origin of, when they are opened.
 */
#ifndef REGISTRY_FETCHER_H
#define REGISTRY_FETCHER_H

#include "oci/blobs.h"
#include "registry/client.h"

struct registry_fetcher {
	struct blob_fetcher fetcher;
	struct registry *registry;
};
void registry_fetcher_init(struct registry_fetcher *f, struct registry *r);

#endif
