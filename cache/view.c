#include "cache/view.h"

#include "base/io.h"
#include "base/path.h"
#include "base/strmap.h"
#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { MAX_LINKS = 255 };

bool view_is_whiteout(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

static bool is_opaque(int fd)
{
	char value;

	return fgetxattr(fd, "user.overlay.opaque", &value, 1) == 1 &&
	       value == 'y';
}

static int dup_fd(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 3);
}

void view_dir_release(struct view_dir *d)
{
	for (size_t i = 0; i < d->n; i++)
		(void)close(d->fds[i]);
	free(d->fds);
	*d = (struct view_dir){0};
}

/* Hand a folder out of its scope. */
static struct view_dir take_dir(struct view_dir *d)
{
	struct view_dir taken = *d;

	*d = (struct view_dir){0};
	return taken;
}

int view_open_root(const struct view *v, struct view_dir *out, struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir d = {.plain = v->plain};

	d.fds = xmalloc(v->n_layers * sizeof(*d.fds));
	for (size_t i = v->n_layers; i > 0; i--) {
		int fd = dup_fd(v->layer_fds[i - 1]);

		if (fd < 0)
			return err_sys(e, "open a layer");
		d.fds[d.n++] = fd;
	}
	*out = take_dir(&d);
	return 0;
}

int view_dir_find(const struct view_dir *d, const char *name,
		  struct view_entry *out, struct err *e)
{
	for (size_t i = 0; i < d->n; i++) {
		if (fstatat(d->fds[i], name, &out->st, AT_SYMLINK_NOFOLLOW) <
		    0) {
			if (errno == ENOENT || errno == ENAMETOOLONG)
				continue;
			return err_sys(e, "stat %s", name);
		}
		if (!d->plain && view_is_whiteout(&out->st))
			return 0;
		out->dirfd = d->fds[i];
		out->index = i;
		return 1;
	}
	return 0;
}

/* Open name in layer i where it is a folder. 1 opened, 0 ends the merge. */
static int enter_layer(const struct view_dir *d, size_t i, const char *name,
		       struct view_dir *out, struct err *e)
{
	int fd = openat(d->fds[i], name,
			O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return 1;
	if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return err_sys(e, "open folder %s", name);
	out->fds[out->n++] = fd;
	return i + 1 == d->n || d->plain || !is_opaque(fd);
}

int view_dir_enter(const struct view_dir *d, const char *name,
		   const struct view_entry *entry, struct view_dir *out,
		   struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir inner = {.plain = d->plain};
	int more = 1;

	inner.fds = xmalloc((d->n - entry->index) * sizeof(*inner.fds));
	for (size_t i = entry->index; more == 1 && i < d->n; i++)
		more = enter_layer(d, i, name, &inner, e);
	if (more < 0)
		return -1;
	if (inner.n == 0)
		return err_set(e, ERR_INVALID, "%s: not a folder", name);
	*out = take_dir(&inner);
	return 0;
}

/* getdents through a duplicate, so that the fd's own offset stays */
static DIR *open_listing(int fd)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);

	if (!dir && copy >= 0)
		(void)close(copy);
	return dir;
}

