/* COPY and ADD. */
#include "builder/engine/step.h"

#include "builder/files/copy.h"
#include "builder/files/unpack.h"
#include "builder/files/user.h"

/*
 * With --link, links of the parent are not followed, they are replaced; its
 * users are not known; and what it has already is written again.
 */
const struct view *step_below(const struct step_run_context *c)
{
	static const struct view nothing;

	return recipe_is_detached(c->step) ? &nothing : &c->root;
}

static int set_owner(struct step_run_context *c, const struct source_tree *t,
		     struct copy_options *opt, struct err *e)
{
	const struct step_copy *copy = &c->step->copy;

	opt->owner_given = copy->chown.n > 0;
	opt->has_owner = copy->chown.n || t->owner == TREE_OWNER_IGNORED;
	if (copy->chown.n == 0)
		return 0;
	/* names are looked up in what lies below, which may be nothing */
	return user_for_owner(step_below(c), copy->chown, &opt->owner.uid,
			      &opt->owner.gid, e);
}

static int copy_one(bool unpack, const struct source_tree *t,
		    const struct selected *what, const struct target *target,
		    struct str dest, const struct copy_options *opt,
		    struct err *e)
{
	if (unpack) {
		int unpacked = unpack_selected(t, what, target, dest, opt, e);

		if (unpacked != 0)
			return unpacked < 0 ? -1 : 0;
	}
	return copy_selected(t, what, target, dest, opt, e);
}

static void add_filter(struct copy_options *opt, struct tree_filter *filter)
{
	if (filter)
		opt->filters[opt->n_filters++] = filter;
}

static int copy_input(struct step_run_context *c, const struct recipe_input *in,
		      const struct target *target,
		      const struct copy_options *opt, struct err *e)
{
	const struct step_copy *copy = &c->step->copy;
	const struct step_source *source = in->source;
	struct copy_options own = *opt;
	bool unpack = remote_kind_of(source->path) == REMOTE_NONE
			      ? copy->unpack
			      : copy->unpack_remote;

	if (source->is_inline)
		return copy_inline(source->path, source->content, target,
				   copy->dest, opt, e);
	add_filter(&own, recipe_include(in));
	for (size_t i = 0; i < in->selection.v.n; i++)
		if (copy_one(unpack, &in->tree, &in->selection.v.v[i], target,
			     copy->dest, &own, e) < 0)
			return -1;
	return 0;
}

/*
 * BuildKit makes parents with the octal form only. So does it the top of a
 * folder that is copied to a new place, which is one more of them.
 */
static uint32_t parents_mode(const struct mode_change *chmod)
{
	if (!chmod || !mode_is_octal(chmod))
		return 0755;
	return mode_apply(chmod, 0, true) & 0777;
}

int step_copy_execute(struct step_run_context *c, struct err *e)
{
	const struct recipe *r = c->recipe;
	/* heredocs and remote files have the context's owners: 0:0 */
	const struct origin_tree none = ORIGIN_TREE_INIT;
	const struct origin_tree *from = r->n_origins ? r->origins[0] : &none;
	struct copy_options opt = {.chmod = c->step->copy.chmod};
	struct target target;
	int result = 0;

	if (set_owner(c, &from->tree, &opt, e) < 0)
		return -1;
	add_filter(&opt, recipe_exclude(r));
	target_init(&target, step_below(c), c->draft->upper_fd);
	target.has_epoch = c->step->has_epoch;
	target.epoch_s = c->step->epoch_s;
	target.folder_mode = parents_mode(opt.chmod);
	for (size_t i = 0; result == 0 && i < r->n_inputs; i++)
		result = copy_input(c, &r->inputs[i], &target, &opt, e);
	target_release(&target);
	return result;
}
