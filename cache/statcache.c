#include "cache/statcache.h"

#include "base/io.h"
#include "base/mem.h"
#include "base/vec.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Coarsest tick that a kernel stamps ctime with, and then some. */
static const int64_t RACY_NS = 20 * 1000 * 1000;

struct header {
	char magic[8];
	uint64_t n_slots;
	uint64_t n_entries;
};

struct slot {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
	uint32_t mode;	/* never 0 in use */
	uint32_t check; /* over all the rest: slot_check */
	struct digest digest;
};

struct statcache {
	int dirfd; /* borrowed */
	char *path;
	void *map;
	size_t map_bytes;
	const struct slot *slots;
	size_t n_slots;
	uint8_t *seen; /* a bit for each slot that was asked for; atomic */
	pthread_mutex_t lock; /* of added */
	VEC(struct slot) added;
};

static const char MAGIC[8] = {'i', 'm', 'g', 's', 't', 'a', 't', '2'};

static int64_t timespec_ns(struct timespec ts)
{
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static size_t slot_hash(uint64_t device, uint64_t inode)
{
	uint64_t h = (inode ^ device << 40) * 0x9e3779b97f4a7c15u;

	return (size_t)(h ^ h >> 32);
}

/*
 * A slot is believed by itself, so that a file of any size is checked as far as
 * it is used, and one that was exchanged for another stat cache is as good.
 */
static uint32_t slot_check(const struct slot *slot)
{
	struct slot copy = *slot;
	const unsigned char *p = (const unsigned char *)&copy;
	uint64_t h = 0x9e3779b97f4a7c15u;

	copy.check = 0;
	for (size_t i = 0; i < sizeof(copy); i += sizeof(uint64_t)) {
		uint64_t word;

		memcpy(&word, p + i, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return (uint32_t)h;
}

static struct slot slot_of(const struct stat *st)
{
	return (struct slot){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime_ns = timespec_ns(st->st_mtim),
		.ctime_ns = timespec_ns(st->st_ctim),
		.mode = st->st_mode,
	};
}

static bool same_file(const struct slot *a, const struct slot *b)
{
	return a->inode == b->inode && a->device == b->device;
}

static bool same_stat(const struct slot *a, const struct slot *b)
{
	return same_file(a, b) && a->size == b->size &&
	       a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns &&
	       a->mode == b->mode;
}

/* The header's numbers agree with the file's size. */
static bool header_fits(const struct header *h, size_t file_bytes)
{
	return memcmp(h->magic, MAGIC, sizeof(MAGIC)) == 0 && h->n_slots &&
	       (h->n_slots & (h->n_slots - 1)) == 0 &&
	       h->n_slots <= file_bytes / sizeof(struct slot) &&
	       h->n_entries < h->n_slots &&
	       sizeof(*h) + h->n_slots * sizeof(struct slot) == file_bytes;
}

static void map_file(struct statcache *c, int fd)
{
	struct stat st;
	const struct header *h;

	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof(struct header))
		return;
	c->map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (c->map == MAP_FAILED) {
		c->map = NULL;
		return;
	}
	c->map_bytes = (size_t)st.st_size;
	h = c->map;
	if (!header_fits(h, c->map_bytes))
		return;
	c->slots = (const struct slot *)(h + 1);
	c->n_slots = h->n_slots;
	c->seen = xcalloc(c->n_slots / 8 + 1, 1);
}

struct statcache *statcache_open(int dirfd, const char *path)
{
	struct statcache *c = xcalloc(1, sizeof(*c));
	SCOPED_FD int fd =
		openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	c->dirfd = dirfd;
	c->path = xstrdup(path);
	(void)pthread_mutex_init(&c->lock, NULL);
	if (fd >= 0)
		map_file(c, fd);
	return c;
}

void statcache_free(struct statcache *c)
{
	if (!c)
		return;
	if (c->map)
		(void)munmap(c->map, c->map_bytes);
	(void)pthread_mutex_destroy(&c->lock);
	vec_release(&c->added);
	free(c->seen);
	free(c->path);
	free(c);
}

static void mark_seen(struct statcache *c, size_t i)
{
	uint8_t bit = (uint8_t)(1u << i % 8);

	(void)__atomic_fetch_or(&c->seen[i / 8], bit, __ATOMIC_RELAXED);
}

bool statcache_get(struct statcache *c, const struct stat *st,
		   struct digest *out)
{
	struct slot want = slot_of(st);
	size_t mask = c->n_slots - 1;
	size_t i = slot_hash(want.device, want.inode) & mask;

	/* bounded even where a damaged file has no free slot */
	for (size_t n = 0; n < c->n_slots && c->slots[i].mode; n++) {
		if (same_file(&c->slots[i], &want)) {
			if (!same_stat(&c->slots[i], &want) ||
			    c->slots[i].check != slot_check(&c->slots[i]))
				return false;
			mark_seen(c, i);
			*out = c->slots[i].digest;
			return true;
		}
		i = (i + 1) & mask;
	}
	return false;
}

void statcache_put(struct statcache *c, const struct stat *st,
		   const struct digest *d, int64_t read_started_ns)
{
	struct slot slot = slot_of(st);

	if (slot.ctime_ns > read_started_ns - RACY_NS)
		return;
	slot.digest = *d;
	slot.check = slot_check(&slot);
	(void)pthread_mutex_lock(&c->lock);
	*vec_push(&c->added) = slot;
	(void)pthread_mutex_unlock(&c->lock);
}

static void insert(struct slot *slots, size_t n_slots, const struct slot *slot,
		   size_t *n_entries)
{
	size_t i = slot_hash(slot->device, slot->inode) & (n_slots - 1);

	while (slots[i].mode) {
		if (same_file(&slots[i], slot))
			return; /* the newer one came first */
		i = (i + 1) & (n_slots - 1);
	}
	slots[i] = *slot;
	(*n_entries)++;
}

static bool was_seen(const struct statcache *c, size_t i)
{
	return c->seen[i / 8] >> i % 8 & 1;
}

/* Not what the header says: in a damaged file that may be less. */
static size_t count_used(const struct statcache *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_slots; i++)
		n += c->slots[i].mode != 0;
	return n;
}

static size_t count_seen(const struct statcache *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_slots; i++)
		n += was_seen(c, i);
	return n;
}

int statcache_save(struct statcache *c, struct err *e)
{
	size_t n_old;
	size_t n_live;
	bool keep_unseen;
	size_t n_slots = 64;
	size_t bytes;
	struct header *h;
	int result;

	if (c->added.n == 0)
		return 0;
	n_old = count_used(c);
	n_live = c->added.n + count_seen(c);
	keep_unseen = n_old <= 4 * n_live + 10000;
	while (n_slots < 2 * (c->added.n + n_old))
		n_slots *= 2;
	bytes = sizeof(*h) + n_slots * sizeof(struct slot);
	h = xcalloc(1, bytes);
	memcpy(h->magic, MAGIC, sizeof(MAGIC));
	h->n_slots = n_slots;
	for (size_t i = c->added.n; i > 0; i--)
		insert((struct slot *)(h + 1), n_slots, &c->added.v[i - 1],
		       &h->n_entries);
	for (size_t i = 0; i < c->n_slots; i++)
		if (c->slots[i].mode && (keep_unseen || was_seen(c, i)))
			insert((struct slot *)(h + 1), n_slots, &c->slots[i],
			       &h->n_entries);
	result = io_replace_file(c->dirfd, c->path,
				 (struct str){(char *)h, bytes}, IO_CACHED, e);
	free(h);
	return result;
}
