/*
 * Where images come from and go to, as a command line names it:
 *
 *   docker://NAME            a registry
 *   oci:FOLDER[:REF]         an OCI layout
 *   oci-archive:FILE[:NAME]  one in a tar
 *   docker-archive:FILE[:NAME]
 *   dir:FOLDER               skopeo's folder of files
 *   store:IMAGE, or IMAGE    imgbuild's own store
 */
#ifndef CLI_IMAGE_PLACE_H
#define CLI_IMAGE_PLACE_H

#include "cache/store.h"
#include "oci/transports.h"
#include "registry/remote.h"

enum place_kind {
	PLACE_REGISTRY,
	PLACE_OCI,
	PLACE_OCI_ARCHIVE,
	PLACE_DOCKER_ARCHIVE,
	PLACE_DIR,
	PLACE_STORE,
};

struct image_place {
	enum place_kind kind;
	const char *text; /* as given */
	const char *path; /* of files; "-" is stdin or stdout */
	struct str name;  /* NAME, REF or IMAGE; empty where there is none */
};

int image_place_parse(struct arena *a, const char *text,
		      struct image_place *out, struct err *e);

/* Whether text is how a user writes a normalised name, and not an id. */
bool image_is_called(struct arena *a, struct str text, struct str name);

/* What opening places needs. */
struct place_context {
	struct arena *arena;
	const struct store *store;
	struct registry *registry;
};

/* A source, open: *source, and what it is to be asked for. */
struct open_source {
	struct image_source *source;
	struct descriptor root;
	struct str name; /* normalised; empty where it was asked for by id */
	struct layout_source layout;
	struct bundle bundle;
	struct bundle_image_source files;
	struct repository repository;
	struct remote_source remote;
};

int open_source(struct open_source *s, struct place_context *c,
		const struct image_place *from, struct err *e);
void open_source_release(struct open_source *s);

/* Write an archive to a file, in one step, or to stdout ("-"). */
int place_write_archive(const struct image_tree *t, struct image_source *s,
			const char *path, bool docker, struct transfer_watch *w,
			struct err *e);

/* Copy one image. *out is what it became there. w may be NULL. */
int place_copy(struct place_context *c, const struct image_place *from,
	       const struct image_place *to, const struct tree_options *opt,
	       struct transfer_watch *w, struct descriptor *out, struct err *e);

#endif
