#include "builder/files/git_fetch.h"

#include "base/io.h"
#include "base/subprocess.h"
#include "cache/tree.h"
#include "registry/url.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum {
	GIT_OUTPUT_MAX_BYTES = 64 << 10,
	GIT_ARGS_MAX = 8,
	GIT_ENV_MAX = 6,
};

/*
 * A repository under work. What logs in reaches git by its environment, where
 * no other user sees it, and is asked for by a helper that names variables
 * only: git puts a URL among its programs' arguments, and into .git/config.
 */
struct checkout {
	const char *folder;
	struct arena arena;
	const char *remote; /* without what logs in */
	const char *env[GIT_ENV_MAX];
	struct buf out;		/* of the last command */
	bool fetch_head_is_ref; /* and no branch of many that were fetched */
};

static void checkout_release(struct checkout *c)
{
	buf_release(&c->out);
	arena_release(&c->arena);
}

static const char LOGIN[] =
	"!f() { printf 'username=%s\\npassword=%s\\n' "
	"\"$IMGBUILD_GIT_USER\" \"$IMGBUILD_GIT_PASSWORD\"; }; f";

/* One more of the settings that git takes from its environment. */
static void set_login(struct checkout *c, struct str origin, struct str user,
		      struct str password)
{
	struct arena *a = &c->arena;
	uint64_t n = 0;

	(void)str_to_u64(str_from(getenv("GIT_CONFIG_COUNT")), 1 << 20, &n);
	c->env[0] = arena_printf(a, "IMGBUILD_GIT_USER=%.*s",
				 STR_ARG(url_decode(a, user)))
			    .p;
	c->env[1] = arena_printf(a, "IMGBUILD_GIT_PASSWORD=%.*s",
				 STR_ARG(url_decode(a, password)))
			    .p;
	c->env[2] = arena_printf(a, "GIT_CONFIG_COUNT=%u", (unsigned)n + 1).p;
	c->env[3] = arena_printf(a, "GIT_CONFIG_KEY_%u=credential.%.*s.helper",
				 (unsigned)n, STR_ARG(origin))
			    .p;
	c->env[4] =
		arena_printf(a, "GIT_CONFIG_VALUE_%u=%s", (unsigned)n, LOGIN).p;
}

/* Other schemes than http have no password; ssh is asked for it. */
static void take_login(struct checkout *c, struct str remote)
{
	struct url u;
	struct str user;
	struct str password = {0};
	struct str origin;

	c->remote = arena_c(&c->arena, remote);
	if (!url_split(remote, &u) || !u.userinfo.n)
		return;
	(void)str_cut(u.userinfo, ':', &user, &password);
	origin = arena_printf(&c->arena, "%.*s://%.*s", STR_ARG(u.scheme),
			      STR_ARG(u.host));
	c->remote = arena_printf(&c->arena, "%.*s%.*s", STR_ARG(origin),
				 STR_ARG(u.rest))
			    .p;
	set_login(c, origin, user, password);
}

static int run_git(struct checkout *c, const char *const *args, size_t n,
		   struct err *e)
{
	/*
	 * Nobody is there to be asked for a password; and whatever the user's
	 * settings allow, no repository names a program that is run.
	 */
	static const char *const first[] = {"git",
					    "-C",
					    NULL,
					    "-c",
					    "core.askPass=true",
					    "-c",
					    "protocol.ext.allow=never",
					    "-c",
					    "core.hooksPath=/dev/null"};
	const char *argv[ARRAY_LEN(first) + GIT_ARGS_MAX + 1] = {0};
	int status;

	assert(n <= GIT_ARGS_MAX);
	memcpy(argv, first, sizeof(first));
	argv[2] = c->folder;
	memcpy(argv + ARRAY_LEN(first), args, n * sizeof(*args));
	buf_clear(&c->out);
	if (subprocess_run_in(argv, c->env, &c->out, &status, e) < 0)
		return e->code == ERR_NOT_FOUND
			       ? err_set(e, ERR_UNSUPPORTED,
					 "sources in git "
					 "need the program git: install it")
			       : -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, ERR_FAILED, "git %s: %.*s", args[0],
		       STR_ARG(str_trim(str_sub(buf_str(&c->out), 0, 600))));
}

#define RUN_GIT(c, e, ...)                               \
	run_git((c), (const char *const[]){__VA_ARGS__}, \
		ARRAY_LEN(((const char *const[]){__VA_ARGS__})), (e))

/* All digits of a commit: how it begins is no ref to a server. */
static bool is_commit(const char *ref)
{
	size_t n = strspn(ref, "0123456789abcdef");

	return !ref[n] && (n == 40 || n == 64);
}

