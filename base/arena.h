/*
 * Arena: many small allocations that live and die together.
 * One per parsed file and one per plan; nothing in it is freed by itself.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/mem.h"
#include "base/str.h"

#include <stdarg.h>

struct arena_block;

struct arena {
	struct arena_block *head; /* the block being filled, then older ones */
	size_t used;
};

void arena_release(struct arena *a);
#define SCOPED_ARENA SCOPED(arena_release)

/* Zeroed memory, aligned for any type. Never NULL. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t n, size_t size);
/* Copies are NUL-terminated past their length, so .p is a C string too. */
struct str arena_str(struct arena *a, struct str s);
char *arena_c(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct str arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/*
 * Lists that are values: whoever holds one keeps what it has while another
 * holder appends. room remembers how much of the memory behind a list is taken;
 * the longest list of a family grows in place, any other into a copy.
 */
struct arena_room {
	size_t cap;
	size_t used;
};

/*
 * v (n elements) with place for one more at [n]. *room is NULL for a list that
 * was not made here.
 */
void *arena_append(struct arena *a, const void *v, size_t n, size_t size,
		   struct arena_room **room);

#define arena_new(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define arena_new_array(a, n, type) \
	((type *)arena_array((a), (n), sizeof(type)))

#endif
