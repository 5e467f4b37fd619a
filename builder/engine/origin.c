#include "builder/engine/origin.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Digests of a root's files are kept under what the root contains. */
static struct statcache *rootfs_statcache(struct build *b,
					  const struct rootfs *r)
{
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *name = NULL;
	struct rootfs_cache *added;

	for (size_t i = 0; i < b->caches.n; i++)
		if (digest_eq(&b->caches.v[i].content_id, &r->content_id))
			return b->caches.v[i].cache;
	name = xasprintf("stat/%s", digest_hex(&r->content_id, hex));
	added = vec_push(&b->caches);
	added->content_id = r->content_id;
	added->cache = statcache_open(b->store->fd, name);
	return added->cache;
}

static int open_context(struct build *b, struct context **out, struct err *e)
{
	if (!b->context_open) {
		if (context_open(&b->context, b->opt->context_path,
				 b->opt->dockerfile_name, b->store, e) < 0)
			return -1;
		b->context_open = true;
	}
	*out = &b->context;
	return 0;
}

static int open_folder(struct build *b, struct str path, struct context **out,
		       struct err *e)
{
	SCOPED_PTR char *where = str_dup(path);
	struct opened_folder *f;

	for (size_t i = 0; i < b->folders.n; i++) {
		if (!str_eq(b->folders.v[i]->path, path))
			continue;
		*out = &b->folders.v[i]->context;
		return 0;
	}
	f = xcalloc(1, sizeof(*f));
	f->path = path;
	if (context_open(&f->context, where, NULL, b->store, e) < 0) {
		free(f);
		return -1;
	}
	*vec_push(&b->folders) = f;
	*out = &f->context;
	return 0;
}

/* --- remote sources and contexts --------------------------------------- */

/* Under the lock. NULL: nobody has asked for it. */
static struct fetched *find_fetched(const struct build *b,
				    const struct step_source *source,
				    struct str url)
{
	for (size_t i = 0; i < b->fetched.n; i++) {
		struct fetched *f = b->fetched.v[i];

		if (f->source == source && (source || str_eq(f->url, url)))
			return f;
	}
	return NULL;
}

/* Under the lock. */
static struct fetched *
add_fetched(struct build *b, const struct step_source *source, struct str url)
{
	struct fetched *f = xcalloc(1, sizeof(*f));

	f->source = source;
	f->url = url;
	f->remote.fd = -1;
	*vec_push(&b->fetched) = f;
	return f;
}

static int do_fetch(struct build *b, struct fetched *f,
		    const struct remote_options *opt, const char *name,
		    struct err *e)
{
	SCOPED_PTR char *path = NULL;
	int made;

	(void)pthread_mutex_lock(&b->lock);
	made = build_work(b, e);
	(void)pthread_mutex_unlock(&b->lock);
	if (made < 0)
		return -1;
	path = xasprintf("%s/%s", b->store->path, b->work);
	if (remote_fetch(&f->remote, &f->arena, f->url, opt, b->work_fd, path,
			 name, e) < 0)
		return -1;
	return opt->is_context ? remote_enter_folder(&f->remote, e) : 0;
}

/* One thread fetches; source is NULL for a context. */
static int fetch_once(struct build *b, const struct step_source *source,
		      struct str url, const struct remote_options *opt,
		      const struct remote **out, struct err *e)
{
	SCOPED_PTR char *name = NULL;
	struct fetched *f;
	int result;

	if (build_enter(b, e) < 0)
		return -1;
	(void)pthread_mutex_lock(&b->lock);
	f = find_fetched(b, source, url);
	while (f && !f->over)
		(void)pthread_cond_wait(&b->changed, &b->lock);
	if (!f) {
		name = xasprintf("remote-%zu", b->fetched.n);
		f = add_fetched(b, source, url);
	}
	(void)pthread_mutex_unlock(&b->lock);
	*out = &f->remote;
	if (f->over) {
		*e = f->error;
		return f->error.code == ERR_NONE ? 0 : -1;
	}
	result = do_fetch(b, f, opt, name, e);
	(void)pthread_mutex_lock(&b->lock);
	f->over = true;
	f->error = (struct err){.code = ERR_NONE};
	if (result < 0)
		f->error = *e;
	(void)pthread_cond_broadcast(&b->changed);
	(void)pthread_mutex_unlock(&b->lock);
	return result;
}

