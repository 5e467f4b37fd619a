#include "builder/remote.h"

#include "base/io.h"
#include "base/path.h"
#include "base/subprocess.h"
#include "registry/transport.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The URL without its fragment and query. */
static struct str url_without_suffix(struct str url)
{
	struct str head;
	struct str tail;

	(void)str_cut(url, '#', &head, &tail);
	(void)str_cut(head, '?', &head, &tail);
	return head;
}

/* user@host:path, as ssh takes it */
static bool is_scp_like(struct str s)
{
	ptrdiff_t at = str_find(s, '@');
	ptrdiff_t colon = str_find(s, ':');
	ptrdiff_t slash = str_find(s, '/');

	return at > 0 && colon > at + 1 && (slash < 0 || slash > colon);
}

enum remote_kind remote_kind_of(struct str source)
{
	if (str_starts(source, "git://") || str_starts(source, "ssh://") ||
	    is_scp_like(source))
		return REMOTE_GIT;
	if (!str_starts(source, "http://") && !str_starts(source, "https://"))
		return REMOTE_NONE;
	return str_ends(url_without_suffix(source), ".git") ? REMOTE_GIT
							    : REMOTE_HTTP;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What a URL's file is called: the last component of its path, decoded. */
static struct str file_name(struct arena *a, struct str url)
{
	struct str rest = url_without_suffix(url);
	struct str base;
	char *out;
	size_t n = 0;

