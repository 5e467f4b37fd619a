/*
 * COPY and ADD. Key "copy/1" (unpack tells ADD from COPY): parent, dest, chown,
 * chmod, flags, epoch, and of each source in order what it is called and its
 * content: exactly what is selected, without times.
 */
#include "builder/engine/step.h"

#include "base/path.h"
#include "builder/files/copy.h"
#include "builder/files/unpack.h"
#include "builder/files/user.h"
#include "parser/match.h"

#include <string.h>

/* Ignore patterns as a filter; unused where there are none. */
struct patterns {
	struct ignore_filter filter;
	bool used;
};

static void patterns_use(struct patterns *x, const struct ignore *ignore)
{
	ignore_filter_init(&x->filter, ignore, true);
	x->used = true;
}

static void patterns_release(struct patterns *x)
{
	if (x->used)
		ignore_filter_release(&x->filter);
	x->used = false;
}

/* --exclude */
static int exclude_init(struct patterns *x, struct arena *a,
			struct str_list list, struct err *e)
{
	const struct ignore *ignore;

	if (list.n == 0)
		return 0;
	if (ignore_from_patterns(a, list.v, list.n, &ignore, e) < 0)
		return err_wrap(e, "--exclude");
	patterns_use(x, ignore);
	return 0;
}

/* --parents: everything is left out but what the pattern names. */
static int include_init(struct patterns *x, struct arena *a, struct str pattern,
			struct err *e)
{
	const struct str list[] = {STR("**"),
				   arena_printf(a, "!%.*s", STR_ARG(pattern))};
	const struct ignore *ignore;

	if (ignore_from_patterns(a, list, ARRAY_LEN(list), &ignore, e) < 0)
		return err_wrap(e, "--parents");
	patterns_use(x, ignore);
	return 0;
}

/* What a source of COPY selects, and what of it is copied. */
struct chosen {
	struct selection selection;
	struct patterns include; /* --parents */
};

static void chosen_release(struct chosen *c)
{
	vec_release(&c->selection.v);
	patterns_release(&c->include);
}

/*
 * --parents: "a/./b/c" copies b/c below a with the folder b; without the pivot
 * the whole path is kept. All of it but what the pattern names is left out.
 */
static int choose_with_parents(const struct source_tree *t, struct arena *a,
			       struct str path, struct chosen *out,
			       struct err *e)
{
	const char *pivot = memmem(path.p, path.n, "/./", 3);
	struct str top = STR("/");
	struct str pattern = path;
	struct selection required = {0};
	int result = 0;

	if (pivot) {
		top = str_sub(path, 0, (size_t)(pivot - path.p));
		pattern = str_skip(path, top.n + 3);
	}
	pattern = path_in_root(a, pattern);
	if (!match_has_wildcard(path))
		result = source_select(t, a, path, &required, e);
	vec_release(&required.v);
	if (result == 0)
		result = source_select(t, a, top, &out->selection, e);
	if (result == 0 && pattern.n)
		result = include_init(&out->include, a, pattern, e);
	return result;
}

static int choose(const struct step_copy *copy, const struct source_tree *t,
		  struct arena *a, struct str path, struct chosen *out,
		  struct err *e)
{
	*out = (struct chosen){0};
	return copy->parents ? choose_with_parents(t, a, path, out, e)
			     : source_select(t, a, path, &out->selection, e);
}

static void add_flags(struct key *k, const struct step_copy *copy)
{
	key_add(k, "dest", copy->dest);
	key_add(k, "chown", copy->chown);
	key_add(k, "chmod", copy->chmod_text);
	key_add(k, "link", copy->link ? STR("1") : STR("0"));
	key_add(k, "parents", copy->parents ? STR("1") : STR("0"));
	key_add(k, "unpack", copy->unpack ? STR("1") : STR("0"));
	for (size_t i = 0; i < copy->excludes.n; i++)
		key_add(k, "exclude", copy->excludes.v[i]);
}

