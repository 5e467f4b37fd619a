/*
 * --mount=type=cache: folders of the store, mounts/<identity>, where a private
 * mount that finds one in use takes the next of mounts/<identity>-1, -2, ….
 *
 * The identity is the id with what BuildKit tells caches apart by: what they
 * begin with, that is the content of from= and source=, and the mode and owner
 * of the folder.
 */
#include "builder/engine/mounts.h"

#include "base/io.h"
#include "builder/files/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_POLL_MS = 50 };

/* A cache mount of a step. */
struct cache {
	struct step_run_context *c;
	const struct step_mount *m;
	const struct recipe_input *seed; /* selects nothing: begin empty */
	struct digest identity;
};

static struct cache cache_of(struct step_run_context *c, size_t i)
{
	struct cache out = {
		c, &c->step->run.mounts[i], &c->recipe->inputs[i], {{0}}};
	struct key k;

	key_init(&k, "cache/1");
	key_add(&k, "id", out.m->id);
	key_add(&k, "owner",
		arena_printf(&k.arena, "%u:%u", out.m->uid, out.m->gid));
	if (out.m->has_mode)
		key_add(&k, "mode", arena_printf(&k.arena, "%o", out.m->mode));
	if (out.seed->selection.v.n)
		key_add_digest(&k, "content", &out.seed->content);
	out.identity = key_digest(&k);
	key_release(&k);
	return out;
}

/* --- making ------------------------------------------------------------- */

