/*
 * Manifests and indexes (image-spec manifest.md, image-index.md), read and
 * written. Values live in the arena given.
 */
#ifndef OCI_MANIFEST_H
#define OCI_MANIFEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "oci/config.h"
#include "oci/descriptor.h"

struct manifest {
	struct descriptor config;
	const struct descriptor *layers;
	size_t n_layers;
	struct config_pairs annotations;
};

struct index_entry {
	struct descriptor descriptor;
	struct platform platform; /* .os empty where absent */
	struct config_pairs annotations;
};

struct index {
	const struct index_entry *entries;
	size_t n_entries;
	struct config_pairs annotations;
};

#define MANIFEST_MAX_BYTES (8u << 20)

/* OCI or docker schema 2. Schema 1 is ERR_UNSUPPORTED. */
int manifest_parse(struct arena *a, struct str json, struct manifest *out,
		   struct err *e);
/* Canonical bytes; media types as the descriptors have them. */
void manifest_write(struct buf *out, const struct manifest *m);
/* docker's where the config's media type is docker's, else OCI's. */
struct str manifest_media_type(const struct manifest *m);
/* Whether a media type is that of an index, docker's list included. */
bool media_type_is_index(struct str media_type);
int index_parse(struct arena *a, struct str json, struct index *out,
		struct err *e);
void index_write(struct buf *out, const struct index *ix);

#endif
