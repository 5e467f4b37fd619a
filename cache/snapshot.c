#include "cache/snapshot.h"

#include "base/io.h"
#include "cache/keeping.h"
#include "cache/prune.h"
#include "cache/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char *snapshot_path(const struct digest *diff_id,
			  char out[SNAPSHOT_PATH_MAX])
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, SNAPSHOT_PATH_MAX, "snapshots/%s",
		       digest_hex(diff_id, hex));
	return out;
}

/* --- what is there -------------------------------------------------------- */

void snapshot_drop(const struct store *s, const struct digest *diff_id)
{
	SCOPED_BUF struct buf aside = BUF_INIT(256);
	SCOPED_BUF struct buf message = BUF_INIT(512);
	char path[SNAPSHOT_PATH_MAX];
	char text[DIGEST_STRING_SIZE];

	/* swept as soon as nobody has it open */
	io_unique_name(&aside, "tmp/dropped-");
	if (renameat(s->fd, snapshot_path(diff_id, path), s->fd,
		     buf_c(&aside)) < 0)
		return;
	seal_remove(s, diff_id);
	buf_printf(&message,
		   "the snapshot of layer %s was changed in the store; what "
		   "needs it is made again",
		   digest_string(diff_id, text));
	keeping_tell(s, buf_c(&message));
}

/* 1 the folder's canonical tar has that digest, 0 not, or can't be read. */
static int hash_matches(int fd, const struct digest *diff_id, struct err *e)
{
	const struct layer_write_options opt = {.mtime_max_s = INT64_MAX};
	struct layer_info info;

	if (layer_write(fd, &opt, NULL, &info, e) < 0)
		return 0;
	return digest_eq(&info.diff_id, diff_id);
}

static int read_whole(const struct store *s, const struct digest *diff_id,
		      int fd, struct err *e)
{
	struct seal seal;
	struct stat st;
	uint64_t seen;

	if (!seal_read(s, diff_id, &seal))
		return hash_matches(fd, diff_id, e);
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat a snapshot");
	if (seal.rights != seal_of(&st).rights)
		return 0;
	if (seal.seen == 0)
		return hash_matches(fd, diff_id, e);
	return seal_look(fd, &seen, e) == 0 && seen == seal.seen;
}

