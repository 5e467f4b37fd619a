/*
 * The parts of an image's config that only building tells: its diff_ids and
 * times.
 */
#ifndef BUILDER_ENGINE_COMPLETE_H
#define BUILDER_ENGINE_COMPLETE_H

#include "builder/engine/build.h"

/* out->rootfs is there; its config becomes the target's, whole. */
void complete_config(const struct plan *plan, struct arena *a,
		     struct build_result *out);

#endif
