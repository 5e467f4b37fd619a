/*
 * Archives of whole images: OCI layouts in a tar, docker's save format, layout
 * folders. Reading copies into a store; writing asks the caller for the blobs.
 */
#ifndef OCI_ARCHIVE_H
#define OCI_ARCHIVE_H

#include "base/arena.h"
#include "oci/blobs.h"
#include "oci/layout.h"
#include "oci/manifest.h"

/* An image that was loaded: its manifest in the store, the names it came with.
 */
struct loaded_image {
	struct descriptor manifest;
	struct str name; /* normalised; empty where it had none */
};

/*
 * Read an archive (OCI or docker, detected by content, compressed or not), a
 * layout folder or a folder of skopeo's dir: into the store at dirfd. Every
 * blob is verified. Names are not set; *out lists the images, in a. A bare tag
 * in a layout gets the file's name before it.
 */
int archive_load(int dirfd, const char *path, struct arena *a,
		 struct loaded_image **out, size_t *n_out, struct err *e);
/* The same from a stream ("-"), through a temporary file in the store. */
int archive_load_fd(int dirfd, int fd, struct arena *a,
		    struct loaded_image **out, size_t *n_out, struct err *e);

/*
 * Store a root file system's tar as an image of one layer. The tar's bytes are
 * kept as they are (gzip, zstd or none; other compressions are stored
 * uncompressed). config gives platform, created and history comment.
 */
int archive_import(int dirfd, int fd, const struct image_config *config,
		   struct descriptor *manifest_out, struct err *e);

/* A layer to be written into an archive. */
struct archive_layer {
	struct descriptor descriptor; /* as in the manifest */
	struct digest diff_id;
	/* Writes exactly the descriptor's bytes. */
	int (*write)(void *ctx, struct sink *out, struct err *e);
	void *ctx;
};

struct archive_image {
	struct str manifest; /* document */
	struct str config;   /* document */
	struct digest config_digest;
	const struct archive_layer *layers;
	size_t n_layers;
	const struct str *names; /* normalised */
	size_t n_names;
	struct platform platform;
	int64_t created_s; /* annotation org.opencontainers.image.created */
};

/* An OCI image layout as a canonical tar: the same image, the same bytes. */
int archive_write_oci(struct sink *out, const struct archive_image *image,
		      struct err *e);
/* What `docker load` takes: manifest.json, config, layers; also an OCI layout.
 */
int archive_write_docker(struct sink *out, const struct archive_image *image,
			 struct err *e);

#endif
