/*
 * Where steps read from: the build context, folders, stages, images and remote
 * sources, each opened or fetched when the first step needs it.
 */
#ifndef BUILDER_ENGINE_ORIGIN_H
#define BUILDER_ENGINE_ORIGIN_H

#include "builder/engine/state.h"
#include "builder/files/context.h"
#include "builder/image/rootfs.h"

/*
 * What a COPY or mount reads, for one thread: what is open is shared, a root's
 * descriptors and a filter's memory are its own.
 */
struct origin_tree {
	struct source_tree tree;
	struct rootfs rootfs;
	struct context_filter filter; /* where tree.filter is set */
};

#define ORIGIN_TREE_INIT \
	((struct origin_tree){.tree.owner = TREE_OWNER_IGNORED})

int origin_open(struct build *b, const struct origin *origin,
		struct origin_tree *out, struct err *e);
/* Of one that was opened, or is as it was initialised. */
void origin_close(struct origin_tree *o);

/* A remote source, fetched once. */
int origin_fetch(struct build *b, const struct step_copy *copy,
		 const struct step_source *source, const struct remote **out,
		 struct err *e);

/* At the build's end: save what was learnt, close and remove the rest. */
int origins_release(struct build *b, struct err *e);

#endif
