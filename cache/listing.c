#include "cache/listing.h"

#include "base/buf.h"
#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	TOLD_MAX = 8, /* files that are named; the rest are counted */
	PENDING_BYTES = 64 * 1024,
	PATH_BYTES = 128,
};

static const char MAGIC[] = "listing/1\n";

/* An entry, in a listing or of a walk. */
struct entry {
	struct str path;
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	struct digest content;
};

struct listing {
	struct tree_reader reader;
	const struct store *store;
	enum tree_owner owner;
	struct str component;
	struct reasons *reasons;
	uint64_t n_told;
	uint64_t n_more;

	/* What is compared with. */
	bool compare;
	struct buf before;
	struct str rest; /* of it, from the entry that is next */

	/* What is kept. */
	char final[PATH_BYTES];
	char draft[PATH_BYTES];
	int work_fd;
	int fd; /* -1: nothing is */
	struct buf pending;
};

static void path_of(const struct digest *content, char *out)
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, PATH_BYTES, "listings/%s",
		       digest_hex(content, hex));
}

/* --- comparing ---------------------------------------------------------- */

static uint32_t get_u32(const char *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	return n;
}

/* The entry at the beginning of rest; its length, 0 where there is none. */
static size_t parse_entry(struct str rest, struct entry *out)
{
	const size_t fixed = 3 * sizeof(uint32_t) + DIGEST_SIZE;
	const char *p = rest.p;
	size_t n;

	if (rest.n < sizeof(uint32_t))
		return 0;
	n = get_u32(p);
	if (rest.n - sizeof(uint32_t) < fixed ||
	    rest.n - sizeof(uint32_t) - fixed < n)
		return 0;
	p += sizeof(uint32_t);
	out->path = (struct str){p, n};
	p += n;
	out->mode = get_u32(p);
	out->uid = get_u32(p + 4);
	out->gid = get_u32(p + 8);
	memcpy(out->content.bytes, p + 12, DIGEST_SIZE);
	return sizeof(uint32_t) + n + fixed;
}

/* The order of walks: component by component, so '/' comes before all. */
static int compare_paths(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)a.p[i];
		unsigned char y = (unsigned char)b.p[i];

		if (x == y)
			continue;
		if (x == '/' || y == '/')
			return x == '/' ? -1 : 1;
		return x < y ? -1 : 1;
	}
	return a.n == b.n ? 0 : a.n < b.n ? -1 : 1;
}

/* NULL where enough are named. */
static struct reason *tell(struct listing *l, struct str path,
			   enum reason_field field)
{
	struct reason *out;

	if (l->n_told == TOLD_MAX) {
		l->n_more++;
		return NULL;
	}
	l->n_told++;
	out = reasons_add(l->reasons, REASON_FILE);
	out->component = l->component;
	out->subject = arena_str(&l->reasons->arena, path);
	out->field = field;
	return out;
}

static void tell_values(struct listing *l, struct str path,
			enum reason_field field, const char *format,
			const uint32_t before[2], const uint32_t after[2])
{
	struct reason *out = tell(l, path, field);

	if (!out)
		return;
	out->had_before = true;
	out->has_after = true;
	out->before =
		arena_printf(&l->reasons->arena, format, before[0], before[1]);
	out->after =
		arena_printf(&l->reasons->arena, format, after[0], after[1]);
}

static void compare_entries(struct listing *l, const struct entry *a,
			    const struct entry *b)
{
	if ((a->mode ^ b->mode) & S_IFMT) {
		(void)tell(l, b->path, REASON_FIELD_TYPE);
		return;
	}
	if (!digest_eq(&a->content, &b->content))
		(void)tell(l, b->path, REASON_FIELD_CONTENT);
	if (a->mode != b->mode)
		tell_values(l, b->path, REASON_FIELD_MODE, "%04o",
			    (const uint32_t[]){a->mode & 07777, 0},
			    (const uint32_t[]){b->mode & 07777, 0});
	if (a->uid != b->uid || a->gid != b->gid)
		tell_values(l, b->path, REASON_FIELD_OWNER, "%u:%u",
			    (const uint32_t[]){a->uid, a->gid},
			    (const uint32_t[]){b->uid, b->gid});
}

