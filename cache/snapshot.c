#include "cache/snapshot.h"

#include "base/io.h"
#include "cache/prune.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SNAPSHOT_PATH_MAX = 128 };

static const char *snapshot_path(const struct digest *diff_id, char *out)
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, SNAPSHOT_PATH_MAX, "snapshots/%s",
		       digest_hex(diff_id, hex));
	return out;
}

int snapshot_exists(const struct store *s, const struct digest *diff_id,
		    struct err *e)
{
	char path[SNAPSHOT_PATH_MAX];
	struct stat st;

	if (fstatat(s->fd, snapshot_path(diff_id, path), &st, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : err_sys(e, "stat %s", path);
}

int snapshot_open(const struct store *s, const struct digest *diff_id,
		  struct err *e)
{
	char path[SNAPSHOT_PATH_MAX];
	int fd = openat(s->fd, snapshot_path(diff_id, path),
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: no such snapshot", path);
	return fd < 0 ? err_sys(e, "open %s", path) : fd;
}

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
	char path[SNAPSHOT_PATH_MAX];

	/* fails where the very same layer is there already: that one stays */
	if (renameat2(d->fd, "upper", d->store->fd,
		      snapshot_path(diff_id, path), RENAME_NOREPLACE) < 0 &&
	    errno != EEXIST && errno != ENOTEMPTY)
		return err_sys(e, "put %s in its place", path);
	snapshot_release(d);
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
	return snapshot_commit_as(d, &info.diff_id, e);
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
