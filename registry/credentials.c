#include "registry/credentials.h"

#include "base/io.h"
#include "base/subprocess.h"
#include "oci/json.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	MAX_FILES = 4,
	HELPER_MAX_BYTES = 1 << 20,
};

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* The file that login writes: the first one that is looked at. */
static struct str main_file(struct arena *a)
{
	if (env("REGISTRY_AUTH_FILE"))
		return arena_printf(a, "%s", env("REGISTRY_AUTH_FILE"));
	if (env("DOCKER_CONFIG"))
		return arena_printf(a, "%s/config.json", env("DOCKER_CONFIG"));
	if (env("HOME"))
		return arena_printf(a, "%s/.docker/config.json", env("HOME"));
	return (struct str){0};
}

static size_t list_files(struct arena *a, struct str *out)
{
	size_t n = 0;

	out[n] = main_file(a);
	n += out[n].n > 0;
	if (env("REGISTRY_AUTH_FILE"))
		return n;
	if (env("XDG_RUNTIME_DIR"))
		out[n++] = arena_printf(a, "%s/containers/auth.json",
					env("XDG_RUNTIME_DIR"));
	if (env("HOME"))
		out[n++] = arena_printf(a, "%s/.config/containers/auth.json",
					env("HOME"));
	return n;
}

/* 1, 0 where there is no such file, -1. */
static int read_auth_file(struct arena *a, struct str path,
			  struct auth_file *out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(AUTH_FILE_MAX_BYTES);
	int found = io_read_settings(arena_c(a, path), &text, e);

	*out = (struct auth_file){0};
	/* touch makes such a file too */
	if (found <= 0 || str_trim(buf_str(&text)).n == 0)
		return found < 0 ? -1 : 0;
	return auth_file_parse(a, buf_str(&text), path.p, out, e) < 0 ? -1 : 1;
}

/* --- helpers ------------------------------------------------------------ */

static int run_helper(struct str name, const char *verb, struct str input,
		      struct buf *out, int *status, struct err *e)
{
	SCOPED_PTR char *program =
		xasprintf("docker-credential-%.*s", STR_ARG(name));
	const char *const argv[] = {program, verb, NULL};

	if (memchr(name.p, '/', name.n))
		return err_set(e, ERR_INVALID,
			       "a credential helper's name holds no slash");
	if (subprocess_filter(argv, input, out, status, e) < 0)
		return err_wrap(e, "credential helper");
	return 0;
}

static bool says_not_found(const struct buf *out)
{
	return strstr(buf_c(out), "credentials not found") ||
	       strstr(buf_c(out), "no credentials");
}

/* { "Username": …, "Secret": … }; the user <token> marks an identity token. */
static int parse_secret(struct arena *a, const struct buf *text,
			struct credential *out, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;

	if (json_load_object(buf_str(text), HELPER_MAX_BYTES, "answer", &doc,
			     e) < 0)
		return err_set(e, ERR_INVALID, "its answer is no JSON object");
	if (json_get_string(doc, "Username", a, &out->user, e) < 0 ||
	    json_get_string(doc, "Secret", a, &out->password, e) < 0)
		return -1;
	if (str_eq_c(out->user, "<token>"))
		*out = (struct credential){.identity_token = out->password};
	return out->password.n || out->identity_token.n;
}

static int ask_helper(struct arena *a, struct str name, struct str host,
		      struct credential *out, struct err *e)
{
	SCOPED_BUF struct buf answer = BUF_INIT(HELPER_MAX_BYTES);
	int status = 0;
	int found;

	if (run_helper(name, "get", auth_key_of(host), &answer, &status, e) < 0)
		return -1;
	if (status != 0)
		return says_not_found(&answer)
			       ? 0
			       : err_set(e, ERR_FAILED,
					 "docker-credential-%.*s has failed "
					 "for %.*s: run it by hand to see why",
					 STR_ARG(name), STR_ARG(host));
	*out = (struct credential){0};
	found = parse_secret(a, &answer, out, e);
	return found < 0 ? err_wrap(e, "docker-credential-%.*s", STR_ARG(name))
			 : found;
}

