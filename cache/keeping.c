#include "cache/keeping.h"

#include "base/clock.h"
#include "base/io.h"
#include "base/vec.h"
#include "cache/kept.h"
#include "cache/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

/*
 * A long build is flushed now and then, so that a SIGKILL costs the work of
 * seconds and not of hours.
 */
static const int64_t WAIT_MAX_NS = INT64_C(5) * 1000000000;

struct waiting_snapshot {
	struct digest diff_id;
	struct snapshot_draft draft;
	uint64_t seen;
};

struct waiting_record {
	char *path;
	char *text;
	size_t n;
};

struct keeping {
	pthread_mutex_t lock;
	VEC(struct waiting_snapshot) snapshots;
	VEC(struct waiting_record) records;
	int64_t since_ns; /* the oldest waits; 0: nothing does */
	struct store_listener *listener;
	bool distrust;
	VEC(struct digest) trusted;
};

struct keeping *keeping_new(void)
{
	struct keeping *k = xcalloc(1, sizeof(*k));

	(void)pthread_mutex_init(&k->lock, NULL);
	return k;
}

static void clear_records(struct keeping *k)
{
	for (size_t i = 0; i < k->records.n; i++) {
		free(k->records.v[i].path);
		free(k->records.v[i].text);
	}
	vec_release(&k->records);
}

static void clear(struct keeping *k)
{
	for (size_t i = 0; i < k->snapshots.n; i++)
		snapshot_release(&k->snapshots.v[i].draft);
	vec_release(&k->snapshots);
	clear_records(k);
	k->since_ns = 0;
}

void keeping_free(struct keeping *k)
{
	if (!k)
		return;
	clear(k);
	vec_release(&k->trusted);
	(void)pthread_mutex_destroy(&k->lock);
	free(k);
}

/* --- what waits ----------------------------------------------------------- */

static struct waiting_snapshot *find(const struct keeping *k,
				     const struct digest *diff_id)
{
	for (size_t i = 0; i < k->snapshots.n; i++)
		if (digest_eq(&k->snapshots.v[i].diff_id, diff_id))
			return &k->snapshots.v[i];
	return NULL;
}

static void note_waiting(struct keeping *k)
{
	if (k->since_ns == 0)
		k->since_ns = clock_monotonic_ns();
}

void keeping_add_snapshot(const struct store *s, struct snapshot_draft *d,
			  const struct digest *diff_id, uint64_t seen)
{
	struct keeping *k = s->keeping;
	struct waiting_snapshot *added = NULL;

	(void)pthread_mutex_lock(&k->lock);
	if (!find(k, diff_id)) {
		added = vec_push(&k->snapshots);
		*added = (struct waiting_snapshot){*diff_id, *d, seen};
		note_waiting(k);
	}
	(void)pthread_mutex_unlock(&k->lock);
	if (!added) {
		snapshot_release(d); /* the very same layer waits already */
		return;
	}
	*d = (struct snapshot_draft){.fd = -1, .upper_fd = -1};
}

int keeping_open(const struct store *s, const struct digest *diff_id)
{
	struct keeping *k = s->keeping;
	struct waiting_snapshot *w;
	int fd = -1;

	(void)pthread_mutex_lock(&k->lock);
	w = find(k, diff_id);
	if (w)
		fd = openat(w->draft.upper_fd, ".",
			    O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)pthread_mutex_unlock(&k->lock);
	return fd;
}

bool keeping_has(const struct store *s, const struct digest *diff_id)
{
	struct keeping *k = s->keeping;
	bool has;

	(void)pthread_mutex_lock(&k->lock);
	has = find(k, diff_id) != NULL;
	(void)pthread_mutex_unlock(&k->lock);
	return has;
}

/* --- publishing ----------------------------------------------------------- */

static int sync_folder(const struct store *s, const char *name, struct err *e)
{
	SCOPED_FD int fd = io_open_dir(s->fd, name, e);

	if (fd < 0)
		return -1;
	return fsync(fd) < 0 ? err_sys(e, "sync %s", name) : 0;
}

