#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 16 * 1024 };

struct arena_block {
	struct arena_block *next;
	size_t size;
	alignas(max_align_t) unsigned char bytes[];
};

void arena_release(struct arena *a)
{
	struct arena_block *b = a->head;

	while (b) {
		struct arena_block *next = b->next;

		free(b);
		b = next;
	}
	*a = (struct arena){0};
}

static struct arena_block *block_new(size_t size, struct arena_block *next)
{
	struct arena_block *b;

	b = xcalloc(1, sizeof(*b) + size);
	b->size = size;
	b->next = next;
	return b;
}

void *arena_alloc(struct arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	void *p;

	if (n > SIZE_MAX / 2)
		abort();
	n = (n + align - 1) / align * align;
	if (a->head && n > BLOCK_SIZE / 4) {
		/* A large one gets its own block behind the one being filled.
		 */
		a->head->next = block_new(n, a->head->next);
		return a->head->next->bytes;
	}
	if (!a->head || a->head->size - a->used < n) {
		a->head = block_new(n > BLOCK_SIZE ? n : BLOCK_SIZE, a->head);
		a->used = 0;
	}
	p = a->head->bytes + a->used;
	a->used += n;
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		abort();
	return arena_alloc(a, n * size);
}

void *arena_append(struct arena *a, const void *v, size_t n, size_t size,
		   struct arena_room **room)
{
	struct arena_room *r = *room;
	void *grown;

	if (r && r->used == n && n < r->cap) {
		r->used++;
		return (void *)(uintptr_t)v;
	}
	r = arena_new(a, struct arena_room);
	r->cap = n < 4 ? 8 : 2 * n;
	r->used = n + 1;
	grown = arena_array(a, r->cap, size);
	if (n)
		memcpy(grown, v, n * size);
	*room = r;
	return grown;
}

struct str arena_str(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);

	if (s.n)
		memcpy(p, s.p, s.n);
	return (struct str){p, s.n};
}

char *arena_c(struct arena *a, struct str s)
{
	return (char *)arena_str(a, s).p;
}

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	char small[128];
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	if (n < 0)
		abort();
	if ((size_t)n < sizeof(small)) {
		va_end(again);
		return arena_str(a, (struct str){small, (size_t)n});
	}
	p = arena_alloc(a, (size_t)n + 1);
	(void)vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){p, (size_t)n};
}

struct str arena_printf(struct arena *a, const char *fmt, ...)
{
	struct str out;
	va_list ap;

	va_start(ap, fmt);
	out = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return out;
}
