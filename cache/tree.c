#include "cache/tree.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/path.h"
#include "base/vec.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Deeper than any path a system call takes; bounds the recursion. */
enum { MAX_DEPTH = 2048 };

/* A folder on the way down that may be out itself. */
struct frame {
	struct tree_entry entry;
	struct stat st;
	bool visited;
};

struct walker {
	const struct tree *tree;
	struct tree_visitor *visitor;
	struct buf path; /* of the entry at hand */
	size_t base_n;	 /* of it, the part before rel */
	size_t base_depth;
	VEC(struct frame *) frames;
	bool any;
};

static enum tree_verdict check(const struct walker *w,
			       const struct tree_entry *entry)
{
	enum tree_verdict verdict = TREE_IN;

	for (size_t i = 0; i < w->tree->n_filters; i++) {
		struct tree_filter *f = w->tree->filters[i];

		switch (f->check(f, entry)) {
		case TREE_IN: break;
		case TREE_DESCEND: verdict = TREE_DESCEND; break;
		case TREE_OUT: return TREE_OUT;
		}
	}
	return verdict;
}

static void set_paths(struct walker *w, struct tree_entry *entry)
{
	entry->path = buf_str(&w->path);
	entry->rel = str_skip(entry->path, w->base_n);
	if (entry->rel.n && entry->rel.p[0] == '/')
		entry->rel = str_skip(entry->rel, 1);
}

static int visit(struct walker *w, const struct tree_entry *entry,
		 struct err *e)
{
	w->any = true;
	return w->visitor->entry(w->visitor, entry, e);
}

/* Folders that were out come in with their first content. */
static int visit_pending(struct walker *w, struct err *e)
{
	for (size_t i = 0; i < w->frames.n; i++) {
		struct frame *f = w->frames.v[i];

		if (f->visited)
			continue;
		f->visited = true;
		if (visit(w, &f->entry, e) < 0)
			return -1;
	}
	return 0;
}

static int walk_folder(struct walker *w, const struct view_dir *dir,
		       struct frame *frame, struct err *e);

/* One entry below (or at) the start, found in parent. */
static int walk_entry(struct walker *w, const struct view_dir *parent,
		      const char *name, size_t depth, struct err *e)
{
	struct view_entry found;
	SCOPED_VIEW_DIR struct view_dir inner = {0};
	struct frame frame = {0};
	enum tree_verdict verdict;
	int result = view_dir_find(parent, name, &found, e);

	if (result <= 0)
		return result;
	frame.st = found.st;
	frame.entry = (struct tree_entry){
		.depth = depth,
		.rel_depth = depth - w->base_depth,
		.name = name,
		.dirfd = found.dirfd,
		.st = &frame.st,
	};
	set_paths(w, &frame.entry);
	verdict = check(w, &frame.entry);
	if (verdict == TREE_OUT)
		return 0;
	if (!S_ISDIR(found.st.st_mode)) {
		if (verdict != TREE_IN)
			return 0;
		if (visit_pending(w, e) < 0)
			return -1;
		return visit(w, &frame.entry, e);
	}
	if (view_dir_enter(parent, name, &found, &inner, e) < 0)
		return err_wrap(e, "%s", buf_c(&w->path));
	if (verdict == TREE_IN) {
		if (visit_pending(w, e) < 0 || visit(w, &frame.entry, e) < 0)
			return -1;
		frame.visited = true;
	}
	return walk_folder(w, &inner, &frame, e);
}

static int walk_children(struct walker *w, const struct view_dir *dir,
			 size_t depth, struct err *e)
{
	SCOPED_ARENA struct arena names_arena = {0};
	struct str *names;
	size_t n_names;
	size_t path_n = w->path.n;

	if (view_dir_list(dir, &names_arena, &names, &n_names, e) < 0)
		return err_wrap(e, "%s", path_n ? buf_c(&w->path) : ".");
	for (size_t i = 0; i < n_names; i++) {
		if (path_n)
			buf_add_char(&w->path, '/');
		buf_add_str(&w->path, names[i]);
		if (buf_check(&w->path, "path", e) < 0 ||
		    walk_entry(w, dir, names[i].p, depth, e) < 0)
			return -1;
		w->path.n = path_n;
		w->path.p[path_n] = '\0';
	}
	return 0;
}

static int walk_folder(struct walker *w, const struct view_dir *dir,
		       struct frame *frame, struct err *e)
{
	/* the path buffer may move: what is kept across children is a copy */
	SCOPED_ARENA struct arena a = {0};
	size_t depth = frame->entry.depth;

