/*
 * Myers, "An O(ND) Difference Algorithm and Its Variations" (1986), the greedy
 * form. What the texts begin and end with alike is cut off before.
 */
#include "base/diff.h"

#include "base/vec.h"

struct text {
	VEC(struct str) lines; /* with their ends */
	bool *changed;	       /* removed from the old, added to the new */
};

enum {
	CONTEXT = 3,
	CHANGES_MAX = 1000, /* past that, all between is one change */
};

struct diff {
	struct text old;
	struct text new;
};

static void text_init(struct text *t, struct str s)
{
	while (s.n) {
		ptrdiff_t end = str_find(s, '\n');
		size_t n = end < 0 ? s.n : (size_t)end + 1;

		*vec_push(&t->lines) = str_sub(s, 0, n);
		s = str_skip(s, n);
	}
	t->changed = xcalloc(t->lines.n + 1, sizeof(*t->changed));
}

static void text_release(struct text *t)
{
	vec_release(&t->lines);
	free(t->changed);
}

/* The part that differs: lines from..to of either. */
struct part {
	size_t old_from, old_to;
	size_t new_from, new_to;
};

static bool same(const struct diff *d, size_t i, size_t k)
{
	return str_eq(d->old.lines.v[i], d->new.lines.v[k]);
}

static struct part cut_ends(const struct diff *d)
{
	struct part p = {0, d->old.lines.n, 0, d->new.lines.n};

	while (p.old_from < p.old_to && p.new_from < p.new_to &&
	       same(d, p.old_from, p.new_from)) {
		p.old_from++;
		p.new_from++;
	}
	while (p.old_from < p.old_to && p.new_from < p.new_to &&
	       same(d, p.old_to - 1, p.new_to - 1)) {
		p.old_to--;
		p.new_to--;
	}
	return p;
}

/* reach[k] is how far a path with k more removals than additions came. */
struct search {
	const struct diff *diff;
	struct part part;
	int n_old, n_new;
	VEC(int *) rounds; /* reach as it was before each number of changes */
};

/* One change more: true where a path reaches the end of both. */
static bool extend(const struct search *s, int *reach, int d)
{
	for (int k = -d; k <= d; k += 2) {
		bool added = k == -d || (k != d && reach[k - 1] < reach[k + 1]);
		int x = added ? reach[k + 1] : reach[k - 1] + 1;
		int y = x - k;

		while (x < s->n_old && y >= 0 && y < s->n_new &&
		       same(s->diff, s->part.old_from + (size_t)x,
			    s->part.new_from + (size_t)y)) {
			x++;
			y++;
		}
		reach[k] = x;
		if (x >= s->n_old && y >= s->n_new)
			return true;
	}
	return false;
}

/* Back from the end, along the rounds. */
static void mark(const struct search *s, struct diff *diff, int n_changes)
{
	int x = s->n_old;
	int y = s->n_new;

	for (int d = n_changes; d > 0; d--) {
		const int *reach = s->rounds.v[d] + CHANGES_MAX + 1;
		int k = x - y;
		bool added = k == -d || (k != d && reach[k - 1] < reach[k + 1]);
		int from = added ? k + 1 : k - 1;

		x = reach[from];
		y = x - from;
		if (added)
			diff->new.changed[s->part.new_from + (size_t)y] = true;
		else
			diff->old.changed[s->part.old_from + (size_t)x] = true;
	}
}

static void mark_all(struct diff *diff, const struct part *p)
{
	for (size_t i = p->old_from; i < p->old_to; i++)
		diff->old.changed[i] = true;
	for (size_t i = p->new_from; i < p->new_to; i++)
		diff->new.changed[i] = true;
}

