#include "builder/files/context_fetch.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/files/archive_time.h"
#include "builder/files/remote.h"
#include "builder/files/unpack.h"
#include "oci/compress.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char UNPACKED[] = "unpacked";

int context_source_parse(struct arena *a, const char *text,
			 struct context_source *out, struct err *e)
{
	struct str s = str_from(text);
	int is_git;

	*out = (struct context_source){.text = text};
	if (str_eq_c(s, "-")) {
		out->form = CONTEXT_STREAM;
		return 0;
	}
	is_git = git_url_parse_context(a, s, &out->git, e);
	if (is_git < 0)
		return -1;
	if (is_git)
		out->form = CONTEXT_GIT;
	else if (remote_kind_of(s) == REMOTE_HTTP)
		out->form = CONTEXT_URL;
	return 0;
}

/* --- archives ----------------------------------------------------------- */

static int rewind_file(int fd, struct err *e)
{
	return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(e, "read the context") : 0;
}

static int unpack(struct fetched_context *c, int fd, struct err *e)
{
	const struct copy_options opt = {.has_owner = true,
					 .owner_given = true};
	const struct view none = {0};
	struct target target;
	SCOPED_FD int folder = -1;
	int result;

	if (io_mkdir(c->fd, UNPACKED, 0755, e) < 0)
		return -1;
	folder = io_open_dir(c->fd, UNPACKED, e);
	if (folder < 0)
		return -1;
	target_init(&target, &none, folder);
	result = unpack_fd(fd, &target, STR("/"), &opt, e);
	target_release(&target);
	return result;
}

/* An archive becomes the context; anything else is a Dockerfile. */
static int unpack_or_read(struct fetched_context *c, int fd, struct buf *text,
			  struct err *e)
{
	int is_archive = unpack(c, fd, e);

	if (is_archive < 0)
		return -1;
	if (!is_archive) {
		if (rewind_file(fd, e) < 0 ||
		    io_read_fd(fd, text, "Dockerfile", e) < 0)
			return -1;
		return 0;
	}
	free(c->path);
	c->path = xasprintf("%s/%s/%s", c->store->path, c->name, UNPACKED);
	if (c->time_s == 0 && archive_time(fd, &c->time_s, e) < 0)
		return -1;
	return 1;
}

/* --- stream ------------------------------------------------------------- */

/* What is no archive may still be a Dockerfile; archives need to seek back. */
static int spool(struct fetched_context *c, int from, struct err *e)
{
	SCOPED_FD int fd = openat(c->fd, "stream",
				  O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "keep the context");
	if (io_copy(from, fd, -1, "context", e) < 0 || rewind_file(fd, e) < 0)
		return -1;
	return TAKE_FD(fd);
}

static int fetch_stream(struct fetched_context *c, int from, struct buf *text,
			struct err *e)
{
	SCOPED_FD int file = spool(c, from, e);

	if (file < 0 || io_mkdir(c->fd, "empty", 0755, e) < 0)
		return -1;
	c->path = xasprintf("%s/%s/empty", c->store->path, c->name);
	return unpack_or_read(c, file, text, e);
}

/* --- URL and git -------------------------------------------------------- */

static int fetch_url(struct fetched_context *c, const char *url,
		     struct buf *text, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_PTR char *work = xasprintf("%s/%s", c->store->path, c->name);
	const struct remote_options opt = {.file_name = "context"};
	struct remote r = {.fd = -1};
	SCOPED_FD int file = -1;
	int result = remote_fetch(&r, &a, str_from(url), &opt, c->fd, work,
				  "url", e);

	c->path = xasprintf("%s/url", work);
	c->time_s = r.time_s;
	if (result == 0)
		file = openat(r.fd, opt.file_name, O_RDONLY | O_CLOEXEC);
	if (result == 0 && file < 0)
		result = err_sys(e, "open the context");
	if (result == 0)
		result = unpack_or_read(c, file, text, e);
	remote_release(&r);
	return result;
}

/* The folder's true path, links in it resolved within the repository. */
static char *path_below(int fd, struct str folder, struct err *e)
{
	SCOPED_PTR char *name = folder.n ? str_dup(folder) : xstrdup(".");
	SCOPED_FD int found = path_open_in_root(
		fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
	SCOPED_PTR char *link = NULL;
	char *path;

	if (found < 0) {
		(void)err_sys(e, "folder %s of the repository", name);
		return NULL;
	}
	link = xasprintf("/proc/self/fd/%d", found);
	path = realpath(link, NULL);
	if (!path)
		(void)err_sys(e, "folder %s of the repository", name);
	return path;
}

static int fetch_git(struct fetched_context *c, const struct git_url *git,
		     const struct context_fetch_options *opt, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_PTR char *work = xasprintf("%s/%s", c->store->path, c->name);
	const struct remote_options remote_opt = {
		.keep_git_dir = opt->keep_git_dir,
		.commit_times = opt->commit_times,
	};
	struct remote r = {.fd = -1};
	int result = remote_fetch_git(&r, &a, git, &remote_opt, c->fd, work,
				      "git", e);

	c->time_s = r.time_s;
	if (result == 0) {
		c->path = path_below(r.fd, r.path, e);
		result = c->path ? 1 : -1;
	}
	remote_release(&r);
	return result;
}

/* --- all ---------------------------------------------------------------- */

static int fetch(struct fetched_context *c, const struct context_source *from,
		 const struct context_fetch_options *opt, struct buf *text,
		 struct err *e)
{
	switch (from->form) {
	case CONTEXT_FOLDER: break;
	case CONTEXT_STREAM: return fetch_stream(c, opt->stream_fd, text, e);
	case CONTEXT_URL: return fetch_url(c, from->text, text, e);
	case CONTEXT_GIT: return fetch_git(c, &from->git, opt, e);
	}
	return err_set(e, ERR_INVALID, "%s is a folder", from->text);
}

int context_fetch(struct fetched_context *c, const struct store *s,
		  const struct context_source *from,
		  const struct context_fetch_options *opt, struct buf *text,
		  struct err *e)
{
	int result;

	*c = (struct fetched_context){.store = s};
	c->fd = store_workdir_create(s, &c->name, e);
	if (c->fd < 0)
		return -1;
	result = fetch(c, from, opt, text, e);
	return result < 0 ? err_wrap(e, "build context") : result;
}

void context_fetch_release(struct fetched_context *c)
{
	struct err ignored; /* what can't be removed now is swept later */

	if (!c->name)
		return;
	(void)io_remove_tree(c->store->fd, c->name, &ignored);
	scoped_close(&c->fd);
	free(c->name);
	free(c->path);
	*c = FETCHED_CONTEXT_INIT;
}