static int open_in_place(const struct store *s, const struct digest *diff_id)
{
	char path[SNAPSHOT_PATH_MAX];

	return openat(s->fd, snapshot_path(diff_id, path),
		      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

int snapshot_read_whole(const struct store *s, const struct digest *diff_id,
			struct err *e)
{
	SCOPED_FD int fd = open_in_place(s, diff_id);

	return fd < 0 ? 0 : read_whole(s, diff_id, fd, e);
}

static bool fits(const struct store *s, const struct digest *diff_id,
		 const struct stat *st)
{
	struct seal seal;

	return seal_read(s, diff_id, &seal) && seal_fits(&seal, st);
}

/* What is right has a seal of its own from now on. */
static int seal_again(const struct store *s, const struct digest *diff_id,
		      const struct stat *st, struct err *e)
{
	struct seal old = {0};
	struct seal seal = seal_of(st);

	if (fits(s, diff_id, st))
		return 1;
	/* nobody knows whether it ever came to the disk */
	if (syncfs(s->fd) < 0)
		return err_sys(e, "flush the store to its disk");
	if (seal_read(s, diff_id, &old))
		seal.seen = old.seen;
	return seal_put(s, diff_id, &seal, e) < 0 ? -1 : 1;
}

static int check_whole(const struct store *s, const struct digest *diff_id,
		       const struct stat *st, struct err *e)
{
	SCOPED_FD int fd = -1;
	int whole;

	/*
	 * Outside of the user namespace owners look otherwise, and not all can
	 * be read: it is looked at once more in there.
	 */
	if (geteuid() != 0)
		return 0;
	fd = open_in_place(s, diff_id);
	whole = fd < 0 ? err_sys(e, "open a snapshot")
		       : read_whole(s, diff_id, fd, e);
	if (whole < 0)
		return -1;
	if (whole == 0) {
		snapshot_drop(s, diff_id);
		return 0;
	}
	keeping_trust(s, diff_id);
	return seal_again(s, diff_id, st, e);
}

enum check { CHECK_SEAL, CHECK_ALL };

static int check(const struct store *s, const struct digest *diff_id,
		 enum check how, struct err *e)
{
	char path[SNAPSHOT_PATH_MAX];
	struct stat st;

	if (keeping_has(s, diff_id))
		return 1;
	if (fstatat(s->fd, snapshot_path(diff_id, path), &st,
		    AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "stat %s", path);
	if (!S_ISDIR(st.st_mode)) {
		snapshot_drop(s, diff_id);
		return 0;
	}
	if (how == CHECK_SEAL && keeping_trusts(s, diff_id) &&
	    fits(s, diff_id, &st))
		return 1;
	return check_whole(s, diff_id, &st, e);
}

int snapshot_exists(const struct store *s, const struct digest *diff_id,
		    struct err *e)
{
	return check(s, diff_id, CHECK_SEAL, e);
}

int snapshot_verify(const struct store *s, const struct digest *diff_id,
		    struct err *e)
{
	return check(s, diff_id, CHECK_ALL, e);
}

int snapshot_open(const struct store *s, const struct digest *diff_id,
		  struct err *e)
{
	char path[SNAPSHOT_PATH_MAX];
	int fd = keeping_open(s, diff_id);

	if (fd >= 0)
		return fd;
	fd = open_in_place(s, diff_id);
	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: no such snapshot",
			       snapshot_path(diff_id, path));
	if (fd < 0)
		return err_sys(e, "open %s", snapshot_path(diff_id, path));
	/* in use: it is not replaced meanwhile, nor swept once it was dropped
	 */
	(void)flock(fd, LOCK_SH | LOCK_NB);
	return fd;
}

/* --- drafts --------------------------------------------------------------- */

int snapshot_begin(struct snapshot_draft *d, const struct store *s,
		   struct err *e)
{
	*d = (struct snapshot_draft){.store = s, .fd = -1, .upper_fd = -1};
	d->fd = store_workdir_create(s, &d->name, e);
	if (d->fd < 0)
		return -1;
	/* the mode of a root folder, whatever the umask */
	if (mkdirat(d->fd, "upper", 0755) < 0 ||
	    fchmodat(d->fd, "upper", 0755, 0) < 0) {
		err_sys(e, "create a snapshot");
		snapshot_release(d);
		return -1;
	}
	d->upper_fd = io_open_dir(d->fd, "upper", e);
	if (d->upper_fd < 0) {
		snapshot_release(d);
		return -1;
	}
	return 0;
}

int snapshot_commit_as(struct snapshot_draft *d, const struct digest *diff_id,
		       struct err *e)
{
	uint64_t seen;

	if (seal_look(d->upper_fd, &seen, e) < 0)
		return -1;
	keeping_add_snapshot(d->store, d, diff_id, seen);
	return 0;
}

int snapshot_commit(struct snapshot_draft *d, const struct view *base,
		    int64_t created_ns, struct layer *out, struct err *e)
{
	const struct layer_write_options opt = {.mtime_max_s = INT64_MAX};
	struct layer_info info;

	if (prune_upper(d->upper_fd, base, e) < 0 ||
	    layer_write(d->upper_fd, &opt, NULL, &info, e) < 0)
		return -1;
	*out = (struct layer){
		.diff_id = info.diff_id,
		.content_id = info.content_id,
		.size_bytes = info.size_bytes,
		.created_ns = created_ns,
	};
	keeping_add_snapshot(d->store, d, &info.diff_id, 0);
	return 0;
}

void snapshot_release(struct snapshot_draft *d)
{
	struct err ignored;

	scoped_close(&d->upper_fd);
	if (d->name) {
		/* what can't be removed now is swept later */
		(void)io_remove_tree(d->store->fd, d->name, &ignored);
		free(d->name);
	}
	scoped_close(&d->fd);
	*d = (struct snapshot_draft){.fd = -1, .upper_fd = -1};
}
