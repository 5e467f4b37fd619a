#include "oci/inode_names.h"

#include <stdlib.h>

struct inode_name {
	dev_t dev;
	ino_t ino;
	struct str path;
};

static size_t hash(dev_t dev, ino_t ino)
{
	uint64_t h =
		((uint64_t)ino ^ (uint64_t)dev << 32) * 0x9e3779b97f4a7c15u;

	return (size_t)(h ^ h >> 29);
}

/* The slot that holds the inode, or the free one where it belongs. */
static struct inode_name **slot_of(const struct inode_names *t, dev_t dev,
				   ino_t ino)
{
	size_t i = hash(dev, ino) & (t->n_slots - 1);

	while (t->slots[i] &&
	       (t->slots[i]->ino != ino || t->slots[i]->dev != dev))
		i = (i + 1) & (t->n_slots - 1);
	return &t->slots[i];
}

static void grow(struct inode_names *t)
{
	struct inode_names old = *t;

	if (t->n * 2 < t->n_slots)
		return;
	t->n_slots = t->n_slots ? t->n_slots * 2 : 64;
	t->slots = xcalloc(t->n_slots, sizeof(struct inode_name *));
	for (size_t i = 0; i < old.n_slots; i++)
		if (old.slots[i])
			*slot_of(t, old.slots[i]->dev, old.slots[i]->ino) =
				old.slots[i];
	free(old.slots);
}

bool inode_names_find(struct inode_names *t, const struct stat *st,
		      struct str path, struct str *first)
{
	struct inode_name **slot;

	grow(t);
	slot = slot_of(t, st->st_dev, st->st_ino);
	if (*slot) {
		*first = (*slot)->path;
		return true;
	}
	*slot = arena_new(&t->arena, struct inode_name);
	**slot = (struct inode_name){st->st_dev, st->st_ino,
				     arena_str(&t->arena, path)};
	t->n++;
	return false;
}

void inode_names_release(struct inode_names *t)
{
	arena_release(&t->arena);
	free(t->slots);
	*t = (struct inode_names){0};
}
