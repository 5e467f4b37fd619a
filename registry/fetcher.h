/*
 * Fetches blobs that a store knows the origin of, when they are opened.
 */
#ifndef REGISTRY_FETCHER_H
#define REGISTRY_FETCHER_H

#include "base/vec.h"
#include "oci/blobs.h"
#include "registry/client.h"

#include <pthread.h>

struct registry_fetcher {
	struct blob_fetcher fetcher;
	struct registry *registry;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	VEC(struct digest) under_way; /* another thread waits for these */
};
void registry_fetcher_init(struct registry_fetcher *f, struct registry *r);
void registry_fetcher_release(struct registry_fetcher *f);

#endif
