#include "builder/engine/complete.h"

#include <string.h>

/*
 * Times of history entries: a layer's own; what made no layer is as old as this
 * build's layer before it, else the one after it, else its base. A base's
 * entries keep theirs. Gives the newest of all.
 */
static int64_t fill_history(const struct rootfs *r,
			    struct config_history *history, size_t n)
{
	int64_t before_ns = 0;
	int64_t base_ns = 0;
	int64_t first_ns = 0;
	size_t layer = r->layers.n;

	for (size_t i = n; i > 0; i--) {
		if (history[i - 1].empty_layer || layer == 0)
			continue;
		layer--;
		if (r->layers.v[layer].layer.created_ns)
			first_ns = r->layers.v[layer].layer.created_ns;
	}
	for (size_t i = 0; i < n; i++) {
		struct config_history *h = &history[i];
		int64_t made_ns = 0;

		if (!h->empty_layer && layer < r->layers.n)
			made_ns = r->layers.v[layer++].layer.created_ns;
		if (h->has_created) {
			base_ns = h->created_ns;
			continue;
		}
		if (made_ns)
			before_ns = made_ns;
		h->created_ns = before_ns  ? before_ns
				: first_ns ? first_ns
					   : base_ns;
		h->has_created = h->created_ns != 0;
	}
	return before_ns ? before_ns : base_ns;
}

void complete_config(const struct plan *plan, struct arena *a,
		     struct build_result *out)
{
	struct image_config *c = &out->config;
	const struct rootfs *r = &out->rootfs;
	struct digest *ids = arena_new_array(a, r->layers.n, struct digest);
	struct config_history *history;

	*c = plan->target->config;
	history = arena_new_array(a, c->n_history, struct config_history);
	for (size_t i = 0; i < r->layers.n; i++)
		ids[i] = r->layers.v[i].layer.diff_id;
	if (c->n_history)
		memcpy(history, c->history, c->n_history * sizeof(*history));
	c->created_ns = fill_history(r, history, c->n_history);
	if (plan->has_epoch)
		c->created_ns = plan->epoch_s * 1000000000;
	c->has_created = c->created_ns != 0 || plan->has_epoch;
	c->diff_ids = ids;
	c->n_diff_ids = r->layers.n;
	c->history = history;
}
