#include "parser/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void diags_init(struct diags *d, struct arena *a)
{
	*d = (struct diags){.arena = a};
}

void diags_release(struct diags *d)
{
	free(d->v);
	*d = (struct diags){.arena = d->arena};
}

struct diag *diag_add(struct diags *d, const char *id,
		      enum diag_severity severity, struct span span,
		      const char *fmt, ...)
{
	struct diag *diag;
	va_list ap;

	if (severity == DIAG_ERROR)
		d->n_errors++;
	if (d->n_max && d->n >= d->n_max)
		return &d->dropped;
	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 8;
		d->v = xreallocarray(d->v, d->cap, sizeof(*d->v));
	}
	diag = &d->v[d->n++];
	*diag = (struct diag){.id = id, .severity = severity, .span = span};
	va_start(ap, fmt);
	diag->text = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
	return diag;
}

void diag_hint(struct diags *d, struct diag *diag, const char *fmt, ...)
{
	va_list ap;

	if (diag == &d->dropped)
		return;
	va_start(ap, fmt);
	diag->hint = arena_vprintf(d->arena, fmt, ap);
	va_end(ap);
}

static int compare(const struct diag *a, const struct diag *b)
{
	if (a->span.offset != b->span.offset)
		return a->span.offset < b->span.offset ? -1 : 1;
	if (a->severity != b->severity)
		return a->severity < b->severity ? -1 : 1;
	return 0;
}

static void merge(struct diag *to, const struct diag *a, size_t n_a,
		  const struct diag *b, size_t n_b)
{
	while (n_a && n_b) {
		if (compare(a, b) <= 0) {
			*to++ = *a++;
			n_a--;
		} else {
			*to++ = *b++;
			n_b--;
		}
	}
	while (n_a--)
		*to++ = *a++;
	while (n_b--)
		*to++ = *b++;
}

/* Merge sort from the bottom up: stable, which qsort is not. */
void diags_sort(struct diags *d)
{
	struct diag *from = d->v;
	struct diag *to;
	struct diag *spare;

	if (d->n < 2)
		return;
	spare = xreallocarray(NULL, d->cap, sizeof(*spare));
	to = spare;
	for (size_t width = 1; width < d->n; width *= 2) {
		struct diag *swap = from;

		for (size_t i = 0; i < d->n; i += 2 * width) {
			size_t left = d->n - i;
			size_t n_a = left < width ? left : width;
			size_t n_b = left - n_a < width ? left - n_a : width;

			merge(to + i, from + i, n_a, from + i + n_a, n_b);
		}
		from = to;
		to = swap;
	}
	d->v = from;
	free(to);
}
