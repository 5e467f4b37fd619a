/*
 * Map from strings to pointers, in order of insertion. Keys are borrowed.
 */
#ifndef BASE_STRMAP_H
#define BASE_STRMAP_H

#include "base/str.h"

struct strmap_entry {
	struct str key;
	void *value;
	uint64_t hash;
};

struct strmap {
	struct strmap_entry *entries; /* in order of insertion */
	size_t n;
	size_t cap;
	uint32_t *slots; /* index + 1 into entries, 0 is free */
	size_t n_slots;
};

void strmap_release(struct strmap *m); /* keys and values are the caller's */
#define SCOPED_STRMAP SCOPED(strmap_release)
/* The value, or NULL. */
void *strmap_get(const struct strmap *m, struct str key);
bool strmap_has(const struct strmap *m, struct str key);
/* Insert or replace; the old key stays in its place. */
void strmap_set(struct strmap *m, struct str key, void *value);

#endif
