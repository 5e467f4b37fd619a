#include "builder/chroot/chroot.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/path.h"
#include "builder/chroot/guard.h"
#include "builder/chroot/places.h"
#include "builder/files/target.h"
#include "builder/sandbox/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- roots -------------------------------------------------------------- */

/* Where two hold what is wanted, the one that holds more of it. */
static bool take_idle(struct chroot_executor *x, const struct run_spec *spec,
		      struct root_folder *out)
{
	size_t best = SIZE_MAX;

	for (size_t i = 0; i < x->idle.n; i++)
		if (root_folder_begins(&x->idle.v[i], spec->lower_fds,
				       spec->n_lowers) &&
		    (best == SIZE_MAX ||
		     x->idle.v[i].layers.n > x->idle.v[best].layers.n))
			best = i;
	if (best == SIZE_MAX)
		return false;
	*out = x->idle.v[best];
	x->idle.v[best] = x->idle.v[--x->idle.n];
	return true;
}

/* 1 *out is such a root, 0 there is none, -1. */
static int reuse_root(struct chroot_executor *x, const struct run_spec *spec,
		      struct root_folder *out, struct err *e)
{
	int extended;
	bool found;

	(void)pthread_mutex_lock(&x->lock);
	found = take_idle(x, spec, out);
	(void)pthread_mutex_unlock(&x->lock);
	if (!found)
		return 0;
	extended = root_folder_extend(out, spec->lower_fds, spec->n_lowers, e);
	if (extended <= 0)
		root_folder_remove(out, x->folder_fd);
	return extended;
}

static int take_root(struct chroot_executor *x, const struct run_spec *spec,
		     struct root_folder *out, struct err *e)
{
	SCOPED_BUF struct buf name = BUF_INIT(256);
	int found = reuse_root(x, spec, out, e);

	if (found != 0)
		return found < 0 ? -1 : 0;
	io_unique_name(&name, "root-");
	return root_folder_make(out, x->folder_fd, xstrdup(buf_c(&name)),
				spec->lower_fds, spec->n_lowers, e);
}

static void give_root(struct chroot_executor *x, struct root_folder *r)
{
	(void)pthread_mutex_lock(&x->lock);
	*vec_push(&x->idle) = *r;
	(void)pthread_mutex_unlock(&x->lock);
}

/* --- stand-ins ---------------------------------------------------------- */