	if (depth >= MAX_DEPTH)
		return err_set(e, ERR_LIMIT, "folders nested more than %d deep",
			       MAX_DEPTH);
	frame->entry.path = arena_str(&a, frame->entry.path);
	frame->entry.rel = str_skip(frame->entry.path,
				    frame->entry.path.n - frame->entry.rel.n);
	*vec_push(&w->frames) = frame;
	if (walk_children(w, dir, depth + 1, e) < 0)
		return -1;
	w->frames.n--;
	if (frame->visited && w->visitor->leave)
		return w->visitor->leave(w->visitor, &frame->entry, e);
	return 0;
}

static int walk_root(struct walker *w, const struct view_dir *root,
		     struct err *e)
{
	struct frame frame = {0};

	if (root->n == 0)
		return 0;
	if (fstat(root->fds[0], &frame.st) < 0)
		return err_sys(e, "stat the root");
	frame.entry = (struct tree_entry){
		.name = ".", .dirfd = root->fds[0], .st = &frame.st};
	frame.visited = true;
	if (visit(w, &frame.entry, e) < 0)
		return -1;
	return walk_folder(w, root, &frame, e);
}

/* Go down to the parent of the start, asking the filters on the way. */
static int descend(struct walker *w, struct str path, struct view_dir *dir,
		   struct err *e)
{
	struct str component;
	size_t depth = 0;

	while (path_next(&path, &component)) {
		SCOPED_PTR char *name = str_dup(component);
		struct view_entry found;
		struct view_dir inner;
		struct tree_entry entry = {.depth = ++depth, .name = name};
		int result;

		if (w->path.n)
			buf_add_char(&w->path, '/');
		buf_add_str(&w->path, component);
		if (path.n == 0) {
			w->base_n = w->path.n;
			w->base_depth = depth;
			return walk_entry(w, dir, name, depth, e);
		}
		result = view_dir_find(dir, name, &found, e);
		if (result <= 0 || !S_ISDIR(found.st.st_mode))
			return result < 0 ? -1 : 0;
		entry.path = buf_str(&w->path);
		entry.st = &found.st;
		entry.dirfd = found.dirfd;
		if (check(w, &entry) == TREE_OUT)
			return 0;
		if (view_dir_enter(dir, name, &found, &inner, e) < 0)
			return -1;
		view_dir_release(dir);
		*dir = inner;
	}
	return walk_root(w, dir, e);
}

int tree_walk(const struct tree *t, struct str path, struct tree_visitor *v,
	      struct err *e)
{
	struct walker w = {.tree = t, .visitor = v, .path = BUF_INIT(1u << 20)};
	struct view_dir dir;
	int result;

	if (view_open_root(&t->view, &dir, e) < 0)
		return -1;
	result = descend(&w, path, &dir, e);
	view_dir_release(&dir);
	buf_release(&w.path);
	vec_release(&w.frames);
	return result < 0 ? -1 : w.any;
}

enum { CHUNK_BYTES = 256 * 1024 };

/* The visitor behind tree_read. */
struct content_visitor {
	struct tree_visitor visitor;
	struct tree_reader *reader;
	struct statcache *cache;
	char *chunk; /* CHUNK_BYTES; NULL until a file is read */
};

static void hash_u64(struct sha256 *s, uint64_t n)
{
	uint8_t bytes[8];

	for (int i = 0; i < 8; i++)
		bytes[i] = (uint8_t)(n >> (8 * i));
	sha256_update(s, bytes, sizeof(bytes));
}

static void add_seen(struct sha256 *seen, const struct stat *st)
{
	hash_u64(seen, st->st_ino);
	hash_u64(seen, (uint64_t)st->st_size);
	hash_u64(seen, (uint64_t)st->st_ctim.tv_sec);
	hash_u64(seen, (uint64_t)st->st_ctim.tv_nsec);
}

static void hash_str(struct sha256 *s, struct str v)
{
	hash_u64(s, v.n);
	sha256_update(s, v.p, v.n);
}

static int hash_bytes(struct content_visitor *h, int fd, struct sha256 *s,
		      const char *name, struct err *e)
{
	size_t got;

	if (!h->chunk)
		h->chunk = xmalloc(CHUNK_BYTES);
	do {
		if (io_read_full(fd, h->chunk, CHUNK_BYTES, &got, name, e) < 0)
			return -1;
		sha256_update(s, h->chunk, got);
	} while (got == CHUNK_BYTES);
	return 0;
}

