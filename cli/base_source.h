/*
 * Base images for a plan: those of the store, and those that have to be asked
 * for in a registry. While planning, manifest and config are brought into the
 * store; a layer comes when a step must see it.
 */
#ifndef CLI_BASE_SOURCE_H
#define CLI_BASE_SOURCE_H

#include "builder/image/image.h"
#include "cli/build_options.h"
#include "cli/progress.h"
#include "registry/client.h"

struct base_source {
	struct plan_source source;
	struct store_source stored;
	enum pull_policy policy;
	struct registry *registry;
	struct progress *progress; /* is told of what is asked for */
};

void base_source_init(struct base_source *s, const struct store *store,
		      struct registry *registry, enum pull_policy policy,
		      struct progress *progress);

#endif