static int seed(const struct cache *cache, int fd, struct err *e)
{
	const struct recipe_input *in = cache->seed;
	const struct selected what = {in->at.path, {0}};
	const struct copy_options opt = {0};
	const struct view none = {0};
	struct target target;
	int result;

	if (in->selection.v.n == 0 || !in->at.exists ||
	    !S_ISDIR(in->at.st.st_mode))
		return 0;
	target_init(&target, &none, fd);
	result = copy_selected(&in->tree, &what, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

/* Its content, mode and owner, in the folder name of the draft. */
static int fill(const struct cache *cache, const char *name, struct err *e)
{
	const struct step_mount *m = cache->m;
	SCOPED_FD int fd = -1;

	if (io_mkdir(cache->c->draft->fd, name, 0755, e) < 0)
		return -1;
	fd = io_open_dir(cache->c->draft->fd, name, e);
	if (fd < 0 || seed(cache, fd, e) < 0)
		return -1;
	if (fchown(fd, m->uid, m->gid) < 0 ||
	    fchmod(fd, m->has_mode ? m->mode : 0755) < 0)
		return err_sys(e, "create a cache mount");
	return 0;
}

/*
 * Made under another name first, so that nobody sees half of it. Who loses the
 * race for the name takes the winner's; what he made goes with his draft.
 */
static int create(const struct cache *cache, const char *path, struct err *e)
{
	const struct snapshot_draft *draft = cache->c->draft;
	int store = cache->c->build->store->fd;
	SCOPED_BUF struct buf name = BUF_INIT(256);
	struct stat st;

	if (fstatat(store, path, &st, 0) == 0)
		return 0;
	io_unique_name(&name, "cache-");
	if (fill(cache, buf_c(&name), e) < 0)
		return -1;
	if (renameat2(draft->fd, buf_c(&name), store, path, RENAME_NOREPLACE) <
		    0 &&
	    errno != EEXIST)
		return err_sys(e, "create %s", path);
	return 0;
}

/*
 * Where nothing can be mounted the folder is moved into the root, so it can be
 * in one only: who shares it waits.
 */
static enum mount_sharing sharing_of(const struct cache *cache)
{
	const bool moved = cache->c->build->opt->tier == TIER_CHROOT;

	return moved && cache->m->sharing == MOUNT_SHARED ? MOUNT_LOCKED
							  : cache->m->sharing;
}

/* --- locking ------------------------------------------------------------ */

/* 1 it is ours, 0 somebody else uses it in a way that keeps us out, -1. */
static int try_lock(int fd, enum mount_sharing sharing, struct err *e)
{
	int how = sharing == MOUNT_SHARED ? LOCK_SH : LOCK_EX;

	if (flock(fd, how | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock a cache mount");
}

static int open_folder(const struct cache *cache, const char *path,
		       struct err *e)
{
	if (create(cache, path, e) < 0)
		return -1;
	return io_open_dir(cache->c->build->store->fd, path, e);
}

/*
 * The folder that this mount may use now: its descriptor, or -1 with *busy
 * where it is locked and has to be waited for. What others share it with is
 * not asked: a folder is either used by shared mounts or by one.
 */
static int open_free_folder(const struct cache *cache, bool *busy,
			    struct err *e)
{
	enum mount_sharing sharing = sharing_of(cache);
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *path =
		xasprintf("mounts/%s", digest_hex(&cache->identity, hex));

	for (unsigned n = 1;; n++) {
		SCOPED_FD int fd = open_folder(cache, path, e);
		int locked = fd < 0 ? -1 : try_lock(fd, sharing, e);

		if (locked)
			return locked < 0 ? -1 : TAKE_FD(fd);
		if (sharing == MOUNT_LOCKED) {
			*busy = true;
			return -1;
		}
		free(path);
		path = xasprintf("mounts/%s-%u", hex, n);
	}
}

/* NULL: the step has it not open yet. */
static const struct opened_cache *find_opened(const struct mounts *all,
					      const struct digest *identity)
{
	for (size_t i = 0; i < all->caches.n; i++)
		if (digest_eq(&all->caches.v[i].identity, identity))
			return &all->caches.v[i];
	return NULL;
}

static void unlock_all(struct mounts *all)
{
	for (size_t i = 0; i < all->caches.n; i++)
		(void)close(all->caches.v[i].fd);
	all->caches.n = 0;
}

/*
 * All or none: 1 locked, 0 somebody is at one of them, -1. A step that mounts
 * one cache twice shares it with itself.
 */
static int try_all(struct mounts *all, const struct cache *caches, size_t n,
		   struct err *e)
{
	bool busy = false;

	for (size_t i = 0; i < n; i++) {
		struct opened_cache *opened;
		int fd;

		if (find_opened(all, &caches[i].identity))
			continue;
		fd = open_free_folder(&caches[i], &busy, e);
		if (fd < 0) {
			unlock_all(all);
			return busy ? 0 : -1;
		}
		opened = vec_push(&all->caches);
		*opened = (struct opened_cache){caches[i].identity, fd};
	}
	return 1;
}

/*
 * Who has to wait for one holds none meanwhile, so steps can't wait for each
 * other; and asks again, since a wait for a lock can't be cancelled.
 */
int mount_caches_lock(struct mounts *all, struct step_run_context *c,
		      struct arena *a, struct err *e)
{
	const struct step_run *run = &c->step->run;
	struct cache *caches = arena_new_array(a, run->n_mounts, struct cache);
	struct pollfd cancel = {.fd = c->build->stop_fd, .events = POLLIN};
	size_t n = 0;
	int locked;

	for (size_t i = 0; i < run->n_mounts; i++)
		if (run->mounts[i].kind == MOUNT_CACHE)
			caches[n++] = cache_of(c, i);
	if (n && io_mkdir(c->build->store->fd, "mounts", 0755, e) < 0)
		return -1;
	while ((locked = try_all(all, caches, n, e)) == 0)
		if (poll(&cancel, 1, LOCK_POLL_MS) > 0)
			return err_set(e, ERR_CANCELLED, "cancelled");
	return locked < 0 ? err_wrap(e, "--mount=type=cache") : 0;
}

int mount_cache_open(struct mounts *all, struct step_run_context *c, size_t i,
		     struct err *e)
{
	const struct cache cache = cache_of(c, i);
	int fd = fcntl(find_opened(all, &cache.identity)->fd, F_DUPFD_CLOEXEC,
		       3);

	return fd < 0 ? err_sys(e, "open a cache mount") : fd;
}