/* A remote source is a tree of its own, in which one thing is chosen. */
static int choose_remote(struct build *b, const struct step_copy *copy,
			 const struct step_source *source,
			 struct source_tree *tree, struct chosen *out,
			 struct err *e)
{
	const struct remote *remote;
	struct selected *only;

	*out = (struct chosen){0};
	if (origin_fetch(b, copy, source, &remote, e) < 0)
		return -1;
	*tree = remote->tree;
	only = vec_push(&out->selection.v);
	only->path = remote->path;
	only->name = path_base(remote->path);
	return 0;
}

/* What a source of either kind chooses, and of which tree. */
static int choose_source(struct build *b, const struct step_copy *copy,
			 const struct source_tree *t, struct arena *a,
			 const struct step_source *source,
			 struct source_tree *tree, struct chosen *out,
			 struct err *e)
{
	*tree = *t;
	if (remote_kind_of(source->path) != REMOTE_NONE)
		return choose_remote(b, copy, source, tree, out, e);
	return choose(copy, t, a, source->path, out, e);
}

/* What is chosen, hashed: each thing's name and all that is in it. */
static int hash_chosen(const struct source_tree *t, struct patterns *exclude,
		       struct chosen *chosen, struct digest *out,
		       struct sha256 *seen, struct err *e)
{
	struct tree_filter *filters[3];
	struct tree tree = {.view = t->view, .filters = filters};
	struct sha256 hash;

	if (t->filter)
		filters[tree.n_filters++] = t->filter;
	if (exclude->used)
		filters[tree.n_filters++] = &exclude->filter.filter;
	if (chosen->include.used)
		filters[tree.n_filters++] = &chosen->include.filter.filter;
	sha256_init(&hash);
	for (size_t i = 0; i < chosen->selection.v.n; i++) {
		const struct selected *s = &chosen->selection.v.v[i];

		sha256_update(&hash, s->name.p, s->name.n);
		sha256_update(&hash, "", 1);
		if (tree_hash(&tree, s->path, t->owner, t->cache, &hash, seen,
			      e) < 0)
			return -1;
	}
	sha256_final(&hash, out);
	return 0;
}

static int add_source(struct build *b, const struct step_copy *copy,
		      const struct source_tree *t, struct arena *a,
		      struct patterns *exclude,
		      const struct step_source *source, struct key *k,
		      struct sha256 *seen, struct err *e)
{
	struct source_tree tree;
	struct chosen chosen;
	struct digest content;
	int result = choose_source(b, copy, t, a, source, &tree, &chosen, e);

	if (result == 0)
		result =
			hash_chosen(&tree, exclude, &chosen, &content, seen, e);
	chosen_release(&chosen);
	if (result < 0)
		return -1;
	key_add(k, "source", source->path);
	key_add_digest(k, "content", &content);
	return 0;
}

static int add_sources(struct build *b, const struct step_copy *copy,
		       const struct source_tree *t, struct key *k,
		       struct sha256 *seen, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct patterns exclude = {0};
	int result = exclude_init(&exclude, &a, copy->excludes, e);

	for (size_t i = 0; result == 0 && i < copy->n_sources; i++) {
		const struct step_source *s = &copy->sources[i];

		if (!s->is_inline) {
			result = add_source(b, copy, t, &a, &exclude, s, k,
					    seen, e);
			continue;
		}
		key_add(k, "inline", s->path);
		key_add(k, "content", s->content);
	}
	patterns_release(&exclude);
	return result;
}

static bool reads_tree(const struct step_copy *copy)
{
	for (size_t i = 0; i < copy->n_sources; i++)
		if (!copy->sources[i].is_inline &&
		    remote_kind_of(copy->sources[i].path) == REMOTE_NONE)
			return true;
	return false;
}

int step_copy_key(struct build *b, const struct step *step, struct key *k,
		  struct digest *seen, struct err *e)
{
	struct sha256 seen_hash;
	const struct step_copy *copy = &step->copy;
	/* heredocs and remote files belong to root */
	struct origin_tree from = ORIGIN_TREE_INIT;
	int result;