/* Whether nobody has the snapshot open; it stays locked as long as *fd. */
static bool is_unused(const struct store *s, const char *path, int *fd)
{
	*fd = openat(s->fd, path,
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return *fd < 0 || flock(*fd, LOCK_EX | LOCK_NB) == 0;
}

static int take_name(const struct store *s, struct waiting_snapshot *w,
		     const char *path, bool *placed, struct err *e)
{
	SCOPED_FD int old = -1;
	int same;

	*placed = true;
	if (renameat2(w->draft.fd, "upper", s->fd, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(e, "put %s in its place", path);
	if (!is_unused(s, path, &old)) {
		same = snapshot_read_whole(s, &w->diff_id, e);
		if (same < 0)
			return -1;
		*placed = same == 0;
	}
	/* the old one goes with the draft */
	if (*placed &&
	    renameat2(w->draft.fd, "upper", s->fd, path, RENAME_EXCHANGE) < 0)
		return err_sys(e, "put %s in its place", path);
	return 0;
}

static int publish_snapshot(const struct store *s, struct waiting_snapshot *w,
			    struct err *e)
{
	char path[SNAPSHOT_PATH_MAX];
	struct seal seal;
	struct stat st;
	bool placed;

	if (take_name(s, w, snapshot_path(&w->diff_id, path), &placed, e) < 0)
		return -1;
	if (!placed)
		return 0;
	/* a rename changes ctime: the seal is of what stands there now */
	if (fstat(w->draft.upper_fd, &st) < 0)
		return err_sys(e, "stat %s", path);
	seal = seal_of(&st);
	seal.seen = w->seen;
	return seal_put(s, &w->diff_id, &seal, e);
}

static int publish_snapshots(const struct store *s, struct keeping *k,
			     struct err *e)
{
	if (k->snapshots.n == 0)
		return 0;
	if (syncfs(s->fd) < 0)
		return err_sys(e, "flush the store to its disk");
	for (size_t i = 0; i < k->snapshots.n; i++)
		if (publish_snapshot(s, &k->snapshots.v[i], e) < 0)
			return -1;
	return sync_folder(s, "snapshots", e) < 0 ? -1
						  : sync_folder(s, "seals", e);
}

/* Under the lock. */
static int publish(const struct store *s, struct keeping *k, struct err *e)
{
	int result = publish_snapshots(s, k, e);

	for (size_t i = 0; i < k->records.n && result == 0; i++)
		result = kept_put(
			s->fd, k->records.v[i].path,
			(struct str){k->records.v[i].text, k->records.v[i].n},
			e);
	clear(k);
	return result < 0 ? err_wrap(e, "keep what was built") : 0;
}

int store_publish(const struct store *s, struct err *e)
{
	struct keeping *k = s->keeping;
	int result = 0;

	(void)pthread_mutex_lock(&k->lock);
	if (k->since_ns)
		result = publish(s, k, e);
	(void)pthread_mutex_unlock(&k->lock);
	return result;
}

int keeping_add_record(const struct store *s, const char *path, struct str text,
		       struct err *e)
{
	struct keeping *k = s->keeping;
	struct waiting_record *added;
	int result = 0;

	(void)pthread_mutex_lock(&k->lock);
	added = vec_push(&k->records);
	*added = (struct waiting_record){xstrdup(path), str_dup(text), text.n};
	note_waiting(k);
	if (clock_monotonic_ns() - k->since_ns > WAIT_MAX_NS)
		result = publish(s, k, e);
	(void)pthread_mutex_unlock(&k->lock);
	return result;
}

/* --- trust ---------------------------------------------------------------- */

void store_listen(const struct store *s, struct store_listener *l)
{
	(void)pthread_mutex_lock(&s->keeping->lock);
	s->keeping->listener = l;
	(void)pthread_mutex_unlock(&s->keeping->lock);
}

void keeping_tell(const struct store *s, const char *message)
{
	struct store_listener *l;

	(void)pthread_mutex_lock(&s->keeping->lock);
	l = s->keeping->listener;
	(void)pthread_mutex_unlock(&s->keeping->lock);
	if (l)
		l->damaged(l, message);
}

void store_distrust(const struct store *s)
{
	(void)pthread_mutex_lock(&s->keeping->lock);
	s->keeping->distrust = true;
	(void)pthread_mutex_unlock(&s->keeping->lock);
}

bool keeping_trusts(const struct store *s, const struct digest *diff_id)
{
	struct keeping *k = s->keeping;
	bool trusts;

	(void)pthread_mutex_lock(&k->lock);
	trusts = !k->distrust;
	for (size_t i = 0; i < k->trusted.n && !trusts; i++)
		trusts = digest_eq(&k->trusted.v[i], diff_id);
	(void)pthread_mutex_unlock(&k->lock);
	return trusts;
}

void keeping_trust(const struct store *s, const struct digest *diff_id)
{
	(void)pthread_mutex_lock(&s->keeping->lock);
	*vec_push(&s->keeping->trusted) = *diff_id;
	(void)pthread_mutex_unlock(&s->keeping->lock);
}
