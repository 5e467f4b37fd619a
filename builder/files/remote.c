#include "builder/files/remote.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/files/archive_time.h"
#include "builder/files/git_fetch.h"
#include "registry/transport.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a URL's file is called: the last component of its path, decoded. */
static struct str file_name(struct arena *a, struct str url)
{
	struct str rest = url_without_suffix(url);
	struct str name;

	rest = str_skip(rest, (size_t)(str_find(rest, ':') + 3));
	name = str_find(rest, '/') < 0 ? (struct str){0}
				       : url_decode(a, path_base(rest));
	if (name.n == 0 || memchr(name.p, '/', name.n) ||
	    memchr(name.p, '\0', name.n) || str_eq_c(name, ".") ||
	    str_eq_c(name, ".."))
		return STR("__unnamed__");
	return name;
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
		return err_set(e, ERR_INVALID,
			       "checksum %.*s is no sha256: and 64 digits",
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

	r->path = opt->file_name ? str_from(opt->file_name) : file_name(a, url);
	name = arena_c(a, r->path);
	fd = openat(r->fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(e, "create %s", name);
	if (http_get(arena_c(a, url), fd, &got, e) < 0 ||
	    check_file(fd, opt->checksum, e) < 0)
		return -1;
	r->time_s = got.last_modified_s;
	times[0].tv_sec = times[1].tv_sec = got.last_modified_s;
	if (futimens(fd, times) < 0)
		return err_sys(e, "set the time of %s", name);
	return 0;
}

static int make_folder(struct remote *r, int parent_fd, const char *name,
		       struct err *e)
{
	*r = (struct remote){.fd = -1};
	if (io_mkdir(parent_fd, name, 0755, e) < 0)
		return -1;
	r->fd = io_open_dir(parent_fd, name, e);
	if (r->fd < 0)
		return -1;
	r->tree.view = (struct view){
		.layer_fds = &r->fd, .n_layers = 1, .plain = true};
	r->tree.owner = TREE_OWNER_IGNORED;
	return 0;
}

/* Links on the way are no folders, wherever they lead. */
static int open_git_folder(const struct remote *r, struct err *e)
{
	SCOPED_PTR char *name = str_dup(r->path);
	int fd = path_open_nofollow(r->fd, name,
				    O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0)
		return fd;
	if (errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND,
			       "there is no folder %s in the repository", name);
	if (errno == ENOTDIR || errno == ELOOP)
		return err_set(e, ERR_INVALID,
			       "%s is no folder of the repository", name);
	return err_sys(e, "open folder %s of the repository", name);
}

static int check_git_folder(const struct remote *r, struct str remote,
			    struct err *e)
{
	SCOPED_FD int fd = -1;

	if (r->path.n == 0)
		return 0;
	fd = open_git_folder(r, e);
	return fd < 0 ? err_wrap(e, "%.*s", STR_ARG(remote)) : 0;
}

int remote_fetch_git(struct remote *r, struct arena *a,
		     const struct git_url *git,
		     const struct remote_options *opt, int parent_fd,
		     const char *parent_path, const char *name, struct err *e)
{
	SCOPED_PTR char *path = xasprintf("%s/%s", parent_path, name);
	struct git_url what = *git;

	if (what.keep_git_dir == GIT_UNSAID && opt->keep_git_dir)
		what.keep_git_dir = GIT_YES;
	if (what.commit_times == GIT_UNSAID && opt->commit_times)
		what.commit_times = GIT_YES;
	if (opt->checksum.n)
		what.checksum = opt->checksum;
	if (make_folder(r, parent_fd, name, e) < 0)
		return -1;
	r->is_git = true;
	r->path = path_in_root(a, what.folder);
	if (git_fetch(&what, r->fd, path, &r->time_s, e) < 0)
		return -1;
	return check_git_folder(r, git->remote, e);
}

int remote_fetch(struct remote *r, struct arena *a, struct str source,
		 const struct remote_options *opt, int parent_fd,
		 const char *parent_path, const char *name, struct err *e)
{
	struct git_url git;
	int is_git;

	*r = (struct remote){.fd = -1};
	is_git = opt->is_context ? git_url_parse_context(a, source, &git, e)
				 : git_url_parse(a, source, &git, e);
	if (is_git < 0)
		return -1;
	if (is_git)
		return remote_fetch_git(r, a, &git, opt, parent_fd, parent_path,
					name, e);
	return make_folder(r, parent_fd, name, e) < 0
		       ? -1
		       : fetch_file(r, a, source, opt, e);
}

int remote_enter_folder(struct remote *r, struct err *e)
{
	int fd;

	if (!r->is_git || r->path.n == 0)
		return 0;
	fd = open_git_folder(r, e);
	if (fd < 0)
		return -1;
	(void)close(r->fd);
	r->fd = fd;
	return 0;
}

void remote_release(struct remote *r)
{
	scoped_close(&r->fd);
}

static int time_of(struct remote *r, struct arena *a, int64_t *out_s,
		   struct err *e)
{
	SCOPED_FD int fd = -1;

	*out_s = r->time_s;
	if (r->is_git || r->time_s)
		return 1;
	fd = openat(r->fd, arena_c(a, r->path), O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open a download");
	if (archive_time(fd, out_s, e) < 0)
		return -1;
	return *out_s > 0;
}

int remote_time(const struct store *s, struct str source,
		const struct remote_options *opt, int64_t *out_s, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_PTR char *name = NULL;
	SCOPED_PTR char *path = NULL;
	struct remote r = {.fd = -1};
	struct err ignored; /* what can't be removed now is swept later */
	SCOPED_FD int work = store_workdir_create(s, &name, e);
	int result;

	if (work < 0)
		return -1;
	path = xasprintf("%s/%s", s->path, name);
	result = remote_fetch(&r, &a, source, opt, work, path, "source", e);
	if (result == 0)
		result = time_of(&r, &a, out_s, e);
	remote_release(&r);
	(void)io_remove_tree(s->fd, name, &ignored);
	return result;
}