/* --- finding ------------------------------------------------------------ */

static int find_in(struct arena *a, const struct auth_file *f, struct str host,
		   struct str path, struct credential *out, struct err *e)
{
	const struct auth_entry *entry = auth_file_find(f, host, path);
	struct str helper = auth_file_helper(f, host);

	if (helper.n) {
		int found = ask_helper(a, helper, host, out, e);

		if (found != 0)
			return found;
	}
	if (!entry)
		return 0;
	*out = entry->credential;
	return 1;
}

int credentials_find(struct arena *a, struct str host, struct str path,
		     struct credential *out, struct err *e)
{
	const char *document = env("DOCKER_AUTH_CONFIG");
	struct str files[MAX_FILES];
	struct auth_file f;
	size_t n = list_files(a, files);
	int found;

	*out = (struct credential){0};
	if (document) {
		if (auth_file_parse(a, str_from(document),
				    "$DOCKER_AUTH_CONFIG", &f, e) < 0)
			return -1;
		found = find_in(a, &f, host, path, out, e);
		if (found != 0)
			return found;
	}
	for (size_t i = 0; i < n; i++) {
		found = read_auth_file(a, files[i], &f, e);
		if (found > 0)
			found = find_in(a, &f, host, path, out, e);
		if (found != 0)
			return found;
	}
	return 0;
}

/* --- keeping and forgetting --------------------------------------------- */

/* The document in the file, or an empty one. */
static int load_document(struct str path, json_t **out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(AUTH_FILE_MAX_BYTES);
	int found = io_read_settings(path.p, &text, e);

	if (found < 0)
		return -1;
	*out = str_trim(buf_str(&text)).n
		       ? json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES,
				    NULL)
		       : json_object();
	if (!json_is_object(*out))
		return err_set(e, ERR_INVALID, "%s: not a JSON object", path.p);
	return 0;
}

static int make_folder_of(struct arena *a, struct str path, struct err *e)
{
	ptrdiff_t slash = str_rfind(path, '/');

	if (slash <= 0)
		return 0;
	return io_mkdir_all(
		AT_FDCWD, arena_c(a, str_sub(path, 0, (size_t)slash)), 0700, e);
}

/* Secrets: readable by nobody else from the first byte on. */
static int replace_secret_file(const char *path, struct str content,
			       struct err *e)
{
	SCOPED_PTR char *target = realpath(path, NULL);
	const char *to = target ? target : path;
	SCOPED_PTR char *tmp = xasprintf("%s.new-%d", to, (int)getpid());
	SCOPED_FD int fd =
		open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_sys(e, "create %s", tmp);
	if (io_write_all(fd, content.p, content.n, tmp, e) < 0 ||
	    (fsync(fd) < 0 && err_sys(e, "sync %s", tmp) < 0) ||
	    (rename(tmp, to) < 0 &&
	     err_sys(e, "rename %s to %s", tmp, to) < 0)) {
		(void)unlink(tmp);
		return -1;
	}
	return 0;
}

static int save_document(struct arena *a, struct str path, json_t *doc,
			 struct err *e)
{
	SCOPED_PTR char *text =
		json_dumps(doc, JSON_INDENT(4) | JSON_PRESERVE_ORDER);
	SCOPED_PTR char *line = text ? xasprintf("%s\n", text) : NULL;

	if (!line)
		return err_set(e, ERR_FAILED, "%s: can't be written", path.p);
	if (make_folder_of(a, path, e) < 0)
		return -1;
	return replace_secret_file(path.p, str_from(line), e);
}

static json_t *make_entry(const struct credential *c)
{
	SCOPED_BUF struct buf plain = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf auth = BUF_INIT(2u << 20);
	json_t *entry = json_object();

	buf_printf(
		&plain, "%.*s:%.*s", STR_ARG(c->user),
		STR_ARG(c->identity_token.n ? (struct str){0} : c->password));
	buf_add_base64(&auth, buf_str(&plain));
	json_object_set_new(entry, "auth", json_string(buf_c(&auth)));
	if (c->identity_token.n)
		json_object_set_new(
			entry, "identitytoken",
			json_stringn(c->identity_token.p, c->identity_token.n));
	return entry;
}