static int put_devices(struct places *p, struct err *e)
{
	static const struct {
		const char *name;
		unsigned major, minor;
	} nodes[] = {{"null", 1, 3},   {"zero", 1, 5},	  {"full", 1, 7},
		     {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}};
	static const char *const links[][2] = {
		{"fd", "/proc/self/fd"},
		{"stdin", "/proc/self/fd/0"},
		{"stdout", "/proc/self/fd/1"},
		{"stderr", "/proc/self/fd/2"},
	};
	SCOPED_FD int fd = -1;

	if (places_put_folder(p, "/dev", 0755, &fd, e) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		if (mknodat(fd, nodes[i].name, S_IFCHR,
			    makedev(nodes[i].major, nodes[i].minor)) < 0 ||
		    fchmodat(fd, nodes[i].name, 0666, 0) < 0)
			return err_sys(e, "make the device /dev/%s",
				       nodes[i].name);
	for (size_t i = 0; i < ARRAY_LEN(links); i++)
		if (symlinkat(links[i][1], fd, links[i][0]) < 0)
			return err_sys(e, "make the link /dev/%s", links[i][0]);
	if (mkdirat(fd, "shm", 0) < 0 || fchmodat(fd, "shm", 01777, 0) < 0)
		return err_sys(e, "make /dev/shm");
	return 0;
}

/* Empty: what is written there is nobody's. */
static int put_empty(struct places *p, const char *target, struct err *e)
{
	SCOPED_FD int fd = -1;

	return places_put_folder(p, target, 0555, &fd, e);
}

static int put_places(struct places *p, const struct run_spec *spec,
		      struct err *e)
{
	if (put_devices(p, e) < 0 || put_empty(p, "/proc", e) < 0 ||
	    put_empty(p, "/sys", e) < 0)
		return -1;
	if (spec->resolv_conf &&
	    places_put_file(p, "/etc/resolv.conf", spec->resolv_conf, e) < 0)
		return -1;
	if (spec->hosts && places_put_file(p, "/etc/hosts", spec->hosts, e) < 0)
		return -1;
	for (size_t i = 0; i < spec->n_mounts; i++)
		if (places_put_mount(p, &spec->mounts[i], e) < 0)
			return err_wrap(e, "mount %s", spec->mounts[i].target);
	return 0;
}

/* Where the base has none they stay in the layer, as mount points would. */
static int make_special_folders(const struct root_folder *root, struct err *e)
{
	static const char *const names[] = {"proc", "dev", "sys"};
	struct stat st;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (fstatat(root->fd, names[i], &st, AT_SYMLINK_NOFOLLOW) < 0 &&
		    io_mkdir(root->fd, names[i], 0755, e) < 0)
			return -1;
	return 0;
}

static int open_folder(const struct root_folder *root, struct str path,
		       const struct target_owner *owner, struct err *e)
{
	const struct view none = {0};
	struct target_dir dir;
	struct target target;
	int result;

	target_init(&target, &none, root->fd);
	result = target_open(&target, path, owner, &dir, e);
	if (result == 0)
		target_dir_release(&dir);
	target_release(&target);
	return result;
}

/* Make the folder path, links followed within the root; it in *at. */
static int make_folder(const struct root_folder *root, struct arena *a,
		       struct str path, const struct target_owner *owner,
		       struct view_path *at, struct err *e)
{
	const struct view view = {
		.layer_fds = &root->fd, .n_layers = 1, .plain = true};

	if (view_resolve(&view, a, path, VIEW_FOLLOW, at, e) < 0)
		return -1;
	return open_folder(root, at->path, owner, e);
}

/* /a/b/../c: runc makes b on its way, for root. */
static int make_passed_folders(const struct root_folder *root, struct arena *a,
			       struct str cwd, struct err *e)
{
	const struct target_owner owner = {0};
	struct str rest = cwd;
	struct str component;
	struct view_path at;

	while (path_next(&rest, &component)) {
		struct str so_far =
			str_sub(cwd, 0, (size_t)(component.p - cwd.p));

		if (str_eq_c(component, "..") &&
		    make_folder(root, a, so_far, &owner, &at, e) < 0)
			return -1;
	}
	return 0;
}

/* The working folder, made for the user where it is missing; where it is. */
static const char *make_cwd(struct arena *a, const struct root_folder *root,
			    const struct run_spec *spec, struct err *e)
{
	const struct target_owner owner = {spec->uid, spec->gid};
	struct str cwd = str_from(spec->cwd);
	struct view_path at;

	if (make_passed_folders(root, a, cwd, e) < 0 ||
	    make_folder(root, a, path_in_root(a, cwd), &owner, &at, e) < 0)
		return NULL;
	return arena_printf(a, "/%.*s", STR_ARG(at.path)).p;
}

/* --- run ---------------------------------------------------------------- */

static int check_spec(const struct run_spec *spec, struct err *e)
{
	static const char how[] =
		"is not possible in this container: it needs CAP_SYS_ADMIN";

	if (spec->network == RUN_NET_NONE)
		return err_set(e, ERR_UNSUPPORTED, "--network=none %s", how);
	if (spec->insecure)
		return err_set(e, ERR_UNSUPPORTED, "--security=insecure %s",
			       how);
	if (spec->terminal)
		return err_set(e, ERR_UNSUPPORTED, "a terminal in a step %s",
			       how);
	return 0;
}

static int run_in(struct root_folder *root, struct arena *a,
		  const struct run_spec *spec, struct run_result *out,
		  struct err *e)
{
	SCOPED(run_pipes_close) struct run_pipes pipes = RUN_PIPES_NONE;
	SCOPED(running_release) struct running running = RUNNING_NONE;
	struct guarded g = {.spec = spec, .root_fd = root->fd};

	if (program_candidates(a, spec->argv, spec->env, &g.programs, e) < 0)
		return -1;
	g.cwd = make_cwd(a, root, spec, e);
	if (!g.cwd || run_pipes_open(&pipes, spec, e) < 0)
		return -1;
	g.stdout_fd = pipes.out[1];
	g.stderr_fd = pipes.err[1];
	/* so that opening /dev/stdout works for the user */
	if (fchown(g.stdout_fd, spec->uid, spec->gid) < 0 ||
	    fchown(g.stderr_fd, spec->uid, spec->gid) < 0)
		return err_sys(e, "give the output to the user");
	if (guard_start(&g, &running, &out->exit_code, e) < 0)
		return -1;
	run_pipes_close_far(&pipes);
	return running_watch(&running, spec, &pipes, out, e);
}

/* What the command changed goes into the draft's upper folder. */
static int keep_changes(const struct root_table *table,
			struct root_folder *root, const struct run_spec *spec,
			struct err *e)
{
	const struct view lower = {.layer_fds = spec->lower_fds,
				   .n_layers = spec->n_lowers};
	SCOPED_FD int upper = io_open_dir(spec->draft_fd, "upper", e);

	if (upper < 0 || root_table_changes(table, root, &lower, upper, e) < 0)
		return -1;
	return root_folder_note(root, upper, e);
}

static int run_and_clear(struct chroot_executor *x, struct root_folder *root,
			 const struct run_spec *spec, struct run_result *out,
			 struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct places places = {root->fd, x->folder_fd, {0}};
	struct err later;
	int result = make_special_folders(root, e);

	if (result == 0)
		result = put_places(&places, spec, e);

	if (result == 0)
		result = run_in(root, &a, spec, out, e);
	if (places_clear(&places, &later) < 0 && result == 0) {
		*e = later;
		result = -1;
	}
	return result;
}

static int chroot_run(struct executor *executor, const struct run_spec *spec,
		      struct run_result *out, struct err *e)
{
	struct chroot_executor *x = (struct chroot_executor *)executor;
	struct root_table *table = NULL;
	struct root_folder root;
	int result;

	*out = (struct run_result){0};
	if (check_spec(spec, e) < 0 || take_root(x, spec, &root, e) < 0)
		return -1;
	result = root_table_make(&table, &root, e);
	if (result == 0)
		result = run_and_clear(x, &root, spec, out, e);
	if (result == 0)
		result = keep_changes(table, &root, spec, e);
	root_table_free(table);
	/* nobody goes on in what a failed command left */
	if (result == 0 && out->exit_code == 0 && !root.has_links)
		give_root(x, &root);
	else
		root_folder_remove(&root, x->folder_fd);
	return result;
}

static void drop_idle(struct chroot_executor *x)
{
	for (size_t i = 0; i < x->idle.n; i++)
		root_folder_remove(&x->idle.v[i], x->folder_fd);
	vec_release(&x->idle);
}

static void use_folder(struct executor *executor, int folder_fd)
{
	struct chroot_executor *x = (struct chroot_executor *)executor;

	drop_idle(x);
	x->folder_fd = folder_fd;
}

void chroot_executor_init(struct chroot_executor *x)
{
	*x = (struct chroot_executor){
		.executor = {chroot_run, use_folder},
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.folder_fd = -1,
	};
}

void chroot_executor_release(struct chroot_executor *x)
{
	drop_idle(x);
	(void)pthread_mutex_destroy(&x->lock);
}
