/*
 * --squash: the layers that a build put over its base become one. As docker's
 * classic builder has it: the history stays, its entries make no layers any
 * more, and one more at the end tells of the layer that there is.
 */
#ifndef BUILDER_ENGINE_SQUASH_H
#define BUILDER_ENGINE_SQUASH_H

#include "builder/engine/build.h"

/*
 * Change *image, which building plan gave: its layers and its config, in a.
 * What it makes is recorded. A rootless caller has entered its user namespace.
 */
int squash(const struct store *s, const struct plan *plan, struct arena *a,
	   struct build_result *image, struct err *e);

#endif
