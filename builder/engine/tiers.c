#include "builder/engine/tiers.h"

int tier_executor_init(struct tier_executor *x, enum tier tier, struct err *e)
{
	*x = (struct tier_executor){0};
	switch (tier) {
	case TIER_ROOT:
	case TIER_USERNS:
		x->executor = &x->sandbox.executor;
		return sandbox_executor_init(&x->sandbox, tier, e);
	case TIER_CHROOT:
		x->executor = &x->chroot.executor;
		chroot_executor_init(&x->chroot);
		return 0;
	}
	return 0;
}

void tier_executor_release(struct tier_executor *x)
{
	if (x->executor == &x->sandbox.executor)
		sandbox_executor_release(&x->sandbox);
	if (x->executor == &x->chroot.executor)
		chroot_executor_release(&x->chroot);
	x->executor = NULL;
}
