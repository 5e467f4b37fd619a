#include "builder/engine/mounts.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/files/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_POLL_MS = 50 };

static int add_bind_content(struct build *b, const struct step_mount *m,
			    struct key *k, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct origin_tree from;
	struct sha256 hash;
	struct digest content;
	struct view_path at;
	int result;

	if (origin_open(b, &m->origin, &from, e) < 0)
		return -1;
	sha256_init(&hash);
	result = view_resolve(&from.tree.view, &a, path_in_root(&a, m->source),
			      VIEW_FOLLOW, &at, e);
	if (result == 0) {
		const struct tree tree = {.view = from.tree.view,
					  .filters = &from.tree.filter,
					  .n_filters =
						  from.tree.filter != NULL};

		result = tree_hash(&tree, at.path, from.tree.owner,
				   from.tree.cache, &hash, NULL, e);
	}
	origin_close(&from);
	if (result < 0)
		return -1;
	sha256_final(&hash, &content);
	key_add_digest(k, "mount-content", &content);
	return 0;
}

static const char *const KINDS[] = {
	[MOUNT_BIND] = "bind",	 [MOUNT_CACHE] = "cache",
	[MOUNT_TMPFS] = "tmpfs", [MOUNT_SECRET] = "secret",
	[MOUNT_SSH] = "ssh",
};

int mounts_add_to_key(struct build *b, const struct step_run *run,
		      struct key *k, struct err *e)
{
	for (size_t i = 0; i < run->n_mounts; i++) {
		const struct step_mount *m = &run->mounts[i];

		key_add(k, "mount", str_from(KINDS[m->kind]));
		key_add(k, "mount-target", m->target);
		key_add(k, "mount-access", m->readonly ? STR("ro") : STR("rw"));
		if (m->kind == MOUNT_BIND && add_bind_content(b, m, k, e) < 0)
			return -1;
	}
	return 0;
}

/* What a new cache mount begins with: from= and source=. */
static int seed_cache(struct step_run_context *c, const struct step_mount *m,
		      int fd, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct selected what = {.path = path_in_root(&a, m->source)};
	const struct copy_options opt = {0};
	const struct view none = {0};
	struct origin_tree from;
	struct target target;
	struct view_path at;
	int result;

	if (origin_open(c->build, &m->origin, &from, e) < 0)
		return -1;
	result = view_resolve(&from.tree.view, &a, what.path, VIEW_FOLLOW, &at,
			      e);
	if (result == 0 && at.exists && S_ISDIR(at.st.st_mode)) {
		what.path = at.path;
		target_init(&target, &none, fd);
		result = copy_selected(&from.tree, &what, &target, STR("/"),
				       &opt, e);
		target_release(&target);
	}
	origin_close(&from);
	return result;
}

/*
 * The folder of a cache mount; made with the content, mode and owner asked for,
 * under another name first, so that nobody sees half of it.
 */
static int create_cache(struct step_run_context *c, const struct step_mount *m,
			const char *path, struct err *e)
{
	int store = c->build->store->fd;
	struct stat st;
	SCOPED_FD int fd = -1;

	if (fstatat(store, path, &st, 0) == 0)
		return 0;
	if (io_mkdir(c->draft->fd, "cache", 0755, e) < 0)
		return -1;
	fd = io_open_dir(c->draft->fd, "cache", e);
	if (fd < 0)
		return -1;
	if (m->origin.kind != ORIGIN_SCRATCH && seed_cache(c, m, fd, e) < 0)
		return -1;
	if (fchown(fd, m->uid, m->gid) < 0 ||
	    fchmod(fd, m->has_mode ? m->mode : 0755) < 0)
		return err_sys(e, "create %s", path);
	if (renameat2(c->draft->fd, "cache", store, path, RENAME_NOREPLACE) <
		    0 &&
	    errno != EEXIST)
		return err_sys(e, "create %s", path);
	return 0;
}

/* 1 it is ours, 0 somebody else uses it in a way that keeps us out, -1. */
static int try_lock(int fd, enum mount_sharing sharing, struct err *e)
{
	int how = sharing == MOUNT_SHARED ? LOCK_SH : LOCK_EX;

	if (flock(fd, how | LOCK_NB) == 0)
		return 1;
	return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock a cache mount");
}

