#include "cli/build_input.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/files/remote.h"
#include "parser/source.h"
#include "parser/values.h"
#include "registry/transport.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const char DEFAULT_NAME[] = "Dockerfile";

static struct str build_arg(const struct build_request *r, const char *name)
{
	struct str value = {0};

	for (size_t i = 0; i < r->plan.build_args.n; i++)
		if (str_eq_c(r->plan.build_args.v[i].key, name))
			value = r->plan.build_args.v[i].value;
	return value;
}

static bool build_arg_is_true(const struct build_request *r, const char *name)
{
	bool value;
	struct err
		ignored; /* what is no boolean says nothing, as in BuildKit */

	return bool_parse(build_arg(r, name), &value, &ignored) == 0 && value;
}

/* --- the context -------------------------------------------------------- */

/*
 * SOURCE_DATE_EPOCH=context is what is known of the context's age: nothing of
 * a folder's.
 */
static void note_time(const struct build_input *in, struct build_request *r)
{
	if (in->fetched.time_s)
		r->plan.context_epoch = arena_printf(
			&r->arena, "%lld", (long long)in->fetched.time_s);
}

/* 1 the context's files are there, 0 in->text holds a Dockerfile, -1. */
static int fetch_context(struct build_input *in, struct build_request *r,
			 const struct store *s, enum tier tier, struct err *e)
{
	const struct context_fetch_options opt = {
		.stream_fd = STDIN_FILENO,
		.keep_git_dir =
			build_arg_is_true(r, "BUILDKIT_CONTEXT_KEEP_GIT_DIR"),
		.commit_times = build_arg(r, "SOURCE_DATE_EPOCH").n > 0,
	};
	int result;

	if (r->context.form != CONTEXT_GIT &&
	    (userns_enter(tier, e) < 0 || store_reopen(s, e) < 0))
		return -1;
	result =
		context_fetch(&in->fetched, s, &r->context, &opt, &in->text, e);
	if (result < 0)
		return -1;
	in->context = in->fetched.path;
	note_time(in, r);
	return result;
}

static bool reads_stdin(const struct build_request *r)
{
	return r->dockerfile && strcmp(r->dockerfile, "-") == 0;
}

static int read_context(struct build_input *in, struct build_request *r,
			const struct store *s, enum tier tier, struct err *e)
{
	in->context = r->context.text;
	if (r->context.form == CONTEXT_FOLDER)
		return 1;
	return fetch_context(in, r, s, tier, e);
}

/* --- the Dockerfile ----------------------------------------------------- */

static int read_url(struct build_input *in, const char *url, struct err *e)
{
	SCOPED_FD int fd = memfd_create("Dockerfile", MFD_CLOEXEC);
	struct http_result got;

	if (fd < 0)
		return err_sys(e, "keep the Dockerfile");
	if (http_get(url, fd, &got, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the Dockerfile");
	return io_read_fd(fd, &in->text, url, e);
}

/* A file of a context that somebody else wrote: links stay in it. */
static int read_confined(struct build_input *in, const char *name,
			 struct err *e)
{
	SCOPED_FD int root = io_open_dir(AT_FDCWD, in->context, e);
	int found;

	if (root < 0)
		return -1;
	found = io_read_file_in_root(root, name, &in->text, e);
	if (found <= 0)
		return found;
	in->dockerfile_path = xasprintf("%s/%s", in->context, name);
	return 1;
}

static int read_path(struct build_input *in, const char *path, struct err *e)
{
	int found = io_read_file(AT_FDCWD, path, &in->text, e);

	if (found <= 0)
		return found;
	in->dockerfile_path = realpath(path, NULL);
	return in->dockerfile_path ? 1 : err_sys(e, "%s", path);
}

/* As docker: -f is a path of ours, but below a context that was fetched. */
static int read_named(struct build_input *in, const char *name, bool given,
		      struct err *e)
{
	SCOPED_PTR char *path = NULL;

	if (in->fetched.name && !(given && name[0] == '/'))
		return read_confined(in, name, e);
	path = given ? xstrdup(name) : xasprintf("%s/%s", in->context, name);
	return read_path(in, path, e);
}

/* "dockerfile" does where there is no "Dockerfile". */
static int read_lower_case(struct build_input *in, const char *name, bool given,
			   struct err *e)
{
	struct str base = path_base(str_from(name));
	SCOPED_PTR char *lower = NULL;

	if (!str_eq_c(base, DEFAULT_NAME))
		return 0;
	lower = xstrdup(name);
	lower[base.p - name] = 'd';
	return read_named(in, lower, given, e);
}

static int no_dockerfile(const struct build_input *in, const char *name,
			 bool given, struct err *e)
{
	struct err open_error;
	SCOPED_FD int context = io_open_dir(AT_FDCWD, in->context, &open_error);

	if (context < 0)
		return err_set(e, ERR_NOT_FOUND, "build context: %s",
			       open_error.msg);
	return err_set(e, ERR_NOT_FOUND,
		       "%s%s%s: there is no such file; "
		       "name the Dockerfile with -f",
		       given ? "" : in->context, given ? "" : "/", name);
}

static int read_dockerfile(struct build_input *in,
			   const struct build_request *r, struct err *e)
{
	bool given = r->dockerfile != NULL;
	const char *name = given ? r->dockerfile : DEFAULT_NAME;
	int found;

	if (reads_stdin(r))
		return io_read_fd(STDIN_FILENO, &in->text, "stdin", e);
	if (given && remote_kind_of(str_from(name)) == REMOTE_HTTP)
		return read_url(in, name, e);
	found = read_named(in, name, given, e);
	if (found == 0)
		found = read_lower_case(in, name, given, e);
	if (found == 0)
		return no_dockerfile(in, name, given, e);
	return found < 0 ? -1 : 0;
}

int build_input_read(struct build_input *in, struct build_request *r,
		     const struct store *s, enum tier tier, struct err *e)
{
	int with_files;

	in->text = BUF_INIT(SOURCE_MAX_BYTES);
	with_files = read_context(in, r, s, tier, e);
	if (with_files < 0)
		return -1;
	/* what came for the context is the Dockerfile itself, unless -f is - */
	if (!with_files && !reads_stdin(r))
		return 0;
	buf_clear(&in->text);
	return read_dockerfile(in, r, e);
}

void build_input_release(struct build_input *in)
{
	context_fetch_release(&in->fetched);
	buf_release(&in->text);
	free(in->dockerfile_path);
	*in = BUILD_INPUT_INIT;
}