static void compare(struct diff *diff)
{
	struct search s = {.diff = diff, .part = cut_ends(diff)};
	size_t size = 2 * CHANGES_MAX + 3;
	int *reach = xcalloc(size, sizeof(*reach));
	bool found = false;
	int d = 0;

	s.n_old = (int)(s.part.old_to - s.part.old_from);
	s.n_new = (int)(s.part.new_to - s.part.new_from);
	for (; d <= CHANGES_MAX && !found; d++) {
		int *copy = xcalloc(size, sizeof(*copy));

		memcpy(copy, reach, size * sizeof(*copy));
		*vec_push(&s.rounds) = copy;
		found = extend(&s, reach + CHANGES_MAX + 1, d);
	}
	if (found)
		mark(&s, diff, d - 1);
	else
		mark_all(diff, &s.part);
	for (size_t i = 0; i < s.rounds.n; i++)
		free(s.rounds.v[i]);
	vec_release(&s.rounds);
	free(reach);
}

/* Output. */

static void put_line(struct buf *out, char mark, struct str line)
{
	buf_add_char(out, mark);
	buf_add_str(out, line);
	if (!str_ends(line, "\n"))
		buf_add_c(out, "\n\\ No newline at end of file\n");
}

/* The next line from i, k on that is changed in either; false at the end. */
static bool next_change(const struct diff *d, size_t *i, size_t *k)
{
	while (*i < d->old.lines.n || *k < d->new.lines.n) {
		if (d->old.changed[*i] || d->new.changed[*k])
			return true;
		++*i;
		++*k;
	}
	return false;
}

/* Behind the change at i, k and those that are near. */
static void end_of_hunk(const struct diff *d, size_t *i, size_t *k)
{
	size_t far_i = *i;
	size_t far_k = *k;

	while (next_change(d, &far_i, &far_k) && far_i - *i <= 2 * CONTEXT) {
		while (far_i < d->old.lines.n && d->old.changed[far_i])
			far_i++;
		while (far_k < d->new.lines.n && d->new.changed[far_k])
			far_k++;
		*i = far_i;
		*k = far_k;
	}
}

static void put_range(struct buf *out, char mark, size_t from, size_t n)
{
	buf_printf(out, " %c%zu", mark, n ? from + 1 : from);
	if (n != 1)
		buf_printf(out, ",%zu", n);
}

static void put_hunk(struct buf *out, const struct diff *d, struct part p)
{
	buf_add_c(out, "@@");
	put_range(out, '-', p.old_from, p.old_to - p.old_from);
	put_range(out, '+', p.new_from, p.new_to - p.new_from);
	buf_add_c(out, " @@\n");
	while (p.old_from < p.old_to || p.new_from < p.new_to) {
		if (p.old_from < p.old_to && d->old.changed[p.old_from]) {
			put_line(out, '-', d->old.lines.v[p.old_from++]);
		} else if (p.new_from < p.new_to &&
			   d->new.changed[p.new_from]) {
			put_line(out, '+', d->new.lines.v[p.new_from++]);
		} else {
			put_line(out, ' ', d->old.lines.v[p.old_from++]);
			p.new_from++;
		}
	}
}

static size_t plus(size_t at, size_t max)
{
	return max - at < CONTEXT ? max : at + CONTEXT;
}

static void put_hunks(struct buf *out, const struct diff *d)
{
	size_t i = 0;
	size_t k = 0;

	while (next_change(d, &i, &k)) {
		size_t before = i < CONTEXT ? i : CONTEXT;
		struct part p = {i - before, 0, k - before, 0};

		end_of_hunk(d, &i, &k);
		p.old_to = plus(i, d->old.lines.n);
		p.new_to = plus(k, d->new.lines.n);
		put_hunk(out, d, p);
	}
}

void diff_unified(struct buf *out, const char *name, struct str from,
		  struct str to)
{
	struct diff d = {0};

	if (str_eq(from, to))
		return;
	text_init(&d.old, from);
	text_init(&d.new, to);
	compare(&d);
	buf_printf(out, "--- %s\n+++ %s\n", name, name);
	put_hunks(out, &d);
	text_release(&d.old);
	text_release(&d.new);
}