/* Entries of before that the walk has passed are gone. */
static void compare_next(struct listing *l, const struct entry *now)
{
	struct entry old;
	size_t n;

	while ((n = parse_entry(l->rest, &old)) > 0) {
		int order = now ? compare_paths(old.path, now->path) : -1;

		if (order > 0)
			break;
		l->rest = str_skip(l->rest, n);
		if (order == 0) {
			compare_entries(l, &old, now);
			return;
		}
		(void)tell(l, old.path, REASON_FIELD_GONE);
	}
	if (now)
		(void)tell(l, now->path, REASON_FIELD_ADDED);
}

static void open_before(struct listing *l, const struct digest *before)
{
	char path[PATH_BYTES];
	struct err ignored;

	path_of(before, path);
	if (io_read_file(l->store->fd, path, &l->before, &ignored) <= 0)
		return;
	l->rest = buf_str(&l->before);
	if (!str_starts(l->rest, MAGIC))
		return;
	l->rest = str_skip(l->rest, sizeof(MAGIC) - 1);
	l->compare = true;
}

/* --- keeping ------------------------------------------------------------ */

static void flush(struct listing *l)
{
	struct err ignored; /* what can't be kept explains nothing later */

	if (l->fd >= 0 && io_write_all(l->fd, l->pending.p, l->pending.n,
				       "listing", &ignored) < 0) {
		(void)close(l->fd);
		l->fd = -1;
	}
	buf_clear(&l->pending);
}

static void keep(struct listing *l, const struct entry *entry)
{
	const uint32_t n = (uint32_t)entry->path.n;
	const uint32_t numbers[] = {entry->mode, entry->uid, entry->gid};

	if (l->fd < 0)
		return;
	if (l->pending.n + entry->path.n + 64 > PENDING_BYTES)
		flush(l);
	buf_add(&l->pending, &n, sizeof(n));
	buf_add_str(&l->pending, entry->path);
	buf_add(&l->pending, numbers, sizeof(numbers));
	buf_add(&l->pending, entry->content.bytes, DIGEST_SIZE);
}

static void open_draft(struct listing *l, const struct digest *content)
{
	SCOPED_BUF struct buf name = BUF_INIT(PATH_BYTES);

	path_of(content, l->final);
	if (faccessat(l->store->fd, l->final, F_OK, 0) == 0)
		return;
	io_unique_name(&name, "listing-");
	(void)snprintf(l->draft, sizeof(l->draft), "%s", buf_c(&name));
	l->fd = openat(l->work_fd, l->draft,
		       O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	buf_add_c(&l->pending, MAGIC);
}

/* --- both --------------------------------------------------------------- */

static int on_entry(struct tree_reader *r, const struct tree_entry *entry,
		    const struct digest *content, struct err *e)
{
	struct listing *l = (struct listing *)r;
	const bool owned = l->owner == TREE_OWNER_COUNTS;
	const struct entry now = {
		.path = entry->path,
		.mode = entry->st->st_mode,
		.uid = owned ? entry->st->st_uid : 0,
		.gid = owned ? entry->st->st_gid : 0,
		.content = *content,
	};

	(void)e;
	keep(l, &now);
	if (l->compare)
		compare_next(l, &now);
	return 0;
}

struct listing *listing_begin(const struct store *s, int work_fd,
			      const struct digest *content,
			      const struct digest *before,
			      enum tree_owner owner, struct str component,
			      struct reasons *reasons)
{
	struct listing *l = xcalloc(1, sizeof(*l));

	*l = (struct listing){
		.reader.entry = on_entry,
		.store = s,
		.work_fd = work_fd,
		.owner = owner,
		/* reasons outlive what was compared */
		.component = arena_str(&reasons->arena, component),
		.reasons = reasons,
		.before = BUF_INIT(LISTING_MAX_BYTES),
		.pending = BUF_INIT(2 * PENDING_BYTES),
		.fd = -1,
	};
	open_draft(l, content);
	if (before)
		open_before(l, before);
	return l;
}

struct tree_reader *listing_reader(struct listing *l)
{
	return &l->reader;
}

void listing_end(struct listing *l, bool complete)
{
	if (complete && l->compare)
		compare_next(l, NULL);
	if (l->n_more) {
		struct reason *more = reasons_add(l->reasons, REASON_MORE);

		more->component = l->component;
		more->count = l->n_more;
	}
	flush(l);
	/* what stays in the folder goes with it */
	if (complete && l->fd >= 0)
		(void)renameat(l->work_fd, l->draft, l->store->fd, l->final);
	scoped_close(&l->fd);
	buf_release(&l->before);
	buf_release(&l->pending);
	free(l);
}
