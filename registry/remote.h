/*
 * Repositories as sources and destinations of images (oci/transfer.h).
 */
#ifndef REGISTRY_REMOTE_H
#define REGISTRY_REMOTE_H

#include "oci/transfer.h"
#include "registry/repository.h"

struct remote_source {
	struct image_source source;
	struct repository *repository;
	struct buf root; /* what was resolved: asked for once */
	struct digest root_digest;
};
void remote_source_init(struct remote_source *s, struct repository *p);
void remote_source_release(struct remote_source *s);

/*
 * The manifest or index that a reference names: by its digest where it has one,
 * else by its tag. 1, 0 there is none, -1. The media type is in a.
 */
int remote_resolve(struct remote_source *s, struct arena *a,
		   const struct reference *ref, struct descriptor *out,
		   struct err *e);

/* The error where there is none: asks what there is instead. */
int remote_missing(struct repository *p, const struct reference *ref,
		   struct err *e);

/* Names of roots are references to this repository, by tag or digest. */
struct remote_dest {
	struct image_dest dest;
	struct repository *repository;
	int tmp_fd; /* of a folder: for blobs that are in no file; borrowed */
};
void remote_dest_init(struct remote_dest *d, struct repository *p, int tmp_fd);

#endif