/* By asking again, since a wait for a lock can't be cancelled. */
static int wait_for_lock(struct step_run_context *c, int fd, struct err *e)
{
	struct pollfd cancel = {.fd = c->build->stop_fd, .events = POLLIN};
	int locked;

	while ((locked = try_lock(fd, MOUNT_LOCKED, e)) == 0)
		if (poll(&cancel, 1, LOCK_POLL_MS) > 0)
			return err_set(e, ERR_CANCELLED, "cancelled");
	return locked;
}

static int open_folder(struct step_run_context *c, const struct step_mount *m,
		       const char *path, struct err *e)
{
	if (create_cache(c, m, path, e) < 0)
		return -1;
	return io_open_dir(c->build->store->fd, path, e);
}

/*
 * What tells a cache from others: its id and, as in BuildKit, what it begins
 * with.
 */
static struct digest cache_identity(const struct step_run_context *c,
				    const struct step_mount *m)
{
	struct sha256 hash;
	struct digest out;
	const struct digest *from = NULL;

	if (m->origin.kind == ORIGIN_STAGE)
		from = &c->build->stages[m->origin.stage->index].content_id;
	if (m->origin.kind == ORIGIN_IMAGE)
		from = &m->origin.image->manifest_digest;
	sha256_init(&hash);
	sha256_update(&hash, m->id.p, m->id.n);
	if (from)
		sha256_update(&hash, from->bytes, sizeof(from->bytes));
	sha256_final(&hash, &out);
	return out;
}

/*
 * The folder that this mount may use now: "<id>", or where others are at it and
 * it is to be private, the first free one of "<id>-1", "<id>-2", …. A locked
 * one waits. What they share it with is not asked: a folder is either used by
 * shared mounts or by one.
 */
static int open_free_folder(struct step_run_context *c,
			    const struct step_mount *m, struct err *e)
{
	struct digest id = cache_identity(c, m);
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *path = xasprintf("mounts/%s", digest_hex(&id, hex));

	for (unsigned n = 1;; n++) {
		SCOPED_FD int fd = open_folder(c, m, path, e);
		int locked = fd < 0 ? -1 : try_lock(fd, m->sharing, e);

		if (locked == 0 && m->sharing == MOUNT_LOCKED)
			locked = wait_for_lock(c, fd, e);
		if (locked)
			return locked < 0 ? -1 : TAKE_FD(fd);
		free(path);
		path = xasprintf("mounts/%s-%u", hex, n);
	}
}

/* A step that mounts one cache twice shares it with itself. */
static int open_cache(struct mounts *all, struct step_run_context *c,
		      const struct step_mount *m, struct err *e)
{
	struct opened_cache *opened = NULL;
	int fd;

	for (size_t i = 0; i < all->caches.n; i++)
		if (str_eq(all->caches.v[i].id, m->id))
			opened = &all->caches.v[i];
	if (!opened) {
		if (io_mkdir(c->build->store->fd, "mounts", 0755, e) < 0)
			return -1;
		fd = open_free_folder(c, m, e);
		if (fd < 0)
			return -1;
		opened = vec_push(&all->caches);
		*opened = (struct opened_cache){m->id, fd};
	}
	fd = fcntl(opened->fd, F_DUPFD_CLOEXEC, 3);
	return fd < 0 ? err_sys(e, "open a cache mount") : fd;
}

static int compare_ids(const void *a, const void *b)
{
	const struct step_mount *const *x = a;
	const struct step_mount *const *y = b;

	return str_cmp((*x)->id, (*y)->id);
}

/*
 * Caches first, by their ids: two steps that lock two caches in the same order
 * can't wait for each other.
 */
static int open_caches(struct mounts *m, struct step_run_context *c,
		       struct arena *a, struct err *e)
{
	const struct step_run *run = &c->step->run;
	const struct step_mount **caches =
		arena_new_array(a, run->n_mounts, const struct step_mount *);
	size_t n = 0;

