#include "builder/engine/state.h"

#include <stdlib.h>
#include <unistd.h>

void build_failure_release(struct build_failure *f)
{
	free(f->log_path);
	buf_release(&f->tail);
	*f = (struct build_failure){0};
}

int build_enter(struct build *b, struct err *e)
{
	if (b->entered)
		return 0;
	if (userns_enter(b->opt->tier, e) < 0)
		return -1;
	if (b->opt->tier == TIER_USERNS && store_reopen(b->store, e) < 0)
		return -1;
	b->entered = true;
	return 0;
}

int build_work(struct build *b, struct err *e)
{
	if (b->work)
		return 0;
	b->work_fd = store_workdir_create(b->store, &b->work, e);
	return b->work_fd < 0 ? -1 : 0;
}

void build_stop(struct build *b)
{
	const uint64_t one = 1;

	/* full means that it is readable already */
	(void)!write(b->stop_fd, &one, sizeof(one));
}

bool build_take_terminal(struct build *b)
{
	bool ours;

	(void)pthread_mutex_lock(&b->lock);
	ours = !b->failed && !b->terminal_taken;
	b->terminal_taken |= ours;
	if (ours)
		build_stop(b);
	while (ours && b->n_making > 1)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	(void)pthread_mutex_unlock(&b->lock);
	return ours;
}
