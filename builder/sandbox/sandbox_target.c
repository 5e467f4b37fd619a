/*
 * Mount points inside the root, which is not trusted: every link is resolved
 * within it and no magic link of /proc is followed. What they come to must then
 * pass the rules of sandbox_check.c.
 */
#include "builder/sandbox/sandbox_perform.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS_MAX = 40 }; /* as the kernel's MAXSYMLINKS */

/* A path that is resolved by hand, component by component. */
struct walk {
	struct sandbox_child *child;
	char done[PATH_MAX]; /* resolved so far, relative, no links */
	char rest[PATH_MAX]; /* still to resolve */
	int n_links;
	mode_t folder_mode;
	uid_t uid;
	gid_t gid;
	bool own;    /* give what is made to uid and gid */
	bool record; /* note what is made, for taking it away */
};

static bool append(char *path, const char *component, size_t n)
{
	size_t have = strlen(path);

	if (have + n + 2 > PATH_MAX)
		return false;
	if (have)
		path[have++] = '/';
	memcpy(path + have, component, n);
	path[have + n] = '\0';
	return true;
}

static void cut_last(char *path)
{
	char *slash = strrchr(path, '/');

	if (slash)
		*slash = '\0';
	else
		path[0] = '\0';
}

/* Open the folder that holds w->done's last component. */
static int open_parent(struct walk *w)
{
	char folder[PATH_MAX];

	memcpy(folder, w->done, strlen(w->done) + 1);
	cut_last(folder);
	return path_open_nofollow(w->child->root_fd, folder,
				  O_PATH | O_DIRECTORY, 0);
}

static void record(struct walk *w, int folder)
{
	struct sandbox_child *c = w->child;
	struct sandbox_created *created;
	struct stat st;

	if (!w->record || c->n_created == SANDBOX_CREATED_MAX ||
	    fstat(folder, &st) < 0)
		return;
	created = &c->created[c->n_created++];
	memcpy(created->path, w->done, strlen(w->done) + 1);
	created->folder_times[0] = st.st_atim;
	created->folder_times[1] = st.st_mtim;
}

/* Make w->done, which does not exist, of the type in mode. */
static int make(struct walk *w, mode_t mode)
{
	const char *slash = strrchr(w->done, '/');
	const char *name = slash ? slash + 1 : w->done;
	int folder = open_parent(w);
	size_t n_created;
	int failed;
	int sys;

	if (folder < 0)
		return -1;
	n_created = w->child->n_created;
	record(w, folder);
	if (S_ISDIR(mode))
		failed = mkdirat(folder, name, mode & 07777);
	else
		failed = mknodat(folder, name, S_IFREG | (mode & 07777), 0);
	if (!failed && w->own)
		failed = fchownat(folder, name, w->uid, w->gid,
				  AT_SYMLINK_NOFOLLOW);
	sys = errno;
	if (failed)
		w->child->n_created = n_created;
	(void)close(folder);
	errno = sys;
	return failed;
}

