#include "base/strmap.h"

#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>

/* FNV-1a with a final mix; keys come from files of bounded size. */
static uint64_t hash_of(struct str key)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (size_t i = 0; i < key.n; i++)
		h = (h ^ (unsigned char)key.p[i]) * 0x100000001b3u;
	return h ^ h >> 29;
}

void strmap_release(struct strmap *m)
{
	free(m->entries);
	free(m->slots);
	*m = (struct strmap){0};
}

/* The slot that holds key, or the free one where it belongs. */
static uint32_t *find_slot(const struct strmap *m, struct str key,
			   uint64_t hash)
{
	size_t i = (size_t)hash & (m->n_slots - 1);

	for (;; i = (i + 1) & (m->n_slots - 1)) {
		uint32_t at = m->slots[i];

		if (at == 0)
			return &m->slots[i];
		if (m->entries[at - 1].hash == hash &&
		    str_eq(m->entries[at - 1].key, key))
			return &m->slots[i];
	}
}

static struct strmap_entry *find(const struct strmap *m, struct str key)
{
	uint32_t at;

	if (m->n == 0)
		return NULL;
	at = *find_slot(m, key, hash_of(key));
	return at ? &m->entries[at - 1] : NULL;
}

void *strmap_get(const struct strmap *m, struct str key)
{
	const struct strmap_entry *entry = find(m, key);

	return entry ? entry->value : NULL;
}

bool strmap_has(const struct strmap *m, struct str key)
{
	return find(m, key) != NULL;
}

static void grow(struct strmap *m)
{
	if (m->n < m->cap)
		return;
	m->cap = m->cap ? m->cap * 2 : 16;
	m->entries = xreallocarray(m->entries, m->cap, sizeof(*m->entries));
	m->n_slots = m->cap * 2;
	free(m->slots);
	m->slots = xcalloc(m->n_slots, sizeof(*m->slots));
	for (size_t i = 0; i < m->n; i++)
		*find_slot(m, m->entries[i].key, m->entries[i].hash) =
			(uint32_t)i + 1;
}

void strmap_set(struct strmap *m, struct str key, void *value)
{
	struct strmap_entry *entry = find(m, key);
	uint64_t hash = hash_of(key);

	if (entry) {
		entry->value = value;
		return;
	}
	grow(m);
	assert(m->entries && m->slots);
	m->entries[m->n] = (struct strmap_entry){key, value, hash};
	*find_slot(m, key, hash) = (uint32_t)++m->n;
}
