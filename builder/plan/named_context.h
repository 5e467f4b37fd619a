/*
 * --build-context NAME=…: what NAME means in FROM, COPY --from and mounts,
 * before stages and images are asked.
 * BuildKit: frontend/dockerui/namedcontext.go; buildx: build/opt.go.
 */
#ifndef BUILDER_PLAN_NAMED_CONTEXT_H
#define BUILDER_PLAN_NAMED_CONTEXT_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum named_kind {
	NAMED_FOLDER, /* value: its path */
	NAMED_REMOTE, /* value: a git repository or a URL */
	NAMED_IMAGE,  /* value: the name of an image of the store */
	NAMED_LAYOUT, /* value: PATH[:TAG][@DIGEST] of an image layout */
	NAMED_STAGE,  /* value: a stage of the Dockerfile */
	NAMED_SCRATCH,
};

struct named_context {
	struct str name; /* normalised as an image's, without :latest */
	enum named_kind kind;
	struct str value;
};

/*
 * "NAME=FOLDER", "NAME=docker-image://IMAGE", "NAME=oci-layout://PATH",
 * "NAME=target:STAGE", "NAME=" and a URL or git repository. ERR_INVALID says
 * what is wrong; ERR_NOT_FOUND where there is no such folder.
 */
int named_context_parse(struct arena *a, struct str text,
			struct named_context *out, struct err *e);

/* The one that name means, or NULL. */
const struct named_context *
named_context_find(const struct named_context *contexts, size_t n,
		   struct str name);

/* "PATH[:TAG][@DIGEST]" of NAMED_LAYOUT; what is absent is empty. */
struct layout_reference {
	struct str path;
	struct str tag;
	struct str digest;
};
void layout_reference_parse(struct str value, struct layout_reference *out);

#endif
