/*
 * Images of the store: found by name for a plan, and named after a build.
 */
#ifndef BUILDER_IMAGE_IMAGE_H
#define BUILDER_IMAGE_IMAGE_H

#include "builder/image/rootfs.h"
#include "builder/plan/plan.h"
#include "cache/store.h"

/* The seam plan_make asks, over a store. */
struct store_source {
	struct plan_source source;
	const struct store *store;
};
void store_source_init(struct store_source *s, const struct store *store);

/* 1 found, 0 no such name, -1 error. name is normalised. */
int image_find(const struct store *s, struct arena *a, struct str name,
	       const struct platform *platform, struct plan_image *out,
	       struct err *e);

/*
 * An image as a user names it: by name, NAME@DIGEST, digest or the beginning of
 * an id or digest (at least IMAGE_ID_MIN digits). 1, 0, -1; ERR_INVALID where
 * several images begin so. *name is how it is called, in a: normalised, or its
 * digest where it has no name.
 */
int image_lookup(const struct store *s, struct arena *a, struct str text,
		 struct index_entry *out, struct str *name, struct err *e);
enum { IMAGE_ID_MIN = 4 };
/* The error where there is none: how to get it. */
int image_missing(struct str name, struct err *e);
/* What image_find finds, for an entry of the store's index. */
int image_read(const struct store *s, struct arena *a, struct str name,
	       const struct index_entry *entry, const struct platform *platform,
	       struct plan_image *out, struct err *e);

/*
 * An image of a layout elsewhere, "PATH[:TAG][@DIGEST]"; the tag is "latest"
 * where the layout has more than one. Its blobs are brought into the store,
 * without a name. 1, 0, -1.
 */
int image_from_layout(const struct store *s, struct arena *a, struct str layout,
		      const struct platform *platform, struct plan_image *out,
		      struct err *e);

/* An image as a build made it or the store has it. */
struct image {
	const struct rootfs *rootfs;
	const struct image_config *config;
};

/*
 * Put the image's config and manifest into the store. Layers made here are
 * described uncompressed; their bytes are their snapshots.
 */
int image_put(const struct store *s, const struct image *image,
	      struct descriptor *manifest, struct digest *config_digest,
	      struct err *e);
/*
 * Whether all blobs of the image are in the store or can be fetched, as those
 * of layers that were built here can not. 1, 0, -1.
 */
int image_is_whole(const struct store *s, const struct plan_image *image,
		   struct err *e);
/*
 * Make the blobs that are missing, and the manifest that has them, as an export
 * with that compression would. *out is the manifest; names of the old one get
 * the new one, so that all that is said of the image from now on agrees.
 */
int image_make_whole(const struct store *s, const struct plan_image *image,
		     unsigned n_threads, struct descriptor *out, struct err *e);
/* List an image that has no name, unless it is listed with one. */
int image_list(const struct store *s, const struct descriptor *manifest,
	       const struct platform *platform, struct err *e);
/* Give it a name (normalised). */
int image_tag(const struct store *s, const struct descriptor *manifest,
	      const struct platform *platform, struct str name, struct err *e);

#endif