	rest = str_skip(rest, (size_t)(str_find(rest, ':') + 3));
	base = str_find(rest, '/') < 0 ? (struct str){0} : path_base(rest);
	out = arena_alloc(a, base.n + 1);
	for (size_t i = 0; i < base.n; i++) {
		int high = base.p[i] == '%' && i + 2 < base.n
				   ? hex_value(base.p[i + 1])
				   : -1;
		int low = high >= 0 ? hex_value(base.p[i + 2]) : -1;

		out[n++] = low >= 0 ? (char)(high << 4 | low) : base.p[i];
		i += low >= 0 ? 2 : 0;
	}
	if (n == 0 || memchr(out, '/', n) || memchr(out, '\0', n) ||
	    (n <= 2 && memcmp(out, "..", n) == 0))
		return STR("__unnamed__");
	return (struct str){out, n};
}

static int check_file(int fd, struct str checksum, struct err *e)
{
	enum { CHUNK_BYTES = 64 * 1024 };
	SCOPED_PTR char *chunk = xmalloc(CHUNK_BYTES);
	struct digest want;
	struct digest got;
	struct sha256 hash;
	size_t n;

	if (checksum.n == 0)
		return 0;
	if (!digest_parse(checksum, &want))
		return err_set(e, ERR_INVALID, "checksum %.*s is no sha256:…",
			       STR_ARG(checksum));
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read a download");
	sha256_init(&hash);
	do {
		if (io_read_full(fd, chunk, CHUNK_BYTES, &n, "download", e) < 0)
			return -1;
		sha256_update(&hash, chunk, n);
	} while (n == CHUNK_BYTES);
	sha256_final(&hash, &got);
	if (!digest_eq(&want, &got)) {
		char text[DIGEST_STRING_SIZE];

		return err_set(e, ERR_CORRUPT, "digest mismatch %s: %.*s",
			       digest_string(&got, text), STR_ARG(checksum));
	}
	return 0;
}

static int fetch_file(struct remote *r, struct arena *a, struct str url,
		      const struct remote_options *opt, struct err *e)
{
	struct http_result got;
	struct timespec times[2] = {{0}};
	const char *name;
	SCOPED_FD int fd = -1;

	r->path = file_name(a, url);
	name = arena_c(a, r->path);
	fd = openat(r->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create %s", name);
	if (http_get(arena_c(a, url), fd, &got, e) < 0 ||
	    check_file(fd, opt->checksum, e) < 0)
		return -1;
	times[0].tv_sec = times[1].tv_sec = got.last_modified_s;
	if (futimens(fd, times) < 0)
		return err_sys(e, "set the time of %s", name);
	return 0;
}

/* "URL#ref:folder" */
struct git_source {
	const char *url;
	const char *ref; /* "HEAD" where none was given */
	struct str folder;
};

static struct git_source parse_git(struct arena *a, struct str source)
{
	struct git_source out = {.ref = "HEAD"};
	struct str url;
	struct str fragment;
	struct str ref;

	(void)str_cut(source, '#', &url, &fragment);
	(void)str_cut(fragment, ':', &ref, &out.folder);
	out.url = arena_c(a, url);
	if (ref.n)
		out.ref = arena_c(a, ref);
	return out;
}

static int run_git(const char *folder, const char *const *args, size_t n,
		   struct buf *out, struct err *e)
{
	const char *argv[16] = {"git", "-C", folder, "-c", "core.askPass=true"};
	int status;

	for (size_t i = 0; i < n; i++)
		argv[5 + i] = args[i];
	argv[5 + n] = NULL;
	buf_clear(out);
	if (subprocess_run(argv, out, &status, e) < 0)
		return e->code == ERR_NOT_FOUND
			       ? err_set(e, ERR_UNSUPPORTED,
					 "sources in git "
					 "need the program git: install it")
			       : -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_set(e, ERR_FAILED, "git %s: %.*s", args[0],
		       STR_ARG(str_trim(str_sub(buf_str(out), 0, 600))));
}

#define RUN_GIT(folder, out, e, ...)                          \
	run_git((folder), (const char *const[]){__VA_ARGS__}, \
		ARRAY_LEN(((const char *const[]){__VA_ARGS__})), (out), (e))

static int check_commit(struct str checksum, const struct buf *head,
			struct err *e)
{
	struct str commit = str_trim(buf_str(head));

	if (checksum.n == 0 ||
	    (checksum.n <= commit.n &&
	     str_eq(str_sub(commit, 0, checksum.n), checksum)))
		return 0;
	return err_set(e, ERR_CORRUPT, "expected commit %.*s, got %.*s",
		       STR_ARG(checksum), STR_ARG(commit));
}

/*
 * A shallow fetch of the ref; then a deep one, for servers that know no other;
 * then everything, for a commit that no server gives by its number.
 */
static int fetch_ref(const char *folder, const struct git_source *git,
		     struct buf *out, struct err *e)
{
	if (RUN_GIT(folder, out, e, "fetch", "-q", "--depth=1", "origin",
		    git->ref) == 0 ||
	    RUN_GIT(folder, out, e, "fetch", "-q", "origin", git->ref) == 0)
		return RUN_GIT(folder, out, e, "checkout", "-q", "FETCH_HEAD");
	if (RUN_GIT(folder, out, e, "fetch", "-q", "--tags", "origin") < 0)
		return -1;
	return RUN_GIT(folder, out, e, "checkout", "-q", git->ref);
}

static int fetch_repository(struct remote *r, struct arena *a,
			    struct str source, const struct remote_options *opt,
			    const char *folder, struct err *e)
{
	struct git_source git = parse_git(a, source);
	struct buf out = BUF_INIT(64u << 10);
	int result;

	if (git.ref[0] == '-' || git.url[0] == '-')
		return err_set(e, ERR_INVALID, "%s: no name of a git ref",
			       git.ref);
	result = RUN_GIT(folder, &out, e, "init", "-q", ".");
	if (result == 0)
		result = RUN_GIT(folder, &out, e, "remote", "add", "origin",
				 git.url);
	if (result == 0)
		result = fetch_ref(folder, &git, &out, e);
	if (result == 0)
		result = RUN_GIT(folder, &out, e, "submodule", "update", "-q",
				 "--init", "--recursive", "--depth=1");
	if (result == 0)
		result = RUN_GIT(folder, &out, e, "rev-parse", "HEAD");
	if (result == 0)
		result = check_commit(opt->checksum, &out, e);
	if (result == 0 && !opt->keep_git_dir)
		result = io_remove_tree(r->fd, ".git", e);
	buf_release(&out);
	r->path = path_in_root(a, git.folder);
	return result < 0 ? err_wrap(e, "%s", git.url) : 0;
}

int remote_fetch(struct remote *r, struct arena *a, struct str source,
		 const struct remote_options *opt, int parent_fd,
		 const char *parent_path, const char *name, struct err *e)
{
	SCOPED_PTR char *path = xasprintf("%s/%s", parent_path, name);

	*r = (struct remote){.fd = -1};
	if (io_mkdir(parent_fd, name, 0755, e) < 0)
		return -1;
	r->fd = io_open_dir(parent_fd, name, e);
	if (r->fd < 0)
		return -1;
	r->tree.view = (struct view){
		.layer_fds = &r->fd, .n_layers = 1, .plain = true};
	r->tree.owner = TREE_OWNER_IGNORED;
	return remote_kind_of(source) == REMOTE_GIT
		       ? fetch_repository(r, a, source, opt, path, e)
		       : fetch_file(r, a, source, opt, e);
}

void remote_release(struct remote *r)
{
	scoped_close(&r->fd);
}
