#include "builder/chroot/places.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/path.h"
#include "builder/files/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A folder on the way to a place that was not there. */
struct made_folder {
	struct str path;
	struct timespec around[2]; /* times of the folder that it is in */
};

struct place {
	struct arena arena;
	struct str folder; /* relative to the root, without links */
	const char *name;
	const char *aside; /* what had the name; NULL: nothing */
	const char *home;  /* where it was moved from; NULL: it was made here */
	bool free;	   /* the name is: what has it from now on is ours */
	dev_t dev;	   /* of what was put there */
	ino_t ino;
	struct timespec times[2]; /* of the folder, before */
	VEC(struct made_folder) made;
};

static void place_free(struct place *p)
{
	vec_release(&p->made);
	arena_release(&p->arena);
	free(p);
}

static int open_folder(int root_fd, struct str path)
{
	SCOPED_PTR char *text = str_dup(path);

	return path_open_nofollow(root_fd, text[0] ? text : ".",
				  O_RDONLY | O_DIRECTORY, 0);
}

static int get_times(int fd, struct timespec out[2], struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat a folder");
	out[0] = st.st_atim;
	out[1] = st.st_mtim;
	return 0;
}

/* --- putting ------------------------------------------------------------ */

/* The folder of the place, made where it is missing: its descriptor, or -1. */
static int open_or_make(const struct places *all, struct place *p,
			struct err *e)
{
	SCOPED_FD int fd =
		openat(all->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct str rest = p->folder;
	struct str component;

	while (fd >= 0 && path_next(&rest, &component)) {
		const char *name = arena_c(&p->arena, component);
		struct made_folder made = {
			.path = str_sub(p->folder, 0,
					(size_t)(component.p + component.n -
						 p->folder.p))};
		int next;

		if (get_times(fd, made.around, e) < 0)
			return -1;
		if (mkdirat(fd, name, 0755) == 0)
			*vec_push(&p->made) = made;
		else if (errno != EEXIST)
			return err_sys(e, "make %s", name);
		next = openat(fd, name,
			      O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		(void)close(fd);
		fd = next;
	}
	return fd < 0 ? err_sys(e, "open the folder of a mount's target")
		      : TAKE_FD(fd);
}

static int resolve(const struct places *all, struct place *p,
		   const char *target, struct err *e)
{
	const struct view view = {
		.layer_fds = &all->root_fd, .n_layers = 1, .plain = true};
	struct view_path at;

	if (view_resolve(&view, &p->arena, str_from(target), VIEW_FOLLOW, &at,
			 e) < 0)
		return -1;
	if (at.path.n == 0)
		return err_set(e, ERR_INVALID,
			       "mount target '%s' is the root itself", target);
	p->folder = path_dir(at.path);
	p->name = arena_c(&p->arena, path_base(at.path));
	return 0;
}

static int set_aside(const struct places *all, struct place *p, int folder,
		     struct err *e)
{
	SCOPED_BUF struct buf name = BUF_INIT(256);

	io_unique_name(&name, "aside-");
	if (renameat(folder, p->name, all->aside_fd, buf_c(&name)) == 0) {
		p->aside = arena_c(&p->arena, buf_str(&name));
		return 0;
	}
	return errno == ENOENT ? 0 : err_sys(e, "set %s aside", p->name);
}

/*
 * A place that is empty now: its folder's descriptor, or -1. It is among all
 * from here on, so that clearing undoes whatever was done.
 */
static int begin(struct places *all, const char *target, struct place **out,
		 struct err *e)
{
	struct place *p = xcalloc(1, sizeof(*p));
	SCOPED_FD int folder = -1;

	if (resolve(all, p, target, e) < 0) {
		place_free(p);
		return -1;
	}
	*vec_push(&all->v) = p;
	*out = p;
	folder = open_or_make(all, p, e);
	if (folder < 0 || get_times(folder, p->times, e) < 0 ||
	    set_aside(all, p, folder, e) < 0)
		return -1;
	p->free = true;
	return TAKE_FD(folder);
}

static int finish(struct place *p, int folder, struct err *e)
{
	struct stat st;

	if (fstatat(folder, p->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", p->name);
	p->dev = st.st_dev;
	p->ino = st.st_ino;
	return 0;
}

int places_put_file(struct places *all, const char *target, const char *content,
		    struct err *e)
{
	struct place *p;
	SCOPED_FD int folder = begin(all, target, &p, e);
	SCOPED_FD int fd = -1;

	if (folder < 0)
		return -1;
	fd = openat(folder, p->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return err_sys(e, "make %s", target);
	if (io_write_all(fd, content, strlen(content), target, e) < 0)
		return -1;
	return finish(p, folder, e);
}

int places_put_folder(struct places *all, const char *target, mode_t mode,
		      int *fd, struct err *e)
{
	struct place *p;
	SCOPED_FD int folder = begin(all, target, &p, e);

	if (folder < 0)
		return -1;
	if (mkdirat(folder, p->name, 0700) < 0)
		return err_sys(e, "make %s", target);
	*fd = openat(folder, p->name,
		     O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*fd < 0 || fchmod(*fd, mode) < 0)
		return err_sys(e, "make %s", target);
	return finish(p, folder, e);
}

/* Where an open file lies; its length, or -1. */
static ssize_t path_of(int fd, char out[PATH_MAX], struct err *e)
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, out, PATH_MAX - 1);
	if (n < 0)
		return err_sys(e, "find a mount's source");
	out[n] = '\0';
	return n;
}

/* 1 moved, 0 it can't be, -1. */
static int move_in(struct place *p, int source_fd, int folder, struct err *e)
{
	char home[PATH_MAX];

	if (path_of(source_fd, home, e) < 0)
		return -1;
	if (renameat2(AT_FDCWD, home, folder, p->name, RENAME_NOREPLACE) < 0)
		return errno == EXDEV ? 0 : err_sys(e, "move %s", home);
	p->home = arena_c(&p->arena, str_from(home));
	return 1;
}

static int copy_folder(struct place *p, int source_fd, int folder,
		       struct err *e)
{
	const struct view view = {
		.layer_fds = &source_fd, .n_layers = 1, .plain = true};
	const struct source_tree from = {.view = view,
					 .owner = TREE_OWNER_COUNTS};
	const struct selected everything = {.path = {0}};
	const struct copy_options opt = {.exact = true};
	const struct view none = {0};
	struct target target;
	SCOPED_FD int fd = -1;
	struct stat st;
	int result;

	if (mkdirat(folder, p->name, 0700) < 0)
		return err_sys(e, "make %s", p->name);
	fd = openat(folder, p->name,
		    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(source_fd, &st) < 0 ||
	    fchown(fd, st.st_uid, st.st_gid) < 0 ||
	    fchmod(fd, st.st_mode & 07777) < 0)
		return err_sys(e, "make %s", p->name);
	target_init(&target, &none, fd);
	result = copy_selected(&from, &everything, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

/* Opened anew, since the descriptor may be O_PATH, or read already. */
static int copy_file(struct place *p, int source_fd, int folder, struct err *e)
{
	SCOPED_PTR char *link = xasprintf("/proc/self/fd/%d", source_fd);
	SCOPED_FD int from = open(link, O_RDONLY | O_CLOEXEC);
	SCOPED_FD int to = -1;
	struct stat st;

	if (from < 0 || fstat(from, &st) < 0)
		return err_sys(e, "open the source of %s", p->name);
	to = openat(folder, p->name,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (to < 0)
		return err_sys(e, "make %s", p->name);
	if (io_copy(from, to, -1, p->name, e) < 0)
		return -1;
	if (fchown(to, st.st_uid, st.st_gid) < 0 ||
	    fchmod(to, st.st_mode & 07777) < 0)
		return err_sys(e, "make %s", p->name);
	return 0;
}

static int show(struct place *p, const struct run_mount *m, int folder,
		struct err *e)
{
	int moved = 0;
	struct stat st;

	if (fstat(m->source_fd, &st) < 0)
		return err_sys(e, "stat a mount's source");
	if (m->movable)
		moved = move_in(p, m->source_fd, folder, e);
	if (moved != 0)
		return moved < 0 ? -1 : 0;
	return S_ISDIR(st.st_mode) ? copy_folder(p, m->source_fd, folder, e)
				   : copy_file(p, m->source_fd, folder, e);
}

int places_put_mount(struct places *all, const struct run_mount *m,
		     struct err *e)
{
	SCOPED_FD int made = -1;
	SCOPED_FD int folder = -1;
	struct place *p;

	if (m->kind == RUN_MOUNT_TMPFS)
		return places_put_folder(all, m->target,
					 m->mode ? m->mode : 01777, &made, e);
	folder = begin(all, m->target, &p, e);
	if (folder < 0 || show(p, m, folder, e) < 0)
		return -1;
	return finish(p, folder, e);
}

/* --- taking out --------------------------------------------------------- */

/* Whether what was put there is there still. */
static bool is_there(const struct place *p, int folder)
{
	struct stat st;

	return fstatat(folder, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	       st.st_dev == p->dev && st.st_ino == p->ino;
}

static int take_out(const struct place *p, int folder, struct err *e)
{
	if (p->ino == 0) /* it never came to be */
		return io_remove_tree(folder, p->name, e);
	if (!is_there(p, folder))
		return err_set(e, ERR_FAILED,
			       "the command moved the mount %s away: that is "
			       "not possible here",
			       p->name);
	if (!p->home)
		return io_remove_tree(folder, p->name, e);
	if (renameat(folder, p->name, AT_FDCWD, p->home) < 0)
		return err_sys(e, "move %s back", p->name);
	return 0;
}

static int put_back(const struct places *all, const struct place *p, int folder,
		    struct err *e)
{
	if (p->aside && renameat(all->aside_fd, p->aside, folder, p->name) < 0)
		return err_sys(e, "put %s back", p->name);
	if (futimens(folder, p->times) < 0)
		return err_sys(e, "set the time of a folder");
	return 0;
}

/* Where something is in them now, they stay. */
static void remove_made(const struct places *all, const struct place *p)
{
	for (size_t i = p->made.n; i > 0; i--) {
		const struct made_folder *made = &p->made.v[i - 1];
		SCOPED_PTR char *name = str_dup(path_base(made->path));
		SCOPED_FD int around =
			open_folder(all->root_fd, path_dir(made->path));

		if (around < 0 || unlinkat(around, name, AT_REMOVEDIR) < 0)
			return;
		(void)futimens(around, made->around);
	}
}

static int clear(const struct places *all, const struct place *p, struct err *e)
{
	SCOPED_FD int folder = open_folder(all->root_fd, p->folder);
	int result;

	if (folder < 0)
		return p->free ? err_sys(e, "open the folder of %s", p->name)
			       : 0;
	result = p->free ? take_out(p, folder, e) : 0;
	if (result == 0 && p->free)
		result = put_back(all, p, folder, e);
	if (result == 0)
		remove_made(all, p);
	return result;
}

int places_clear(struct places *all, struct err *e)
{
	int result = 0;

	for (size_t i = all->v.n; i > 0; i--) {
		struct err one;

		if (clear(all, all->v.v[i - 1], &one) < 0 && result == 0) {
			*e = one;
			result = -1;
		}
		place_free(all->v.v[i - 1]);
	}
	vec_release(&all->v);
	return result;
}
