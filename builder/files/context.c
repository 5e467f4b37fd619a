#include "builder/files/context.h"

#include "base/io.h"
#include "base/path.h"
#include "parser/match.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IGNORE_MAX_BYTES = 16 << 20 };

static enum tree_verdict check_ignore(struct tree_filter *filter,
				      const struct tree_entry *entry)
{
	struct ignore_filter *f = (struct ignore_filter *)filter;
	size_t depth = f->from_start ? entry->rel_depth : entry->depth;
	struct str path = f->from_start ? entry->rel : entry->path;
	struct ignore_state state;

	if (depth == 0)
		return TREE_IN;
	/* states of siblings that were left are overwritten by depth */
	f->states.n = depth;
	state = ignore_step(f->ignore, &f->arena, &f->states.v[depth - 1],
			    path);
	*vec_push(&f->states) = state;
	if (!state.excluded)
		return TREE_IN;
	return state.may_reinclude && S_ISDIR(entry->st->st_mode) ? TREE_DESCEND
								  : TREE_OUT;
}

void ignore_filter_init(struct ignore_filter *f, const struct ignore *ignore,
			bool from_start)
{
	*f = (struct ignore_filter){
		.filter.check = check_ignore,
		.ignore = ignore,
		.from_start = from_start,
	};
	*vec_push(&f->states) = ignore_root(ignore);
}

void ignore_filter_release(struct ignore_filter *f)
{
	vec_release(&f->states);
	arena_release(&f->arena);
}

/*
 * Links in a context stay in it; the file beside a Dockerfile that lies
 * elsewhere has an absolute path. 1 read, 0 there is none, -1.
 */
static int read_ignore(struct context *c, const char *name, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(IGNORE_MAX_BYTES);
	const struct ignore *ignore;
	int found = name[0] == '/'
			    ? io_read_file(AT_FDCWD, name, &text, e)
			    : io_read_file_in_root(c->fd, name, &text, e);

	if (found <= 0)
		return found;
	if (ignore_parse(&c->arena, arena_str(&c->arena, buf_str(&text)),
			 &ignore, e) < 0)
		return err_wrap(e, "%s", name);
	if (!ignore_is_empty(ignore))
		ignore_filter_init(&c->filter.ignore, ignore, false);
	return 1;
}

/* --- a store in its own context ------------------------------------------ */

