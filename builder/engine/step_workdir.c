/* WORKDIR. */
#include "builder/engine/step.h"

#include "builder/files/target.h"
#include "builder/files/user.h"

#include <unistd.h>

int step_workdir_execute(struct step_run_context *c, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const struct step_workdir *step = &c->step->workdir;
	struct target_owner owner = {0};
	struct view_path at;
	struct target target;
	struct target_dir dir;
	int result;

	if (step->user.n &&
	    user_for_owner(&c->root, step->user, &owner.uid, &owner.gid, e) < 0)
		return -1;
	if (view_resolve(&c->root, &a, step->path, VIEW_FOLLOW, &at, e) < 0)
		return -1;
	/* nothing to do, and no folder to copy up for it */
	if (at.exists && S_ISDIR(at.st.st_mode))
		return 0;
	target_init(&target, &c->root, c->draft->upper_fd);
	target.has_epoch = c->step->has_epoch;
	target.epoch_s = c->step->epoch_s;
	result = target_open(&target, at.path, &owner, &dir, e);
	if (result == 0)
		target_dir_release(&dir);
	target_release(&target);
	return result;
}
