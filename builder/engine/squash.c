#include "builder/engine/squash.h"

#include "base/clock.h"
#include "base/io.h"
#include "builder/files/copy.h"
#include "cache/key.h"
#include "cache/record.h"
#include "cache/snapshot.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What lies below the build's own layers. */
struct base {
	size_t n_layers;
	size_t n_history;
};

static struct base find_base(const struct plan *plan)
{
	const struct plan_stage *s = plan->target;
	struct base none = {0};

	while (s->base_kind == BASE_STAGE)
		s = s->base_stage;
	return s->base_kind == BASE_IMAGE
		       ? (struct base){s->base_image->manifest.n_layers,
				       s->base_image->config.n_history}
		       : none;
}

/* --- what was removed --------------------------------------------------- */

/* Makes whiteouts in the draft for what the base has and the image has not. */
struct hider {
	int upper_fd;
	struct arena arena;
};

static int hide(struct hider *h, struct str folder, struct str name,
		struct err *e)
{
	const char *parent = arena_c(&h->arena, folder);
	const char *path = arena_printf(&h->arena, "%s%s%.*s", parent,
					folder.n ? "/" : "", STR_ARG(name))
				   .p;

	/* the copy that follows gives folders their attributes */
	if (folder.n && io_mkdir_all(h->upper_fd, parent, 0755, e) < 0)
		return -1;
	if (mknodat(h->upper_fd, path, S_IFCHR, makedev(0, 0)) < 0)
		return err_sys(e, "hide %s", path);
	return 0;
}

static int hide_missing(struct hider *h, struct str folder,
			const struct view_dir *base,
			const struct view_dir *full, struct err *e);

static int hide_below(struct hider *h, struct str path, const char *name,
		      const struct view_dir *base, const struct view_dir *full,
		      const struct view_entry *before,
		      const struct view_entry *now, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir base_child = {0};
	SCOPED_VIEW_DIR struct view_dir full_child = {0};

	if (view_dir_enter(base, name, before, &base_child, e) < 0 ||
	    view_dir_enter(full, name, now, &full_child, e) < 0)
		return -1;
	return hide_missing(h, path, &base_child, &full_child, e);
}

static int hide_missing(struct hider *h, struct str folder,
			const struct view_dir *base,
			const struct view_dir *full, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct str *names;
	size_t n;
	int result = view_dir_list(base, &a, &names, &n, e);

	for (size_t i = 0; result == 0 && i < n; i++) {
		const char *name = arena_c(&a, names[i]);
		struct str path = arena_printf(&a, "%.*s%s%s", STR_ARG(folder),
					       folder.n ? "/" : "", name);
		struct view_entry before;
		struct view_entry now;
		int was = view_dir_find(base, name, &before, e);
		int is = view_dir_find(full, name, &now, e);

		if (was < 0 || is < 0)
			return -1;
		if (!is)
			result = hide(h, folder, names[i], e);
		else if (S_ISDIR(before.st.st_mode) && S_ISDIR(now.st.st_mode))
			result = hide_below(h, path, name, base, full, &before,
					    &now, e);
	}
	return result;
}

static int hide_removed(int upper_fd, const struct view *base,
			const struct view *full, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir base_root = {0};
	SCOPED_VIEW_DIR struct view_dir full_root = {0};
	struct hider h = {.upper_fd = upper_fd};
	int result = view_open_root(base, &base_root, e);

	if (result == 0)
		result = view_open_root(full, &full_root, e);
	if (result == 0)
		result = hide_missing(&h, (struct str){0}, &base_root,
				      &full_root, e);
	arena_release(&h.arena);
	return result;
}

/* --- what was made ------------------------------------------------------ */

/* Leaves out files that are the base's own. */
struct changed_filter {
	struct tree_filter filter;
	const struct view *base;
	struct arena scratch;
};

static enum tree_verdict check_changed(struct tree_filter *filter,
				       const struct tree_entry *entry)
{
	struct changed_filter *f = (struct changed_filter *)filter;
	struct view_path at;
	struct err ignored; /* what can't be compared is copied */
	bool same;

	if (S_ISDIR(entry->st->st_mode))
		return TREE_IN;
	same = view_resolve(f->base, &f->scratch, entry->path, VIEW_FOLLOW_DIRS,
			    &at, &ignored) == 0 &&
	       at.exists && at.st.st_dev == entry->st->st_dev &&
	       at.st.st_ino == entry->st->st_ino;
	arena_release(&f->scratch);
	return same ? TREE_OUT : TREE_IN;
}