/* w->done is a link: put its content before the rest. */
static int follow(struct walk *w, int link)
{
	char text[PATH_MAX];
	ssize_t n = readlinkat(link, "", text, sizeof(text) - 1);
	size_t rest = strlen(w->rest);

	if (n < 0)
		return -1;
	if (++w->n_links > LINKS_MAX) {
		errno = ELOOP;
		return -1;
	}
	if ((size_t)n + 1 + rest + 1 > PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memmove(w->rest + n + 1, w->rest, rest + 1);
	memcpy(w->rest, text, (size_t)n);
	w->rest[n] = '/';
	cut_last(w->done);
	if (text[0] == '/')
		w->done[0] = '\0';
	return 0;
}

/*
 * What w->done is, O_PATH; where nothing is there it is made, with mode. In a
 * cache that others use at once it may come between looking and making.
 */
static int open_or_make(struct walk *w, mode_t mode)
{
	int root = w->child->root_fd;
	int fd = path_open_nofollow(root, w->done, O_PATH | O_NOFOLLOW, 0);

	if (fd >= 0 || errno != ENOENT)
		return fd;
	if (make(w, mode) < 0 && errno != EEXIST)
		return -1;
	return path_open_nofollow(root, w->done, O_PATH | O_NOFOLLOW, 0);
}

/* One component further; missing ones are made, the last with mode. */
static int step(struct walk *w, const char *component, size_t n, bool last,
		mode_t mode)
{
	struct stat st;
	int failed = 0;
	int fd;

	if (n == 1 && component[0] == '.')
		return 0;
	if (n == 2 && component[0] == '.' && component[1] == '.') {
		cut_last(w->done);
		return 0;
	}
	if (!append(w->done, component, n)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = open_or_make(w, last ? mode : S_IFDIR | w->folder_mode);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		failed = -1;
	else if (S_ISLNK(st.st_mode))
		failed = follow(w, fd);
	(void)close(fd);
	return failed;
}

static bool only_slashes(const char *p)
{
	return p[strspn(p, "/")] == '\0';
}

static int make_path(struct walk *w, const char *path, mode_t mode)
{
	char component[NAME_MAX + 1];
	size_t n;

	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(w->rest, path, strlen(path) + 1);
	while (!only_slashes(w->rest)) {
		char *start = w->rest + strspn(w->rest, "/");

		n = strcspn(start, "/");
		if (n > NAME_MAX) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(component, start, n);
		memmove(w->rest, start + n, strlen(start + n) + 1);
		if (step(w, component, n, only_slashes(w->rest), mode) < 0)
			return -1;
	}
	return path_open_nofollow(w->child->root_fd, w->done, O_PATH, 0);
}

/* In a place there are no links, and nobody else makes anything. */
static int make_in_place(struct sandbox_child *c, const struct sandbox_op *op)
{
	int place = c->place_fds[op->in];
	const char *name = sandbox_name_in_place(op);

	if (mkdirat(place, name, op->mode & 07777) < 0)
		return -1;
	return path_open_nofollow(place, name, O_PATH | O_NOFOLLOW, 0);
}

static int make_target(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct walk w = {
		.child = c,
		.folder_mode = 0755,
		.record = op->missing == SANDBOX_TARGET_STUB,
	};
	struct stat st;
	mode_t mode = op->mode;

	if (op->in || op->makes)
		return make_in_place(c, op);
	if (mode == 0 && op->source >= 0 &&
	    fstat(c->source_fds[op->source], &st) == 0)
		mode = S_ISDIR(st.st_mode) ? S_IFDIR | 0755 : S_IFREG | 0644;
	return make_path(&w, op->target, mode);
}

int sandbox_open_target(struct sandbox_child *c, const struct sandbox_op *op,
			struct sandbox_spot *out)
{
	struct statx st;

	out->fd = sandbox_find_target(c, op);
	if (out->fd < 0 && errno == ENOENT &&
	    op->missing != SANDBOX_TARGET_EXPECT)
		out->fd = make_target(c, op);
	if (out->fd < 0)
		return -1;
	if (statx(out->fd, "", AT_EMPTY_PATH,
		  STATX_TYPE | STATX_INO | STATX_MNT_ID, &st) < 0)
		return -1;
	out->mount = st.stx_mnt_id;
	return sandbox_check_target(c, op, &st) < 0 ? -2 : 0;
}

int sandbox_open_cwd(struct sandbox_child *c, const struct sandbox_op *op)
{
	struct walk w = {
		.child = c,
		.folder_mode = op->mode & 07777,
		.own = op->missing == SANDBOX_TARGET_EXPECT,
		.uid = c->plan->spec->uid,
		.gid = c->plan->spec->gid,
	};
	int fd;

	fd = path_open_in_root(c->root_fd, op->target, O_PATH | O_DIRECTORY, 0);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	return make_path(&w, op->target, op->mode);
}
