/*
 * Tiers: which executor runs commands on this machine.
 */
#ifndef BUILDER_ENGINE_TIERS_H
#define BUILDER_ENGINE_TIERS_H

#include "builder/chroot/chroot.h"
#include "builder/sandbox/sandbox.h"
#include "builder/sandbox/userns.h"

struct tier_executor {
	struct executor *executor; /* one of these */
	struct sandbox_executor sandbox;
	struct chroot_executor chroot;
};

int tier_executor_init(struct tier_executor *x, enum tier tier, struct err *e);
void tier_executor_release(struct tier_executor *x);

#endif