/* Folders and files can be opened; their attribute joins the content. */
static int hash_opened(struct content_visitor *h,
		       const struct tree_entry *entry, struct sha256 *s,
		       struct err *e)
{
	char value[TREE_XATTR_MAX];
	ssize_t n;
	SCOPED_FD int fd =
		openat(entry->dirfd, entry->name,
		       O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return err_sys(e, "open %.*s", STR_ARG(entry->path));
	if (S_ISREG(entry->st->st_mode) &&
	    hash_bytes(h, fd, s, entry->name, e) < 0)
		return -1;
	n = fgetxattr(fd, TREE_XATTR, value, sizeof(value));
	if (n > 0)
		hash_str(s, (struct str){value, (size_t)n});
	return 0;
}

static int hash_link(const struct tree_entry *entry, struct sha256 *s,
		     struct err *e)
{
	char target[PATH_MAX];
	ssize_t n =
		readlinkat(entry->dirfd, entry->name, target, sizeof(target));

	if (n < 0)
		return err_sys(e, "read link %.*s", STR_ARG(entry->path));
	sha256_update(s, target, (size_t)n);
	return 0;
}

static int content_digest(struct content_visitor *h,
			  const struct tree_entry *entry, struct digest *out,
			  struct err *e)
{
	struct sha256 s;
	int64_t started_ns;
	int result = 0;

	if (h->cache && statcache_get(h->cache, entry->st, out))
		return 0;
	started_ns = clock_realtime_ns();
	sha256_init(&s);
	if (S_ISREG(entry->st->st_mode) || S_ISDIR(entry->st->st_mode))
		result = hash_opened(h, entry, &s, e);
	else if (S_ISLNK(entry->st->st_mode))
		result = hash_link(entry, &s, e);
	if (result < 0)
		return -1;
	sha256_final(&s, out);
	if (h->cache)
		statcache_put(h->cache, entry->st, out, started_ns);
	return 0;
}

static int read_entry(struct tree_visitor *v, const struct tree_entry *entry,
		      struct err *e)
{
	struct content_visitor *c = (struct content_visitor *)v;
	struct digest content;

	if (content_digest(c, entry, &content, e) < 0)
		return -1;
	return c->reader->entry(c->reader, entry, &content, e);
}

int tree_read(const struct tree *t, struct str path, struct statcache *cache,
	      struct tree_reader *reader, struct err *e)
{
	struct content_visitor c = {
		.visitor.entry = read_entry,
		.reader = reader,
		.cache = cache,
	};
	int result = tree_walk(t, path, &c.visitor, e);

	free(c.chunk);
	return result;
}

struct hasher {
	struct tree_reader reader;
	struct sha256 *hash;
	struct sha256 *seen;
	enum tree_owner owner;
};

static int hash_entry(struct tree_reader *r, const struct tree_entry *entry,
		      const struct digest *content, struct err *e)
{
	struct hasher *h = (struct hasher *)r;

	(void)e;
	if (h->seen)
		add_seen(h->seen, entry->st);
	hash_str(h->hash, entry->rel);
	hash_u64(h->hash, entry->st->st_mode);
	if (h->owner == TREE_OWNER_COUNTS)
		hash_u64(h->hash,
			 (uint64_t)entry->st->st_uid << 32 | entry->st->st_gid);
	if (S_ISCHR(entry->st->st_mode) || S_ISBLK(entry->st->st_mode))
		hash_u64(h->hash, entry->st->st_rdev);
	/* tells where a file's bytes end and its attribute begins */
	if (S_ISREG(entry->st->st_mode))
		hash_u64(h->hash, (uint64_t)entry->st->st_size);
	sha256_update(h->hash, content->bytes, DIGEST_SIZE);
	return 0;
}

int tree_hash(const struct tree *t, struct str path, enum tree_owner owner,
	      struct statcache *cache, struct sha256 *hash, struct sha256 *seen,
	      struct err *e)
{
	struct hasher h = {{hash_entry}, hash, seen, owner};

	return tree_read(t, path, cache, &h.reader, e);
}

struct seer {
	struct tree_visitor visitor;
	struct sha256 *seen;
};

static int see_entry(struct tree_visitor *v, const struct tree_entry *entry,
		     struct err *e)
{
	(void)e;
	add_seen(((struct seer *)v)->seen, entry->st);
	return 0;
}

int tree_see(const struct tree *t, struct str path, struct sha256 *seen,
	     struct err *e)
{
	struct seer s = {.visitor.entry = see_entry, .seen = seen};

	return tree_walk(t, path, &s.visitor, e);
}
