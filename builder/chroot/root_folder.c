#include "builder/chroot/root_folder.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/path.h"
#include "base/strmap.h"
#include "builder/files/copy.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* --- laying out --------------------------------------------------------- */

/*
 * All that the view shows goes into the folder. A file of several names becomes
 * several: over an overlay, writing to one name leaves the others as they were.
 */
static int copy_view(const struct view *view, int fd, struct err *e)
{
	const struct source_tree from = {.view = *view,
					 .owner = TREE_OWNER_COUNTS};
	const struct selected everything = {.path = {0}};
	const struct copy_options opt = {.exact = true, .break_links = true};
	const struct view none = {0};
	struct target target;
	int result;

	target_init(&target, &none, fd);
	result = copy_selected(&from, &everything, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

static int layer_of(int fd, struct root_layer *out, struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat a layer");
	*out = (struct root_layer){st.st_dev, st.st_ino};
	return 0;
}

static int note_layers(struct root_folder *r, const int *fds, size_t n,
		       struct err *e)
{
	for (size_t i = 0; i < n; i++)
		if (layer_of(fds[i], vec_push(&r->layers), e) < 0)
			return -1;
	return 0;
}

int root_folder_make(struct root_folder *r, int parent_fd, char *name,
		     const int *layer_fds, size_t n_layers, struct err *e)
{
	const struct view view = {.layer_fds = layer_fds, .n_layers = n_layers};

	*r = (struct root_folder){.name = name, .fd = -1};
	if (io_mkdir(parent_fd, name, 0755, e) == 0)
		r->fd = io_open_dir(parent_fd, name, e);
	if (r->fd < 0 || copy_view(&view, r->fd, e) < 0 ||
	    note_layers(r, layer_fds, n_layers, e) < 0) {
		root_folder_remove(r, parent_fd);
		return err_wrap(e, "lay out the root file system");
	}
	return 0;
}

void root_folder_remove(struct root_folder *r, int parent_fd)
{
	struct err ignored; /* it goes with the build's own folder then */

	scoped_close(&r->fd);
	if (r->name)
		(void)io_remove_tree(parent_fd, r->name, &ignored);
	free(r->name);
	vec_release(&r->layers);
	*r = (struct root_folder){.fd = -1};
}

/* --- more layers -------------------------------------------------------- */

/* Ends the walk over a layer at what it takes away. */
struct additive {
	struct tree_visitor visitor;
	bool takes_away;
};

static int check_additive(struct tree_visitor *v,
			  const struct tree_entry *entry, struct err *e)
{
	struct additive *a = (struct additive *)v;
	char value;

	a->takes_away = view_is_whiteout(entry->st);
	if (S_ISDIR(entry->st->st_mode)) {
		SCOPED_FD int fd =
			openat(entry->dirfd, entry->name,
			       O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return err_sys(e, "open a layer's folder");
		a->takes_away =
			fgetxattr(fd, "user.overlay.opaque", &value, 1) > 0;
	}
	return a->takes_away ? err_set(e, ERR_CANCELLED, "takes away") : 0;
}

/* 1 the layer only adds, 0 not, -1. */
static int is_additive(int fd, struct err *e)
{
	struct additive a = {.visitor.entry = check_additive};
	const struct tree tree = {
		.view = {.layer_fds = &fd, .n_layers = 1, .plain = true}};

	if (tree_walk(&tree, (struct str){0}, &a.visitor, e) >= 0)
		return 1;
	return a.takes_away ? 0 : -1;
}

bool root_folder_begins(const struct root_folder *r, const int *layer_fds,
			size_t n_layers)
{
	struct err ignored;

	for (size_t i = 0; i < r->layers.n; i++) {
		struct root_layer layer = {0};

		if (i == n_layers ||
		    layer_of(layer_fds[i], &layer, &ignored) < 0 ||
		    layer.dev != r->layers.v[i].dev ||
		    layer.ino != r->layers.v[i].ino)
			return false;
	}
	return true;
}

int root_folder_note(struct root_folder *r, int layer_fd, struct err *e)
{
	return note_layers(r, &layer_fd, 1, e);
}

int root_folder_extend(struct root_folder *r, const int *layer_fds,
		       size_t n_layers, struct err *e)
{
	if (!root_folder_begins(r, layer_fds, n_layers))
		return 0;
	for (size_t i = r->layers.n; i < n_layers; i++) {
		const struct view view = {.layer_fds = &layer_fds[i],
					  .n_layers = 1};
		int additive = is_additive(layer_fds[i], e);

		if (additive <= 0)
			return additive;
		if (copy_view(&view, r->fd, e) < 0 ||
		    root_folder_note(r, layer_fds[i], e) < 0)
			return -1;
	}
	return 1;
}

/* --- what changed ------------------------------------------------------- */

struct seen {
	struct stat st;
	bool again; /* met by the second walk, as it was or not */
};

struct root_table {
	struct arena arena;
	struct strmap files; /* struct seen, by path */
};

static struct tree tree_of(const struct root_folder *r)
{
	return (struct tree){
		.view = {.layer_fds = &r->fd, .n_layers = 1, .plain = true}};
}

struct recorder {
	struct tree_visitor visitor;
	struct root_table *table;
};

static int record(struct tree_visitor *v, const struct tree_entry *entry,
		  struct err *e)
{
	struct root_table *t = ((struct recorder *)v)->table;
	struct seen *seen = arena_new(&t->arena, struct seen);

	(void)e;
	seen->st = *entry->st;
	strmap_set(&t->files, arena_str(&t->arena, entry->path), seen);
	return 0;
}

int root_table_make(struct root_table **out, const struct root_folder *r,
		    struct err *e)
{
	struct root_table *t = xcalloc(1, sizeof(*t));
	struct recorder recorder = {{record, NULL}, t};
	const struct tree tree = tree_of(r);

	if (tree_walk(&tree, (struct str){0}, &recorder.visitor, e) < 0) {
		root_table_free(t);
		return -1;
	}
	*out = t;
	return 0;
}

void root_table_free(struct root_table *t)
{
	if (!t)
		return;
	strmap_release(&t->files);
	arena_release(&t->arena);
	free(t);
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/*
 * A file's ctime tells of every change, of its bytes and of any of its names; a
 * folder's tells of more than there is to see.
 */
static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_mode == b->st_mode &&
	       a->st_uid == b->st_uid && a->st_gid == b->st_gid &&
	       same_time(a->st_mtim, b->st_mtim) &&
	       (S_ISDIR(a->st_mode) || (a->st_size == b->st_size &&
					same_time(a->st_ctim, b->st_ctim)));
}

/* Lets only what changed be copied. */
struct changes {
	struct tree_filter filter;
	const struct root_table *table;
	bool *has_links;
};

static enum tree_verdict check_changed(struct tree_filter *f,
				       const struct tree_entry *entry)
{
	const struct changes *c = (struct changes *)f;
	const struct root_table *t = c->table;
	struct seen *seen = strmap_get(&t->files, entry->path);

	if (seen)
		seen->again = true;
	if (!S_ISDIR(entry->st->st_mode) && entry->st->st_nlink > 1)
		*c->has_links = true;
	if (!seen || !is_same(&seen->st, entry->st))
		return TREE_IN;
	return S_ISDIR(entry->st->st_mode) ? TREE_DESCEND : TREE_OUT;
}

static int copy_changes(const struct root_table *t, struct root_folder *r,
			struct target *target, struct err *e)
{
	struct changes changes = {{check_changed}, t, &r->has_links};
	const struct source_tree from = {.view = tree_of(r).view,
					 .owner = TREE_OWNER_COUNTS,
					 .filter = &changes.filter};
	const struct selected everything = {.path = {0}};
	const struct copy_options opt = {.exact = true};

	return copy_selected(&from, &everything, target, STR("/"), &opt, e);
}

/* Whether path's folder is a folder still, so that a whiteout has a place. */
static bool has_folder(const struct root_folder *r, struct str path)
{
	SCOPED_PTR char *folder = str_dup(path_dir(path));
	SCOPED_FD int fd = path_open_nofollow(r->fd, folder[0] ? folder : ".",
					      O_PATH | O_DIRECTORY, 0);

	return fd >= 0;
}

/* The folder is as old as it was: it has its time from the root already. */
static int hide(struct target *target, struct str path, struct err *e)
{
	SCOPED_PTR char *name = str_dup(path_base(path));
	const struct target_owner root = {0};
	struct target_dir dir;
	struct stat st;
	int failed;

	if (target_open(target, path_dir(path), &root, &dir, e) < 0)
		return -1;
	failed = fstat(dir.fd, &st) < 0 ||
		 mknodat(dir.fd, name, S_IFCHR, 0) < 0 ||
		 futimens(dir.fd, (const struct timespec[]){st.st_atim,
							    st.st_mtim}) < 0;
	if (failed)
		(void)err_sys(e, "mark %s as deleted", name);
	target_dir_release(&dir);
	return failed ? -1 : 0;
}

/* What stands in its place now hides what was there by itself. */
static int hide_gone(const struct root_table *t, const struct root_folder *r,
		     struct target *target, struct err *e)
{
	for (size_t i = 0; i < t->files.n; i++) {
		const struct strmap_entry *entry = &t->files.entries[i];
		const struct seen *seen = entry->value;

		if (entry->key.n && !seen->again && has_folder(r, entry->key) &&
		    hide(target, entry->key, e) < 0)
			return -1;
	}
	return 0;
}

int root_table_changes(const struct root_table *t, struct root_folder *r,
		       const struct view *lower, int upper_fd, struct err *e)
{
	struct target target;
	int result;

	target_init(&target, lower, upper_fd);
	target.replaces = true;
	result = copy_changes(t, r, &target, e);
	if (result == 0)
		result = hide_gone(t, r, &target, e);
	target_release(&target);
	return result;
}