static bool is_dot(const char *name)
{
	return name[0] == '.' &&
	       (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/* Whether the entry of a layered folder is a whiteout; most are told by type.
 */
static bool entry_is_whiteout(int fd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_CHR && entry->d_type != DT_UNKNOWN)
		return false;
	return fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       view_is_whiteout(&st);
}

struct listing {
	VEC(struct str) names;
	struct strmap seen; /* used where layers are merged */
	struct arena *arena;
};

static int list_layer(const struct view_dir *d, size_t i, struct listing *l,
		      struct err *e)
{
	DIR *dir = open_listing(d->fds[i]);
	struct dirent *entry;

	if (!dir)
		return err_sys(e, "read a folder");
	errno = 0;
	while ((entry = readdir(dir))) {
		struct str name = str_from(entry->d_name);

		if (is_dot(entry->d_name))
			continue;
		if (d->n > 1 && strmap_has(&l->seen, name))
			continue;
		name = arena_str(l->arena, name);
		if (d->n > 1)
			strmap_set(&l->seen, name, NULL);
		if (d->plain || !entry_is_whiteout(d->fds[i], entry))
			*vec_push(&l->names) = name;
		errno = 0;
	}
	if (errno) {
		err_sys(e, "read a folder");
		(void)closedir(dir);
		return -1;
	}
	(void)closedir(dir);
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

int view_dir_list(const struct view_dir *d, struct arena *a, struct str **out,
		  size_t *out_n, struct err *e)
{
	struct listing l = {.arena = a};
	int result = 0;

	for (size_t i = 0; result == 0 && i < d->n; i++)
		result = list_layer(d, i, &l, e);
	if (l.names.n)
		qsort(l.names.v, l.names.n, sizeof(*l.names.v), compare_names);
	*out = arena_new_array(a, l.names.n, struct str);
	*out_n = l.names.n;
	if (l.names.n)
		memcpy(*out, l.names.v, l.names.n * sizeof(**out));
	vec_release(&l.names);
	strmap_release(&l.seen);
	return result;
}

/* A resolution under way: the folders from the root down to where it is. */
struct walk {
	const struct view *view;
	struct arena *arena;
	VEC(struct view_dir) dirs;
	VEC(struct str) names; /* one fewer than dirs, unless beyond is set */
	bool beyond;	       /* what follows does not exist */
	unsigned n_links;
};

static void walk_pop(struct walk *w)
{
	if (w->names.n == 0)
		return;
	if (w->names.n == w->dirs.n - 1)
		view_dir_release(&w->dirs.v[--w->dirs.n]);
	w->names.n--;
	w->beyond = w->names.n >= w->dirs.n;
}

static void walk_to_root(struct walk *w)
{
	while (w->names.n)
		walk_pop(w);
}

static void walk_release(struct walk *w)
{
	while (w->dirs.n)
		view_dir_release(&w->dirs.v[--w->dirs.n]);
	vec_release(&w->dirs);
	vec_release(&w->names);
}

static int walk_path(struct walk *w, struct str path, enum view_follow follow,
		     struct stat *last_st, bool *last_exists, struct err *e);

static int walk_link(struct walk *w, const struct view_entry *entry,
		     const char *name, struct stat *last_st, bool *last_exists,
		     struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(entry->dirfd, name, target, sizeof(target));
	struct str text;

	if (n < 0)
		return err_sys(e, "read link %s", name);
	if (++w->n_links > MAX_LINKS)
		return err_set(e, ERR_INVALID, "%s: too many links", name);
	text = arena_str(w->arena, (struct str){target, (size_t)n});
	if (n && target[0] == '/')
		walk_to_root(w);
	return walk_path(w, text, VIEW_FOLLOW, last_st, last_exists, e);
}

static int walk_component(struct walk *w, struct str component, bool last,
			  enum view_follow follow, struct stat *last_st,
			  bool *last_exists, struct err *e)
{
	char *name = arena_c(w->arena, component);
	const struct view_dir *dir = &w->dirs.v[w->dirs.n - 1];
	struct view_entry entry;
	int found = 0;

	if (!w->beyond)
		found = view_dir_find(dir, name, &entry, e);
	if (found < 0)
		return -1;
	if (found && S_ISLNK(entry.st.st_mode) &&
	    (!last || follow == VIEW_FOLLOW))
		return walk_link(w, &entry, name, last_st, last_exists, e);
	*vec_push(&w->names) = (struct str){name, component.n};
	*last_exists = found;
	if (found)
		*last_st = entry.st;
	if (!found || !S_ISDIR(entry.st.st_mode)) {
		w->beyond = true;
		return 0;
	}
	{
		struct view_dir inner;

		if (view_dir_enter(dir, name, &entry, &inner, e) < 0)
			return -1;
		*vec_push(&w->dirs) = inner;
	}
	return 0;
}

static int walk_up(struct walk *w, struct stat *last_st, bool *last_exists,
		   struct err *e)
{
	const struct view_dir *dir;

	walk_pop(w);
	dir = &w->dirs.v[w->dirs.n - 1];
	*last_exists = !w->beyond;
	/* a root without layers is all there is, and keeps what it said */
	if (w->beyond || dir->n == 0)
		return 0;
	return fstat(dir->fds[0], last_st) < 0 ? err_sys(e, "stat ..") : 0;
}

static int walk_path(struct walk *w, struct str path, enum view_follow follow,
		     struct stat *last_st, bool *last_exists, struct err *e)
{
	struct str component;

	while (path_next(&path, &component)) {
		struct str rest = path;
		struct str next;
		bool last = !path_next(&rest, &next);

		if (str_eq_c(component, "."))
			continue;
		if (str_eq_c(component, "..")) {
			if (walk_up(w, last_st, last_exists, e) < 0)
				return -1;
			continue;
		}
		if (walk_component(w, component, last, follow, last_st,
				   last_exists, e) < 0)
			return -1;
	}
	return 0;
}

static struct str walk_joined(const struct walk *w)
{
	struct buf joined = BUF_INIT(1u << 20);
	struct str out;

	for (size_t i = 0; i < w->names.n; i++) {
		if (i)
			buf_add_char(&joined, '/');
		buf_add_str(&joined, w->names.v[i]);
	}
	out = arena_str(w->arena, buf_str(&joined));
	buf_release(&joined);
	return out;
}

int view_resolve(const struct view *v, struct arena *a, struct str path,
		 enum view_follow follow, struct view_path *out, struct err *e)
{
	struct walk w = {.view = v, .arena = a};
	struct view_dir root;
	int result;

	*out = (struct view_path){.exists = true};
	if (view_open_root(v, &root, e) < 0)
		return -1;
	*vec_push(&w.dirs) = root;
	/* a root without layers is an empty folder that nothing stands for */
	if (root.n && fstat(root.fds[0], &out->st) < 0) {
		walk_release(&w);
		return err_sys(e, "stat the root");
	}
	if (root.n == 0)
		out->st.st_mode = S_IFDIR | 0755;
	result = walk_path(&w, path, follow, &out->st, &out->exists, e);
	if (w.names.n == 0)
		out->exists = true;
	out->path = walk_joined(&w);
	walk_release(&w);
	return result;
}

int view_open_dir(const struct view *v, struct str path, struct view_dir *out,
		  struct err *e)
{
	SCOPED_VIEW_DIR struct view_dir d = {0};
	struct str component;

	if (view_open_root(v, &d, e) < 0)
		return -1;
	while (path_next(&path, &component)) {
		SCOPED_PTR char *name = str_dup(component);
		struct view_entry entry;
		struct view_dir inner;
		int found = view_dir_find(&d, name, &entry, e);

		if (found <= 0)
			return found;
		if (!S_ISDIR(entry.st.st_mode))
			return 0;
		if (view_dir_enter(&d, name, &entry, &inner, e) < 0)
			return -1;
		view_dir_release(&d);
		d = inner;
	}
	*out = take_dir(&d);
	return 1;
}

int view_read_file(const struct view *v, struct str path, struct buf *out,
		   struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_VIEW_DIR struct view_dir d = {0};
	struct view_path at;
	struct view_entry entry;
	char *name;
	int found;

	if (view_resolve(v, &a, path, VIEW_FOLLOW, &at, e) < 0)
		return -1;
	if (!at.exists || !S_ISREG(at.st.st_mode))
		return 0;
	found = view_open_dir(v, path_dir(at.path), &d, e);
	if (found <= 0)
		return found;
	name = arena_c(&a, path_base(at.path));
	found = view_dir_find(&d, name, &entry, e);
	if (found <= 0)
		return found;
	return io_read_file(entry.dirfd, name, out, e);
}
