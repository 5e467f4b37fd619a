/*
 * A root file system as a chain of layers, and what identifies its content.
 */
#ifndef BUILDER_IMAGE_ROOTFS_H
#define BUILDER_IMAGE_ROOTFS_H

#include "base/vec.h"
#include "builder/event.h"
#include "builder/plan/plan.h"
#include "cache/record.h"
#include "cache/store.h"
#include "cache/view.h"

#include <pthread.h>

/* Layers that some thread unpacks now: another one waits instead. */
struct unpacking {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	VEC(struct digest) diff_ids;
};
#define UNPACKING_INIT                                         \
	((struct unpacking){.lock = PTHREAD_MUTEX_INITIALIZER, \
			    .changed = PTHREAD_COND_INITIALIZER})
void unpacking_release(struct unpacking *u);

struct rootfs_layer {
	struct layer layer;
	/* The blob that a base image brought it as; size_bytes 0: none. */
	struct descriptor blob;
	bool fresh; /* hashed by this very process: no need to check it again */
};

struct rootfs {
	VEC(struct rootfs_layer) layers; /* lowest first */
	/*
	 * What the chain contains: a hash over the layers' content ids. A step
	 * that ran again and made the same content leaves it as it was.
	 */
	struct digest content_id;
	VEC(int) fds; /* of the snapshots, for as many layers as were opened */
	VEC(int) visible_fds; /* of them, those that a view shows; borrowed */
};

void rootfs_init(struct rootfs *r);
void rootfs_release(struct rootfs *r);
void rootfs_copy(struct rootfs *out, const struct rootfs *from);
void rootfs_add(struct rootfs *r, const struct layer *layer,
		const struct descriptor *blob);
/* The layers of a base image, as its manifest and config have them. */
int rootfs_from_image(struct rootfs *r, const struct plan_image *image,
		      struct err *e);

/*
 * Open the snapshots, unpacking those that a base image brought and no step
 * has needed before; what of those this machine can't make is told to events.
 * unpacking and events may be NULL. *view borrows from r until it changes.
 */
int rootfs_open(struct rootfs *r, const struct store *s,
		struct unpacking *unpacking, struct event_sink *events,
		struct view *view, struct err *e);

#endif
