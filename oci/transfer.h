/*
 * Images on their way from one place to another, byte for byte: registries,
 * layouts, archives, folders and the store are sources and destinations behind
 * two small structs of functions, and know nothing of each other.
 *
 * First the documents are read (image_tree_add), which says what blobs there
 * are; then what the destination lacks is copied (image_tree_copy).
 */
#ifndef OCI_TRANSFER_H
#define OCI_TRANSFER_H

#include "base/strmap.h"
#include "base/vec.h"
#include "oci/manifest.h"
#include "oci/stream.h"

/* A part of a file, in which a blob is as it stands. */
struct blob_part {
	int fd;
	bool owned; /* to be closed by who asked for it */
	uint64_t offset;
};

struct image_source {
	/*
	 * Append a manifest or index. 1, 0 it is not here, -1. The caller
	 * checks digest and size.
	 */
	int (*manifest)(struct image_source *s, const struct descriptor *d,
			struct buf *out, struct err *e);
	/* The blob's bytes; the receiver checks them. ERR_NOT_FOUND. */
	int (*blob)(struct image_source *s, const struct descriptor *d,
		    struct sink *out, struct err *e);
	/* Where they are in a file: 1, 0 in none, -1. May be NULL. */
	int (*part)(struct image_source *s, const struct descriptor *d,
		    struct blob_part *out, struct err *e);
	/* An index may name images that are not here. */
	bool sparse;
};

/* A manifest or index that is copied. */
struct tree_manifest {
	struct descriptor descriptor;
	struct str bytes;
	bool is_index;
	bool is_root;
	struct platform platform; /* of its entry in an index; .os empty */
};

/* What the copy is of, with the names that it gets. */
struct tree_root {
	struct descriptor descriptor;
	struct platform platform; /* .os empty where that is not known */
	const struct str *names;
	size_t n_names;
	bool has_created; /* for archives, whose index says it */
	int64_t created_s;
};

struct image_tree {
	struct arena arena;
	VEC(struct tree_manifest) manifests; /* what an index names before it */
	VEC(struct descriptor) blobs;	     /* each once */
	struct strmap places;		     /* digest to place in blobs, + 1 */
	VEC(struct tree_root) roots;
	size_t n_absent; /* images that an index names and the source lacks */
};

void image_tree_release(struct image_tree *t);

enum tree_platforms {
	TREE_ALL,      /* all that the source has */
	TREE_ONE,      /* what is copied is the platform's manifest itself */
	TREE_ONE_KEPT, /* its index too, though the others are left out */
};

struct tree_options {
	enum tree_platforms platforms;
	struct platform platform; /* of TREE_ONE and TREE_ONE_KEPT */
	bool without_layers;	  /* manifests and configs only */
};

/*
 * Read the documents below root. *root_out (may be NULL) gets the entry in
 * t->roots, whose names are to be filled in. ERR_CORRUPT, ERR_LIMIT for trees
 * that no image has, ERR_NOT_FOUND where the platform is not there.
 */
int image_tree_add(struct image_tree *t, struct image_source *s,
		   const struct descriptor *root,
		   const struct tree_options *opt, struct tree_root **root_out,
		   struct err *e);

struct image_dest {
	/* Blobs one after the other, sorted by digest, manifests among them. */
	bool in_order;
	unsigned n_threads; /* else: blobs at once */
	/* 1: nothing is to be done. May be NULL. */
	int (*has_all)(struct image_dest *d, const struct image_tree *t,
		       struct err *e);
	/* 1 there, 0 not, -1. May be NULL: none is. */
	int (*has_blob)(struct image_dest *d, const struct descriptor *blob,
			struct err *e);
	/* Bytes of another digest or size are ERR_CORRUPT and leave nothing. */
	int (*put_blob)(struct image_dest *d, struct image_source *s,
			const struct descriptor *blob, struct err *e);
	int (*put_manifest)(struct image_dest *d, const struct tree_manifest *m,
			    struct err *e);
	/* Give the names. */
	int (*finish)(struct image_dest *d, const struct image_tree *t,
		      struct err *e);
};

/* What is told while it is copied, from any thread, one at a time. */
struct transfer_watch {
	void (*blob)(struct transfer_watch *w, const struct descriptor *d,
		     bool was_there);
};

/* w may be NULL. */
int image_tree_copy(const struct image_tree *t, struct image_source *s,
		    struct image_dest *d, struct transfer_watch *w,
		    struct err *e);

/* Exactly the descriptor's bytes from s into out, checked on the way. */
int transfer_blob(struct image_source *s, const struct descriptor *d,
		  struct sink *out, struct err *e);

#endif
