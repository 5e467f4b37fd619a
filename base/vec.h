/*
 * Typed vectors on the heap: `VEC(struct step) steps = {0};`.
 * vec_push gives the address of a new, zeroed element; addresses move with
 * the next push.
 */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define VEC(type)           \
	struct {            \
		type *v;    \
		size_t n;   \
		size_t cap; \
	}

#define vec_push(vec)                                        \
	(vec_grow((void **)&(vec)->v, &(vec)->cap, (vec)->n, \
		  sizeof(*(vec)->v)),                        \
	 memset(&(vec)->v[(vec)->n], 0, sizeof(*(vec)->v)),  \
	 &(vec)->v[(vec)->n++])

#define vec_release(vec) \
	(free((vec)->v), (vec)->v = NULL, (vec)->n = 0, (vec)->cap = 0)

static inline void vec_grow(void **v, size_t *cap, size_t n, size_t size)
{
	if (n < *cap)
		return;
	*cap = *cap ? *cap * 2 : 8;
	*v = xreallocarray(*v, *cap, size);
}

#endif
