/*
 * Sources and destinations of images on this machine. The ones in registries
 * are in registry/.
 */
#ifndef OCI_TRANSPORTS_H
#define OCI_TRANSPORTS_H

#include "oci/archive_bundle.h"
#include "oci/blobs.h"
#include "oci/transfer.h"

/* --- a layout's folder, also the store ---------------------------------- */

struct layout_source {
	struct image_source source;
	struct blobs blobs;
};
void layout_source_init(struct layout_source *s, const struct blobs *b);

/*
 * Names that a root has become the layout's; a root without any is listed
 * without. Blobs are visible once they are whole.
 */
struct layout_dest {
	struct image_dest dest;
	struct blobs blobs;
	bool nameless; /* set: nothing is named or listed */
};
/* Creates what is missing of a layout. */
int layout_dest_init(struct layout_dest *d, int dirfd, struct err *e);

/* --- files of others: layouts, archives, skopeo's dir: ------------------- */

enum bundle_form {
	BUNDLE_OCI, /* an OCI layout, in a folder or a tar */
	BUNDLE_DIR, /* skopeo's dir: manifest.json, and files named by digest */
};

struct bundle_image_source {
	struct image_source source;
	struct bundle *bundle;
	enum bundle_form form;
};
void bundle_image_source_init(struct bundle_image_source *s, struct bundle *b,
			      enum bundle_form form);
/* The manifest that a dir: is of; its media type is in a. */
int bundle_dir_root(struct bundle *b, struct arena *a, struct descriptor *out,
		    struct err *e);

/* --- an archive ---------------------------------------------------------- */

struct archive_dest {
	struct image_dest dest;
	struct sink *out;
	bool docker; /* manifest.json too, for `docker load` */
	bool began;
};
/* What is written is the same for the same images. */
void archive_dest_init(struct archive_dest *d, struct sink *out, bool docker);

/* --- skopeo's dir: ------------------------------------------------------- */

struct dir_dest {
	struct image_dest dest;
	int dirfd;
};
/* Of one image. */
void dir_dest_init(struct dir_dest *d, int dirfd);

#endif
