/*
 * A repository of a registry: manifests, blobs and tags.
 * Spec: distribution-spec 1.1, "Pull", "Push", "Content Discovery".
 */
#ifndef REGISTRY_REPOSITORY_H
#define REGISTRY_REPOSITORY_H

#include "oci/descriptor.h"
#include "oci/manifest.h"
#include "oci/transfer.h"
#include "registry/client.h"

enum repository_access {
	REPOSITORY_PULL, /* mirrors are asked first */
	REPOSITORY_PUSH, /* the registry alone */
};

struct repository {
	struct registry *registry;
	struct arena arena;
	struct str name; /* "docker.io/library/debian", for errors */
	struct endpoint *endpoints;
	size_t n_endpoints;
	size_t first; /* the endpoint that had the last manifest */
	bool unknown; /* the registry said that there is none of its name */
	struct str scope_suffix; /* ":pull" or ":pull,push" */
	struct str mount_from;	 /* of the same registry; empty: none */
};

int repository_open(struct repository *p, struct registry *r,
		    const struct reference *ref, enum repository_access access,
		    struct err *e);
void repository_release(struct repository *p);

/*
 * A manifest or index by tag or digest: its bytes, at most MANIFEST_MAX_BYTES,
 * checked against the digest where reference is one. *d gets media type (in a),
 * digest and size. 1, 0 where there is none, -1.
 */
int repository_manifest(struct repository *p, struct arena *a,
			struct str reference, struct buf *out,
			struct descriptor *d, struct err *e);
/* The digest that a tag has, where the registry says it. 1, 0, -1. */
int repository_digest(struct repository *p, struct str reference,
		      struct digest *out, struct err *e);

/*
 * The blob's bytes into out, whatever breaks off in between; out has got bytes
 * that are wrong where this fails. ERR_NOT_FOUND, ERR_CORRUPT for other bytes
 * than the descriptor's.
 */
int repository_blob(struct repository *p, const struct descriptor *d,
		    struct sink *out, struct err *e);
/* 1 it is there, 0 not, -1. */
int repository_has_blob(struct repository *p, const struct descriptor *d,
			struct err *e);

/* Send a blob. */
int repository_put_blob(struct repository *p, const struct descriptor *d,
			const struct blob_part *from, struct err *e);
/* 1 it is there now, from another repository of the registry; 0 not; -1. */
int repository_mount(struct repository *p, const struct descriptor *d,
		     struct str from, struct err *e);
int repository_put_manifest(struct repository *p, struct str reference,
			    struct str media_type, struct str bytes,
			    struct err *e);

/* All tags, in a, at most some hundred thousand. 1, 0 no such repository, -1 */
int repository_tags(struct repository *p, struct arena *a, struct str_list *out,
		    struct err *e);

#endif