/*
 * A shallow fetch of the ref; then a deep one, for servers that know no other;
 * then everything, for a commit that no server gives by its number.
 */
static int fetch_ref(struct checkout *c, const char *ref, struct err *e)
{
	if (RUN_GIT(c, e, "fetch", "-q", "--depth=1", "--", "origin", ref) ==
		    0 ||
	    RUN_GIT(c, e, "fetch", "-q", "--", "origin", ref) == 0) {
		c->fetch_head_is_ref = true;
		return RUN_GIT(c, e, "checkout", "-q", "FETCH_HEAD");
	}
	if (!is_commit(ref))
		return -1;
	if (RUN_GIT(c, e, "fetch", "-q", "--tags", "origin",
		    "+refs/heads/*:refs/remotes/origin/*") < 0)
		return -1;
	return RUN_GIT(c, e, "checkout", "-q", ref);
}

/* Whether what a revision is called begins like that: 1, 0, -1. */
static int is_called(struct checkout *c, const char *revision, struct str start,
		     struct err *e)
{
	if (RUN_GIT(c, e, "rev-parse", revision) < 0)
		return -1;
	return start.n <= c->out.n &&
	       str_eq(str_sub(buf_str(&c->out), 0, start.n), start);
}

/* The digest of an annotated tag is as good as that of its commit. */
static int check_commit(struct checkout *c, struct str checksum, struct err *e)
{
	int right = 0;

	if (c->fetch_head_is_ref)
		right = is_called(c, "FETCH_HEAD", checksum, e);
	if (right == 0)
		right = is_called(c, "HEAD", checksum, e);
	if (right)
		return right < 0 ? -1 : 0;
	return err_set(e, ERR_CORRUPT, "expected commit %.*s, got %.*s",
		       STR_ARG(checksum), STR_ARG(str_trim(buf_str(&c->out))));
}

static int read_commit_time(struct checkout *c, int64_t *out_s, struct err *e)
{
	uint64_t seconds;

	if (RUN_GIT(c, e, "show", "-s", "--format=%ct", "HEAD") < 0)
		return -1;
	if (!str_to_u64(str_trim(buf_str(&c->out)), INT64_MAX / 1000000000,
			&seconds))
		return err_set(e, ERR_FAILED, "git show: no commit time in %s",
			       buf_c(&c->out));
	*out_s = (int64_t)seconds;
	return 0;
}

struct toucher {
	struct tree_visitor visitor;
	struct timespec times[2];
};

static int touch(struct tree_visitor *visitor, const struct tree_entry *entry,
		 struct err *e)
{
	struct toucher *t = (struct toucher *)visitor;

	if (utimensat(entry->dirfd, entry->name, t->times,
		      AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "set the time of %.*s", STR_ARG(entry->path));
	return 0;
}

static int touch_all(int fd, int64_t time_s, struct err *e)
{
	const struct tree tree = {
		.view = {.layer_fds = &fd, .n_layers = 1, .plain = true}};
	struct toucher t = {
		.visitor.entry = touch,
		.times = {{.tv_sec = time_s}, {.tv_sec = time_s}},
	};

	return tree_walk(&tree, (struct str){0}, &t.visitor, e) < 0 ? -1 : 0;
}

static int check_out(struct checkout *c, const struct git_url *git,
		     struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const char *ref = git->ref.n ? arena_c(&a, git->ref) : "HEAD";

	if (RUN_GIT(c, e, "init", "-q", ".") < 0 ||
	    RUN_GIT(c, e, "remote", "add", "--", "origin", c->remote) < 0 ||
	    fetch_ref(c, ref, e) < 0)
		return -1;
	if (git->submodules == GIT_NO)
		return 0;
	return RUN_GIT(c, e, "submodule", "update", "-q", "--init",
		       "--recursive", "--depth=1");
}

int git_fetch(const struct git_url *git, int fd, const char *path,
	      int64_t *commit_s, struct err *e)
{
	SCOPED(checkout_release)
	struct checkout c = {.folder = path,
			     .out = BUF_INIT(GIT_OUTPUT_MAX_BYTES)};
	int result;

	take_login(&c, git->remote);
	result = check_out(&c, git, e);
	if (result == 0)
		result = check_commit(&c, git->checksum, e);
	if (result == 0)
		result = read_commit_time(&c, commit_s, e);
	if (result == 0 && git->keep_git_dir != GIT_YES)
		result = io_remove_tree(fd, ".git", e);
	if (result == 0 && git->commit_times == GIT_YES)
		result = touch_all(fd, *commit_s, e);
	return result < 0 ? err_wrap(e, "%.*s", STR_ARG(git->remote)) : 0;
}