static int copy_changed(int upper_fd, const struct view *base,
			const struct view *full, struct err *e)
{
	struct changed_filter filter = {.filter.check = check_changed,
					.base = base};
	const struct source_tree from = {.view = *full,
					 .owner = TREE_OWNER_COUNTS};
	const struct selected all = {0};
	const struct copy_options opt = {.filters = {&filter.filter},
					 .n_filters = 1};
	struct target target;
	int result;

	target_init(&target, base, upper_fd);
	result = copy_selected(&from, &all, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

/* --- the layer ---------------------------------------------------------- */

static int make_layer(const struct store *s, const struct view *base,
		      const struct view *full, struct layer *out, struct err *e)
{
	struct snapshot_draft draft;
	int result;

	if (snapshot_begin(&draft, s, e) < 0)
		return -1;
	result = hide_removed(draft.upper_fd, base, full, e);
	if (result == 0)
		result = copy_changed(draft.upper_fd, base, full, e);
	if (result == 0)
		result = snapshot_commit(&draft, base, clock_realtime_ns(), out,
					 e);
	snapshot_release(&draft);
	return result;
}

static int find_layer(const struct store *s, struct rootfs *base,
		      struct rootfs *full, struct layer *out, struct err *e)
{
	SCOPED_KEY struct key key = {0};
	struct digest digest;
	struct view base_view;
	struct view full_view;
	int found;

	key_init(&key, "squash/1");
	for (size_t i = 0; i < full->layers.n; i++)
		key_add_digest(&key, i < base->layers.n ? "base" : "layer",
			       &full->layers.v[i].layer.diff_id);
	digest = key_digest(&key);
	found = record_find(s, &digest, out, e);
	if (found != 0)
		return found < 0 ? -1 : 0;
	if (rootfs_open(base, s, NULL, NULL, &base_view, e) < 0 ||
	    rootfs_open(full, s, NULL, NULL, &full_view, e) < 0 ||
	    make_layer(s, &base_view, &full_view, out, e) < 0)
		return -1;
	if (record_put(s, &key, out, e) < 0)
		return -1;
	return store_publish(s, e);
}

/* --- the image ---------------------------------------------------------- */

static void change_config(const struct plan *plan, struct arena *a,
			  const struct base *base, const struct layer *layer,
			  size_t n_squashed, struct image_config *c)
{
	struct config_history *h =
		arena_new_array(a, c->n_history + 1, struct config_history);
	struct digest *ids =
		arena_new_array(a, base->n_layers + 1, struct digest);

	if (c->n_history)
		memcpy(h, c->history, c->n_history * sizeof(*h));
	for (size_t i = base->n_history; i < c->n_history; i++)
		h[i].empty_layer = true;
	h[c->n_history++] = (struct config_history){
		.comment = arena_printf(a, "squash of %zu layers", n_squashed),
		.has_created = true,
		.created_ns = plan->has_epoch ? plan->epoch_s * 1000000000
					      : layer->created_ns,
	};
	if (base->n_layers)
		memcpy(ids, c->diff_ids, base->n_layers * sizeof(*ids));
	ids[base->n_layers] = layer->diff_id;
	if (!plan->has_epoch)
		c->created_ns = layer->created_ns;
	c->history = h;
	c->diff_ids = ids;
	c->n_diff_ids = base->n_layers + 1;
}

int squash(const struct store *s, const struct plan *plan, struct arena *a,
	   struct build_result *image, struct err *e)
{
	const struct base base = find_base(plan);
	size_t n = image->rootfs.layers.n;
	struct rootfs below;
	struct layer layer;
	int result;

	if (n < base.n_layers + 2)
		return 0;
	rootfs_init(&below);
	for (size_t i = 0; i < base.n_layers; i++) {
		const struct rootfs_layer *l = &image->rootfs.layers.v[i];

		rootfs_add(&below, &l->layer, &l->blob);
	}
	result = find_layer(s, &below, &image->rootfs, &layer, e);
	if (result < 0) {
		rootfs_release(&below);
		return err_wrap(e, "--squash");
	}
	rootfs_add(&below, &layer, NULL);
	rootfs_release(&image->rootfs);
	image->rootfs = below;
	change_config(plan, a, &base, &layer, n - base.n_layers,
		      &image->config);
	return 0;
}