static bool same_folder(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/*
 * Upwards from the store, so that it makes no difference by which names and
 * links the two were given.
 */
static int find_store(struct context *c, const struct store *s, struct err *e)
{
	SCOPED_FD int fd = openat(s->fd, ".", O_PATH | O_CLOEXEC);
	struct stat context;
	struct stat at;
	struct stat below;

	if (fd < 0 || fstat(fd, &c->filter.store) < 0 ||
	    fstat(c->fd, &context) < 0)
		return err_sys(e, "stat the store");
	at = c->filter.store;
	if (same_folder(&at, &context))
		return err_set(e, ERR_INVALID, "it is imgbuild's own store");
	do {
		int parent = openat(fd, "..", O_PATH | O_CLOEXEC);

		/* above what this user may see there is no context either */
		if (parent < 0)
			return 0;
		scoped_close(&fd);
		fd = parent;
		below = at;
		if (fstat(fd, &at) < 0)
			return err_sys(e, "stat a folder above the store");
		c->filter.holds_store = same_folder(&at, &context);
	} while (!c->filter.holds_store && !same_folder(&at, &below));
	return 0;
}

static enum tree_verdict check_context(struct tree_filter *filter,
				       const struct tree_entry *entry)
{
	struct context_filter *f = (struct context_filter *)filter;

	if (f->holds_store && same_folder(entry->st, &f->store))
		return TREE_OUT;
	return f->ignore.ignore ? check_ignore(&f->ignore.filter, entry)
				: TREE_IN;
}

/* Without anything to leave out there is none, which spares many walks. */
static void set_filter(struct source_tree *tree, struct context_filter *f)
{
	f->filter.check = check_context;
	tree->filter = f->ignore.ignore || f->holds_store ? &f->filter : NULL;
}

/* A context is known by where it lies, so that its stat cache is found again.
 */
static struct statcache *open_cache(const struct context *c,
				    const struct store *s)
{
	struct stat st;
	char name[64];

	if (fstat(c->fd, &st) < 0)
		return NULL;
	(void)snprintf(name, sizeof(name), "stat/%llx-%llx",
		       (unsigned long long)st.st_dev,
		       (unsigned long long)st.st_ino);
	return statcache_open(s->fd, name);
}

int context_open(struct context *c, const char *path,
		 const char *dockerfile_name, const struct store *s,
		 struct err *e)
{
	SCOPED_PTR char *own =
		dockerfile_name ? xasprintf("%s.dockerignore", dockerfile_name)
				: NULL;
	int found;

	*c = (struct context){.fd = io_open_dir(AT_FDCWD, path, e)};
	if (c->fd < 0)
		return err_wrap(e, "build context");
	c->tree.view = (struct view){
		.layer_fds = &c->fd, .n_layers = 1, .plain = true};
	c->tree.owner = TREE_OWNER_IGNORED;
	found = own ? read_ignore(c, own, e) : 0;
	if (found == 0)
		found = read_ignore(c, ".dockerignore", e);
	if (found >= 0 && find_store(c, s, e) < 0)
		found = err_wrap(e, "build context %s", path);
	if (found < 0) {
		ignore_filter_release(&c->filter.ignore);
		arena_release(&c->arena);
		scoped_close(&c->fd);
		return -1;
	}
	set_filter(&c->tree, &c->filter);
	c->tree.cache = open_cache(c, s);
	return 0;
}

void context_share(const struct context *c, struct source_tree *out,
		   struct context_filter *filter)
{
	*out = c->tree;
	*filter = (struct context_filter){.holds_store = c->filter.holds_store,
					  .store = c->filter.store};
	if (c->filter.ignore.ignore)
		ignore_filter_init(&filter->ignore, c->filter.ignore.ignore,
				   false);
	set_filter(out, filter);
}

void context_filter_release(struct context_filter *f)
{
	ignore_filter_release(&f->ignore);
}

int context_close(struct context *c, struct err *e)
{
	int result = c->tree.cache ? statcache_save(c->tree.cache, e) : 0;

	statcache_free(c->tree.cache);
	context_filter_release(&c->filter);
	arena_release(&c->arena);
	scoped_close(&c->fd);
	return result;
}

/*
 * The components of a pattern from the first one with a wildcard on. inner says
 * what exists in the tree: a folder that it leaves out matches undecidedly,
 * until something below is in.
 */
struct wildcard {
	struct tree_filter filter;
	struct tree_visitor visitor;
	struct tree_filter *inner; /* NULL where everything exists */
	struct arena *arena;
	VEC(struct str) components;
	bool undecided;
	struct selection *out;
};

static bool component_matches(const struct wildcard *w,
			      const struct tree_entry *entry)
{
	size_t depth = entry->rel_depth;

	if (depth == 0)
		return true;
	if (depth > w->components.n)
		return w->undecided;
	return match_name(w->components.v[depth - 1], str_from(entry->name)) ==
	       MATCH_YES;
}

static enum tree_verdict check_wildcard(struct tree_filter *filter,
					const struct tree_entry *entry)
{
	struct wildcard *w = (struct wildcard *)filter;
	enum tree_verdict exists = TREE_IN;

	if (!component_matches(w, entry))
		return TREE_OUT;
	if (w->inner)
		exists = w->inner->check(w->inner, entry);
	if (exists == TREE_OUT)
		return TREE_OUT;
	if (entry->rel_depth == w->components.n)
		w->undecided = exists == TREE_DESCEND;
	if (entry->rel_depth >= w->components.n)
		return exists;
	return S_ISDIR(entry->st->st_mode) ? TREE_DESCEND : TREE_OUT;
}

static int collect_match(struct tree_visitor *visitor,
			 const struct tree_entry *entry, struct err *e)
{
	struct wildcard *w =
		(struct wildcard *)((char *)visitor -
				    offsetof(struct wildcard, visitor));
	struct selected *hit;

	(void)e;
	w->undecided = false;
	if (entry->rel_depth != w->components.n)
		return 0;
	hit = vec_push(&w->out->v);
	hit->path = arena_str(w->arena, entry->path);
	hit->name = path_base(hit->path);
	return 0;
}

/* Stops a walk at the first thing that it finds. */
struct finder {
	struct tree_visitor visitor;
	bool found;
};

static int stop_walk(struct tree_visitor *visitor,
		     const struct tree_entry *entry, struct err *e)
{
	struct finder *f = (struct finder *)visitor;

	(void)entry;
	f->found = true;
	return err_set(e, ERR_CANCELLED, "found");
}

/*
 * Whether the filter leaves anything at a resolved path: an excluded folder
 * with something in it that is not excluded exists too. 1, 0, -1.
 */
static int exists(const struct source_tree *t, struct str path, struct err *e)
{
	const struct tree tree = {
		.view = t->view, .filters = &t->filter, .n_filters = 1};
	struct finder f = {.visitor.entry = stop_walk};

	if (!t->filter || path.n == 0)
		return 1;
	if (tree_walk(&tree, path, &f.visitor, e) < 0 && !f.found)
		return -1;
	return f.found;
}

/* The links of a match are followed, its name stays. */
static int resolve_selected(const struct source_tree *t, struct arena *a,
			    struct str source, struct selected *s,
			    struct err *e)
{
	struct view_path at;
	int found;

	if (view_resolve(&t->view, a, s->path, VIEW_FOLLOW, &at, e) < 0)
		return -1;
	found = at.exists ? exists(t, at.path, e) : 0;
	if (found < 0)
		return -1;
	if (found == 0)
		return err_set(e, ERR_NOT_FOUND, "\"/%.*s\": not found",
			       STR_ARG(path_in_root(a, source)));
	s->path = at.path;
	return 0;
}

static int select_matches(const struct source_tree *t, struct arena *a,
			  struct str plain, struct wildcard *w, struct err *e)
{
	struct tree_filter *const filters[] = {&w->filter};
	const struct tree tree = {
		.view = t->view, .filters = filters, .n_filters = 1};
	struct view_path at;
	int found;

	if (view_resolve(&t->view, a, plain, VIEW_FOLLOW, &at, e) < 0)
		return -1;
	/* no match is fine, no folder to look in is not */
	found = at.exists ? exists(t, at.path, e) : 0;
	if (found < 0)
		return -1;
	if (!found)
		return err_set(e, ERR_NOT_FOUND, "/%.*s: no such folder",
			       STR_ARG(plain));
	return tree_walk(&tree, at.path, &w->visitor, e) < 0 ? -1 : 0;
}

int source_select(const struct source_tree *t, struct arena *a,
		  struct str source, struct selection *out, struct err *e)
{
	struct str path = path_in_root(a, source);
	struct str rest = path;
	struct str component;
	struct wildcard w = {
		.filter.check = check_wildcard,
		.visitor.entry = collect_match,
		.inner = t->filter,
		.arena = a,
		.out = out,
	};
	size_t first = out->v.n;
	struct str plain = path;
	int result;

	while (path_next(&rest, &component)) {
		if (w.components.n == 0 && match_has_wildcard(component))
			plain = str_sub(path, 0,
					(size_t)(component.p - path.p));
		if (w.components.n || match_has_wildcard(component))
			*vec_push(&w.components) = component;
	}
	if (w.components.n == 0) {
		struct selected *one = vec_push(&out->v);

		one->path = path;
		one->name = path_base(path);
	}
	if (w.components.n && match_name(path, STR(".")) == MATCH_BAD_PATTERN)
		result =
			err_set(e, ERR_INVALID, "%.*s: syntax error in pattern",
				STR_ARG(path));
	else
		result =
			w.components.n ? select_matches(t, a, plain, &w, e) : 0;
	vec_release(&w.components);
	for (size_t i = first; result == 0 && i < out->v.n; i++)
		result = resolve_selected(t, a, source, &out->v.v[i], e);
	return result;
}
