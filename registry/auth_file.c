#include "registry/auth_file.h"

#include "base/buf.h"
#include "oci/json.h"

#include <jansson.h>
#include <string.h>

#define DOCKER_IO "docker.io"
#define DOCKER_IO_KEY "https://index.docker.io/v1/"

static bool is_docker_io(struct str host)
{
	return str_eq_c(host, DOCKER_IO) || str_eq_c(host, "index.docker.io") ||
	       str_eq_c(host, "registry-1.docker.io");
}

static bool is_api_version(struct str path)
{
	return str_eq_c(path, "v1") || str_eq_c(path, "v2");
}

void auth_key_parse(struct str key, struct str *host, struct str *path)
{
	if (str_starts(key, "https://"))
		key = str_skip(key, strlen("https://"));
	else if (str_starts(key, "http://"))
		key = str_skip(key, strlen("http://"));
	(void)str_cut(key, '/', host, path);
	while (path->n && path->p[path->n - 1] == '/')
		path->n--;
	if (is_api_version(*path))
		*path = (struct str){0};
	if (is_docker_io(*host))
		*host = STR(DOCKER_IO);
}

struct str auth_key_of(struct str host)
{
	return is_docker_io(host) ? STR(DOCKER_IO_KEY) : host;
}

/* "auth" is the base64 of "USER:PASSWORD". */
static bool split_auth(struct arena *a, struct str auth, struct credential *c)
{
	SCOPED_BUF struct buf plain = BUF_INIT(AUTH_FILE_MAX_BYTES);
	struct str text;

	if (!buf_add_from_base64(&plain, auth))
		return false;
	/* docker pads with NULs */
	while (plain.n && plain.p[plain.n - 1] == '\0')
		plain.n--;
	text = arena_str(a, buf_str(&plain));
	return str_cut(text, ':', &c->user, &c->password);
}

static int parse_entry(struct arena *a, const char *key, const json_t *value,
		       struct auth_entry *out, struct err *e)
{
	struct credential *c = &out->credential;
	struct str auth = {0};

	auth_key_parse(arena_str(a, str_from(key)), &out->host, &out->path);
	if (json_get_string(value, "username", a, &c->user, e) < 0 ||
	    json_get_string(value, "password", a, &c->password, e) < 0 ||
	    json_get_string(value, "auth", a, &auth, e) < 0 ||
	    json_get_string(value, "identitytoken", a, &c->identity_token, e) <
		    0 ||
	    json_get_string(value, "registrytoken", a, &c->registry_token, e) <
		    0)
		return -1;
	if (auth.n && !split_auth(a, auth, c))
		return err_set(e, ERR_INVALID,
			       "field 'auth' is not the base64 of "
			       "USER:PASSWORD: log in again");
	return 0;
}

static int parse_entries(struct arena *a, const json_t *doc,
			 struct auth_file *out, struct err *e)
{
	struct auth_entry *entries;
	const json_t *auths;
	const char *key;
	json_t *value;

	if (json_get_object(doc, "auths", &auths, e) < 0)
		return -1;
	entries =
		arena_new_array(a, json_object_size(auths), struct auth_entry);
	json_object_foreach((json_t *)auths, key, value)
	{
		if (!json_is_object(value))
			return err_set(e, ERR_INVALID,
				       "field 'auths': expected objects");
		if (parse_entry(a, key, value, &entries[out->n_entries], e) < 0)
			return err_wrap(e, "auths of %s", key);
		out->n_entries++;
	}
	out->entries = entries;
	return 0;
}

static int parse_helpers(struct arena *a, const json_t *doc,
			 struct auth_file *out, struct err *e)
{
	struct config_pairs pairs = {0};
	struct auth_helper *helpers;
	struct str path;

	if (json_get_pairs(doc, "credHelpers", a, &pairs, e) < 0 ||
	    json_get_string(doc, "credsStore", a, &out->store, e) < 0)
		return -1;
	helpers = arena_new_array(a, pairs.n, struct auth_helper);
	for (size_t i = 0; i < pairs.n; i++) {
		auth_key_parse(pairs.v[i].key, &helpers[i].host, &path);
		helpers[i].name = pairs.v[i].value;
	}
	out->helpers = helpers;
	out->n_helpers = pairs.n;
	return 0;
}

int auth_file_parse(struct arena *a, struct str json, const char *what,
		    struct auth_file *out, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;

	*out = (struct auth_file){0};
	if (json_load_object(json, AUTH_FILE_MAX_BYTES, what, &doc, e) < 0)
		return e->code == ERR_INVALID
			       ? err_set(e, ERR_INVALID,
					 "%s: not JSON, or an object with a "
					 "key twice",
					 what)
			       : -1;
	if (parse_entries(a, doc, out, e) < 0 ||
	    parse_helpers(a, doc, out, e) < 0)
		return err_wrap(e, "%s", what);
	return 0;
}

/* Whether path is below prefix, or is it; by whole components. */
static bool is_below(struct str path, struct str prefix)
{
	return prefix.n == 0 ||
	       (path.n >= prefix.n && memcmp(path.p, prefix.p, prefix.n) == 0 &&
		(path.n == prefix.n || path.p[prefix.n] == '/'));
}

static bool is_empty(const struct credential *c)
{
	return !c->user.n && !c->password.n && !c->identity_token.n &&
	       !c->registry_token.n;
}

const struct auth_entry *auth_file_find(const struct auth_file *f,
					struct str host, struct str path)
{
	const struct auth_entry *best = NULL;

	for (size_t i = 0; i < f->n_entries; i++) {
		const struct auth_entry *at = &f->entries[i];

		/* {} marks a host whose secret a helper has */
		if (str_eq(at->host, host) && is_below(path, at->path) &&
		    !is_empty(&at->credential) &&
		    (!best || at->path.n > best->path.n))
			best = at;
	}
	return best;
}

struct str auth_file_helper(const struct auth_file *f, struct str host)
{
	for (size_t i = 0; i < f->n_helpers; i++)
		if (str_eq(f->helpers[i].host, host))
			return f->helpers[i].name;
	return f->store;
}