/* Remove all keys of auths that mean the host. How many there were. */
static int forget_entries(json_t *doc, struct str host)
{
	json_t *auths = json_object_get(doc, "auths");
	const char *key;
	json_t *value;
	void *next;
	int n = 0;

	json_object_foreach_safe(auths, next, key, value)
	{
		struct str of;
		struct str path;

		auth_key_parse(str_from(key), &of, &path);
		if (!str_eq(of, host) || path.n)
			continue;
		(void)json_object_del(auths, key);
		n++;
	}
	return n;
}

static int store_in_file(struct arena *a, struct str path, struct str host,
			 const struct credential *c, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;
	json_t *auths;

	if (load_document(path, &doc, e) < 0)
		return -1;
	(void)forget_entries(doc, host);
	auths = json_object_get(doc, "auths");
	if (!json_is_object(auths)) {
		auths = json_object();
		json_object_set_new(doc, "auths", auths);
	}
	json_object_set_new(auths, arena_c(a, auth_key_of(host)),
			    make_entry(c));
	return save_document(a, path, doc, e);
}

static int store_in_helper(struct arena *a, struct str helper, struct str host,
			   const struct credential *c, struct err *e)
{
	SCOPED_BUF struct buf answer = BUF_INIT(HELPER_MAX_BYTES);
	SCOPED_BUF struct buf input = BUF_INIT(HELPER_MAX_BYTES);
	int status = 0;

	(void)a;
	buf_add_c(&input, "{\"ServerURL\":");
	buf_add_json_string(&input, auth_key_of(host));
	buf_add_c(&input, ",\"Username\":");
	buf_add_json_string(&input,
			    c->identity_token.n ? STR("<token>") : c->user);
	buf_add_c(&input, ",\"Secret\":");
	buf_add_json_string(&input, c->identity_token.n ? c->identity_token
							: c->password);
	buf_add_c(&input, "}");
	if (run_helper(helper, "store", buf_str(&input), &answer, &status, e) <
	    0)
		return -1;
	return status == 0 ? 0
			   : err_set(e, ERR_FAILED,
				     "docker-credential-%.*s did not keep the "
				     "credential",
				     STR_ARG(helper));
}

static int open_main_file(struct arena *a, struct str *path,
			  struct auth_file *f, struct err *e)
{
	*path = main_file(a);
	if (!path->n)
		return err_set(e, ERR_NOT_FOUND,
			       "no place for credentials: set HOME or "
			       "DOCKER_CONFIG");
	return read_auth_file(a, *path, f, e) < 0 ? -1 : 0;
}

int credentials_store(struct arena *a, struct str host,
		      const struct credential *c, struct str *where_out,
		      struct err *e)
{
	struct auth_file f;
	struct str helper;
	struct str path;

	if (open_main_file(a, &path, &f, e) < 0)
		return -1;
	helper = auth_file_helper(&f, host);
	*where_out = helper.n ? arena_printf(a, "docker-credential-%.*s",
					     STR_ARG(helper))
			      : path;
	return helper.n ? store_in_helper(a, helper, host, c, e)
			: store_in_file(a, path, host, c, e);
}

static int erase_in_helper(struct str helper, struct str host, struct err *e)
{
	SCOPED_BUF struct buf answer = BUF_INIT(HELPER_MAX_BYTES);
	int status = 0;

	if (run_helper(helper, "erase", auth_key_of(host), &answer, &status,
		       e) < 0)
		return -1;
	return status == 0;
}

int credentials_erase(struct arena *a, struct str host, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;
	struct auth_file f;
	struct str helper;
	struct str path;
	int erased = 0;
	int n;

	if (open_main_file(a, &path, &f, e) < 0)
		return -1;
	helper = auth_file_helper(&f, host);
	if (helper.n)
		erased = erase_in_helper(helper, host, e);
	if (erased < 0 || load_document(path, &doc, e) < 0)
		return -1;
	n = forget_entries(doc, host);
	if (n && save_document(a, path, doc, e) < 0)
		return -1;
	return erased || n;
}
