/*
 * Export: an image as a file or folder that others read.
 */
#ifndef BUILDER_IMAGE_EXPORT_H
#define BUILDER_IMAGE_EXPORT_H

#include "builder/image/image.h"
#include "oci/compress.h"

#include <stdint.h>

enum export_kind {
	EXPORT_OCI,    /* an OCI image layout as a tar */
	EXPORT_DOCKER, /* what `docker load` takes */
	EXPORT_TAR,    /* the root file system as a tar */
	EXPORT_LOCAL,  /* the root file system as a folder */
	EXPORT_IMAGE,  /* an image of the store: export_to_store */
};

struct export_spec {
	enum export_kind kind;
	const char *dest;      /* "-" is stdout */
	struct str_list names; /* EXPORT_IMAGE: normalised; beside -t's */
	bool push;	       /* EXPORT_IMAGE */
	struct compression_spec compression;
	bool anew; /* something was said of how layers are to be written */
	/* Timestamps in layers made here are clamped to the image's. */
	bool rewrite_timestamp;
	int64_t epoch_s; /* for that */
	unsigned n_threads;
};

struct export_result {
	struct descriptor manifest; /* OCI and docker only */
	struct digest config_digest;
};

/*
 * Write the image to spec->dest; a file appears there whole or not at all.
 * names are normalised.
 */
int export_image(const struct store *s, const struct image *image,
		 const struct str *names, size_t n_names,
		 const struct export_spec *spec, struct export_result *out,
		 struct err *e);

/*
 * Put into the store what an export would write: layers' blobs, config and
 * manifest, which *out is.
 */
int export_to_store(const struct store *s, const struct image *image,
		    const struct export_spec *spec, struct export_result *out,
		    struct err *e);

/*
 * The layers of an image in the form that is exported: export_layers.c.
 */
struct export_layer {
	const struct store *store;
	struct descriptor descriptor;
	struct digest diff_id;
	bool variant;	/* the blob was made here, and can be again */
	bool from_blob; /* else written from the snapshot, uncompressed */
	struct digest snapshot;
	int64_t mtime_max_s;
	bool fresh; /* the snapshot was hashed a moment ago */
};

/* Decide, and compress what is not there yet. *out lives in a. */
int export_layers_make(const struct store *s, const struct rootfs *rootfs,
		       const struct export_spec *spec, struct arena *a,
		       struct export_layer **out, struct err *e);
/* Exactly the descriptor's bytes; checked on the way. */
int export_layer_write(const struct export_layer *l, struct sink *out,
		       struct err *e);

/* The merged root file system: export_rootfs.c, export_folder.c. */
int export_rootfs_tar(const struct view *root, struct sink *out, struct err *e);
/*
 * Merged into what is in dest, which is made where it is missing. A failure
 * leaves dest as it was; where it was there, and moving what was written to its
 * place failed, a part of it may be new.
 */
int export_rootfs_folder(const struct view *root, const char *dest,
			 struct err *e);

#endif
