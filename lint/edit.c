#include "lint/edit.h"

#include "base/vec.h"

#include <stdlib.h>

struct placed {
	const struct edit *edit;
	size_t fix; /* its index */
};

static int compare(const void *a, const void *b)
{
	const struct placed *x = a;
	const struct placed *y = b;

	if (x->edit->span.offset != y->edit->span.offset)
		return x->edit->span.offset < y->edit->span.offset ? -1 : 1;
	return (x->fix > y->fix) - (x->fix < y->fix);
}

static struct placed *place_all(const struct fix *const *fixes, size_t n,
				size_t *n_placed)
{
	VEC(struct placed) all = {0};

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < fixes[i]->n; k++)
			*vec_push(&all) =
				(struct placed){&fixes[i]->edits[k], i};
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), compare);
	*n_placed = all.n;
	return all.v;
}

/* Of two neighbours that touch, the fix that came later is dropped. */
static void drop_touching(const struct placed *v, size_t n, bool *dropped)
{
	const struct placed *last = NULL;

	for (size_t i = 0; i < n; i++) {
		if (dropped[v[i].fix])
			continue;
		if (last && last->fix != v[i].fix && !dropped[last->fix] &&
		    v[i].edit->span.offset <= last->edit->span.end) {
			bool mine = v[i].fix > last->fix;

			dropped[mine ? v[i].fix : last->fix] = true;
			if (mine)
				continue;
		}
		last = &v[i];
	}
}

static void write_all(struct buf *out, struct str text, const struct placed *v,
		      size_t n, const bool *dropped)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		const struct edit *edit = v[i].edit;

		if (dropped[v[i].fix])
			continue;
		buf_add_str(out, str_sub(text, at, edit->span.offset));
		buf_add_str(out, edit->text);
		at = edit->span.end;
	}
	buf_add_str(out, str_skip(text, at));
}

size_t edits_apply(struct buf *out, struct str text,
		   const struct fix *const *fixes, size_t n)
{
	size_t n_placed;
	struct placed *placed = place_all(fixes, n, &n_placed);
	bool *dropped = xcalloc(n + 1, sizeof(*dropped));
	size_t n_done = 0;

	drop_touching(placed, n_placed, dropped);
	write_all(out, text, placed, n_placed, dropped);
	for (size_t i = 0; i < n; i++)
		n_done += !dropped[i];
	free(dropped);
	free(placed);
	return n_done;
}