	add_flags(k, copy);
	if (reads_tree(copy) && origin_open(b, &copy->origin, &from, e) < 0)
		return -1;
	/* --chown sets what the source's owners would have been */
	if (copy->chown.n)
		from.tree.owner = TREE_OWNER_IGNORED;
	key_add(k, "owners",
		from.tree.owner == TREE_OWNER_COUNTS ? STR("source")
						     : STR("set"));
	sha256_init(&seen_hash);
	result = add_sources(b, copy, &from.tree, k, &seen_hash, e);
	sha256_final(&seen_hash, seen);
	origin_close(&from);
	return result;
}

/*
 * With --link, links of the parent are not followed, they are replaced; its
 * users are not known; and what it has already is written again.
 */
const struct view *step_below(const struct step_run_context *c)
{
	static const struct view nothing;
	const struct step *step = c->step;

	return step->kind == STEP_COPY && step->copy.link && !step->copy.chmod
		       ? &nothing
		       : &c->root;
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

static int copy_source(struct build *b, const struct step_copy *copy,
		       const struct step_source *source,
		       const struct source_tree *t, const struct target *target,
		       const struct copy_options *opt, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct copy_options own = *opt;
	struct source_tree tree;
	struct chosen chosen;
	bool unpack = remote_kind_of(source->path) == REMOTE_NONE
			      ? copy->unpack
			      : copy->unpack_remote;
	int result;

	if (source->is_inline)
		return copy_inline(source->path, source->content, target,
				   copy->dest, opt, e);
	result = choose_source(b, copy, t, &a, source, &tree, &chosen, e);
	if (chosen.include.used)
		own.filters[own.n_filters++] = &chosen.include.filter.filter;
	for (size_t i = 0; result == 0 && i < chosen.selection.v.n; i++)
		result = copy_one(unpack, &tree, &chosen.selection.v.v[i],
				  target, copy->dest, &own, e);
	chosen_release(&chosen);
	return result;
}

/*
 * BuildKit makes parents with the octal form only, with mkdir and its umask of
 * 022: --chmod=777 gives 0755.
 */
static uint32_t parents_mode(const struct mode_change *chmod)
{
	if (!chmod || !mode_is_octal(chmod))
		return 0755;
	return mode_apply(chmod, 0, true) & 0755;
}

static int copy_sources(struct step_run_context *c, const struct source_tree *t,
			struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const struct step_copy *copy = &c->step->copy;
	struct copy_options opt = {
		.chmod = copy->chmod,
	};
	struct target target;
	struct patterns exclude = {0};
	struct sha256 seen_hash;
	struct digest seen;
	int result = set_owner(c, t, &opt, e);

	sha256_init(&seen_hash);
	opt.seen = &seen_hash;

	if (result == 0)
		result = exclude_init(&exclude, &a, copy->excludes, e);
	if (exclude.used)
		opt.filters[opt.n_filters++] = &exclude.filter.filter;
	target_init(&target, step_below(c), c->draft->upper_fd);
	target.has_epoch = c->step->has_epoch;
	target.epoch_s = c->step->epoch_s;
	target.folder_mode = parents_mode(copy->chmod);
	for (size_t i = 0; result == 0 && i < copy->n_sources; i++)
		result = copy_source(c->build, copy, &copy->sources[i], t,
				     &target, &opt, e);
	target_release(&target);
	patterns_release(&exclude);
	sha256_final(&seen_hash, &seen);
	c->changed = !copy->unpack && !digest_eq(&seen, &c->seen);
	return result;
}

int step_copy_execute(struct step_run_context *c, struct err *e)
{
	const struct step_copy *copy = &c->step->copy;
	/* a tree of heredocs alone has the context's owners: 0:0 */
	struct origin_tree from = ORIGIN_TREE_INIT;
	int result;

	if (reads_tree(copy) &&
	    origin_open(c->build, &copy->origin, &from, e) < 0)
		return -1;
	result = copy_sources(c, &from.tree, e);
	origin_close(&from);
	return result;
}