int origin_fetch(struct build *b, const struct step_copy *copy,
		 const struct step_source *source, const struct remote **out,
		 struct err *e)
{
	const struct remote_options opt = {.checksum = copy->checksum,
					   .keep_git_dir = copy->keep_git_dir};

	return fetch_once(b, source, source->path, &opt, out, e);
}

/* A context behind a URL: of a repository maybe only a folder. */
static int open_remote(struct build *b, struct str url, struct origin_tree *out,
		       struct err *e)
{
	const struct remote_options opt = {.file_name = "context",
					   .is_context = true};
	const struct remote *remote;

	if (fetch_once(b, NULL, url, &opt, &remote, e) < 0)
		return -1;
	out->tree = remote->tree;
	return 0;
}

/* --- opening ------------------------------------------------------------ */

/* Under the lock: what is opened once. */
static int open_shared(struct build *b, const struct origin *origin,
		       struct origin_tree *out, struct err *e)
{
	struct context *context = NULL;

	switch (origin->kind) {
	case ORIGIN_CONTEXT:
		if (open_context(b, &context, e) < 0)
			return -1;
		break;
	case ORIGIN_FOLDER:
		if (open_folder(b, origin->folder, &context, e) < 0)
			return -1;
		break;
	case ORIGIN_STAGE:
	case ORIGIN_IMAGE:
	case ORIGIN_REMOTE:
	case ORIGIN_SCRATCH:
		out->tree.cache = rootfs_statcache(b, &out->rootfs);
		return 0;
	}
	context_share(context, &out->tree, &out->filter);
	return 0;
}

static bool is_rootfs(const struct origin *origin)
{
	return origin->kind == ORIGIN_STAGE || origin->kind == ORIGIN_IMAGE ||
	       origin->kind == ORIGIN_SCRATCH;
}

static int open_origin(struct build *b, const struct origin *origin,
		       struct origin_tree *out, struct err *e)
{
	int result;

	if (origin->kind == ORIGIN_REMOTE)
		return open_remote(b, origin->folder, out, e);
	if (origin->kind == ORIGIN_STAGE)
		rootfs_copy(&out->rootfs, &b->stages[origin->stage->index]);
	if (origin->kind == ORIGIN_IMAGE &&
	    rootfs_from_image(&out->rootfs, origin->image, e) < 0)
		return -1;
	if (is_rootfs(origin) && build_enter(b, e) < 0)
		return -1;
	(void)pthread_mutex_lock(&b->lock);
	result = open_shared(b, origin, out, e);
	(void)pthread_mutex_unlock(&b->lock);
	if (result < 0 || !is_rootfs(origin))
		return result;
	return rootfs_open(&out->rootfs, b->store, &b->unpacking,
			   &b->events.sink, &out->tree.view, e);
}

int origin_open(struct build *b, const struct origin *origin,
		struct origin_tree *out, struct err *e)
{
	*out = (struct origin_tree){.tree.owner = TREE_OWNER_COUNTS};
	rootfs_init(&out->rootfs);
	if (open_origin(b, origin, out, e) == 0)
		return 0;
	origin_close(out);
	return -1;
}

void origin_close(struct origin_tree *o)
{
	if (o->tree.filter)
		context_filter_release(&o->filter);
	rootfs_release(&o->rootfs);
	*o = ORIGIN_TREE_INIT;
}

static void release_fetched(struct build *b)
{
	for (size_t i = 0; i < b->fetched.n; i++) {
		remote_release(&b->fetched.v[i]->remote);
		arena_release(&b->fetched.v[i]->arena);
		free(b->fetched.v[i]);
	}
	vec_release(&b->fetched);
}

static void save_statcaches(struct build *b)
{
	struct err ignored; /* only speed is lost */

	for (size_t i = 0; i < b->caches.n; i++) {
		(void)statcache_save(b->caches.v[i].cache, &ignored);
		statcache_free(b->caches.v[i].cache);
	}
	vec_release(&b->caches);
}

static void close_folders(struct build *b)
{
	struct err ignored; /* only speed is lost */

	for (size_t i = 0; i < b->folders.n; i++) {
		(void)context_close(&b->folders.v[i]->context, &ignored);
		free(b->folders.v[i]);
	}
	vec_release(&b->folders);
}

int origins_release(struct build *b, struct err *e)
{
	int result = b->context_open ? context_close(&b->context, e) : 0;

	save_statcaches(b);
	close_folders(b);
	release_fetched(b);
	return result;
}
