/*
 * Image layout (image-spec image-layout.md): oci-layout, index.json, blobs.
 * Names are index.json annotations: org.opencontainers.image.ref.name holds the
 * full normalised name. An image without a name is an entry without it.
 */
#ifndef OCI_LAYOUT_H
#define OCI_LAYOUT_H

#include "base/arena.h"
#include "oci/blobs.h"
#include "oci/manifest.h"

#define LAYOUT_REF_NAME "org.opencontainers.image.ref.name"
/* The value of an annotation; empty. */
struct str index_entry_annotation(const struct index_entry *entry,
				  const char *key);

/* Create what is missing of a layout in the folder. */
int layout_init(int dirfd, struct err *e);

/* The index within the text of index.json.copy; false where that is damaged. */
bool index_copy_parse(struct str text, struct str *index);
/*
 * Read index.json, or where it is gone or damaged its copy. An empty layout has
 * an empty index. With both damaged the error says what to restore.
 */
int layout_read_index(int dirfd, struct arena *a, struct index *out,
		      struct err *e);

/*
 * The entry that has this name. A digest in the name decides, whatever the tag
 * says: the entry is one of the same repository, or of an index in it.
 * 1 found, 0 absent, -1 error.
 */
int layout_find(int dirfd, struct arena *a, struct str name,
		struct index_entry *out, struct err *e);

/*
 * The entry of that digest ("sha256:…"), in the index or in one of those that
 * it names. 1 found, 0 absent, -1 error; ERR_INVALID where it is no digest.
 */
int layout_find_digest(int dirfd, struct arena *a, const struct index *ix,
		       struct str digest, struct index_entry *out,
		       struct err *e);

/*
 * Name a manifest (or index), replacing what had the name. Atomic and safe
 * against other processes. Nothing is written where nothing changes.
 */
int layout_set_name(int dirfd, struct str name, const struct index_entry *entry,
		    struct err *e);
/* List an image that has no name, where it is not listed yet. */
int layout_list(int dirfd, const struct index_entry *entry, struct err *e);
/* Forget all names of it, and that it is listed. 1 removed, 0 absent, -1. */
int layout_remove_digest(int dirfd, const struct digest *d, struct err *e);
/* Forget a name. 1 removed, 0 there was none, -1 error. */
int layout_remove_name(int dirfd, struct str name, struct err *e);

/*
 * Follow an entry to the manifest for the platform (through an index where it
 * is one) and read manifest and config. manifest_digest gets the digest of the
 * manifest. ERR_NOT_FOUND names the platforms there are.
 */
int layout_read_image(int dirfd, struct arena *a, const struct descriptor *d,
		      const struct platform *platform,
		      struct manifest *manifest, struct digest *manifest_digest,
		      struct image_config *config, struct err *e);

/* The entry of an index for a platform; ERR_NOT_FOUND names those there are. */
int index_choose(struct arena *a, const struct index *ix,
		 const struct platform *wanted, const struct index_entry **out,
		 struct err *e);

#endif