	for (size_t i = 0; i < run->n_mounts; i++)
		if (run->mounts[i].kind == MOUNT_CACHE)
			caches[n++] = &run->mounts[i];
	if (n > 1)
		qsort(caches, n, sizeof(*caches), compare_ids);
	for (size_t i = 0; i < n; i++) {
		int fd = open_cache(m, c, caches[i], e);

		if (fd < 0)
			return err_wrap(e, "--mount=type=cache");
		(void)close(fd); /* m keeps one */
	}
	return 0;
}

/* 1 open, 0 nothing to mount, -1. */
static int open_mount(struct mounts *all, struct step_run_context *c,
		      const struct step_mount *m, size_t i, struct arena *a,
		      struct run_mount *out, struct err *e)
{
	out->readonly = m->readonly;
	switch (m->kind) {
	case MOUNT_BIND: return mount_bind_open(all, c, m, i, out, e);
	case MOUNT_CACHE:
		out->source_fd = open_cache(all, c, m, e);
		return out->source_fd < 0 ? -1 : 1;
	case MOUNT_TMPFS:
		out->kind = RUN_MOUNT_TMPFS;
		out->size_bytes = m->size_bytes;
		return 1;
	case MOUNT_SECRET: return mount_secret_open(all, c, m, a, out, e);
	case MOUNT_SSH: return mount_ssh_open(all, c, m, a, out, e);
	}
	return 0;
}

/* A heredoc with #! is a file of its own, read-only, as BuildKit has it. */
static int open_script(struct step_run_context *c, struct run_mount *out,
		       struct err *e)
{
	const struct step_run *run = &c->step->run;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int dir = -1;
	SCOPED_FD int fd = -1;
	const char *name = arena_c(&a, run->script_name);

	if (io_mkdir(c->draft->fd, "pipes", 0755, e) < 0)
		return -1;
	dir = io_open_dir(c->draft->fd, "pipes", e);
	if (dir < 0)
		return -1;
	fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_sys(e, "create the script %s", name);
	if (io_write_all(fd, run->script.p, run->script.n, name, e) < 0)
		return -1;
	*out = (struct run_mount){.kind = RUN_MOUNT_BIND,
				  .target = "/dev/pipes",
				  .readonly = true,
				  .source_fd = TAKE_FD(dir)};
	return 0;
}

int mounts_open(struct mounts *m, struct step_run_context *c, struct arena *a,
		struct err *e)
{
	const struct step_run *run = &c->step->run;

	*m = (struct mounts){0};
	m->v = arena_new_array(a, run->n_mounts + 1, struct run_mount);
	if (open_caches(m, c, a, e) < 0) {
		mounts_close(m);
		return -1;
	}
	for (size_t i = 0; i < run->n_mounts; i++) {
		struct run_mount *out = &m->v[m->n];
		int opened;

		out->source_fd = -1;
		out->target = arena_c(a, run->mounts[i].target);
		opened = open_mount(m, c, &run->mounts[i], i, a, out, e);
		if (opened < 0) {
			mounts_close(m);
			return err_wrap(e, "--mount=type=%s",
					KINDS[run->mounts[i].kind]);
		}
		m->n += opened > 0;
	}
	if (run->script_name.n) {
		m->v[m->n].source_fd = -1;
		if (open_script(c, &m->v[m->n], e) < 0) {
			mounts_close(m);
			return -1;
		}
		m->n++;
	}
	return 0;
}

void mounts_close(struct mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->v[i].kind == RUN_MOUNT_BIND)
			scoped_close(&m->v[i].source_fd);
	for (size_t i = 0; i < m->caches.n; i++)
		(void)close(m->caches.v[i].fd);
	vec_release(&m->caches);
	for (size_t i = 0; i < m->forwards.n; i++)
		forward_stop(m->forwards.v[i]);
	vec_release(&m->forwards);
	vec_release(&m->folders);
	for (size_t i = 0; i < m->files.n; i++) {
		(void)unlink(m->files.v[i]); /* gone or never made: as well */
		free(m->files.v[i]);
	}
	vec_release(&m->files);
	m->n = 0;
}
