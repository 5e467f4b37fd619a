#include "registry/refusal.h"

#include "oci/json.h"

#include <jansson.h>

static bool is_docker_io(const struct endpoint *p)
{
	return str_eq_c(p->host, "docker.io");
}

static const char *login_argument(const struct endpoint *p)
{
	return is_docker_io(p) ? "" : " ";
}

static struct str login_host(const struct endpoint *p)
{
	return is_docker_io(p) ? (struct str){0} : p->host;
}

int refusal_no_login(const struct endpoint *p, struct str object, struct err *e)
{
	if (is_docker_io(p))
		return err_set(e, ERR_NOT_FOUND,
			       "docker.io has no %.*s that everybody may use: "
			       "check its name, or log in with `imgbuild "
			       "login` where it is private",
			       STR_ARG(object));
	return err_set(e, ERR_FAILED,
		       "%.*s wants a login for %.*s: `imgbuild login %.*s`",
		       STR_ARG(p->host), STR_ARG(object), STR_ARG(p->host));
}

int refusal_wrong_password(const struct endpoint *p, struct err *e)
{
	if (is_docker_io(p))
		return err_set(e, ERR_FAILED,
			       "docker.io does not take this user name and "
			       "password: `imgbuild login` again; an account "
			       "with two factors needs an access token as "
			       "password");
	return err_set(e, ERR_FAILED,
		       "%.*s does not take this user name and password: "
		       "`imgbuild login %.*s` again",
		       STR_ARG(p->host), STR_ARG(p->host));
}

int refusal_expired(const struct endpoint *p, struct err *e)
{
	return err_set(e, ERR_FAILED,
		       "the login to %.*s has expired: `imgbuild login%s%.*s` "
		       "again",
		       STR_ARG(p->host), login_argument(p),
		       STR_ARG(login_host(p)));
}

int refusal_forbidden(const struct endpoint *p, struct str object,
		      bool has_credential, struct err *e)
{
	if (!has_credential)
		return refusal_no_login(p, object, e);
	return err_set(e, ERR_FAILED,
		       "%.*s does not allow this with %.*s to the user who is "
		       "logged in: ask its owner, or log in as another user "
		       "with `imgbuild login%s%.*s`",
		       STR_ARG(p->host), STR_ARG(object), login_argument(p),
		       STR_ARG(login_host(p)));
}

int refusal_rate_limit(const struct endpoint *p, bool has_credential,
		       struct err *e)
{
	if (is_docker_io(p) && !has_credential)
		return err_set(e, ERR_FAILED,
			       "docker.io's limit of pulls without a login is "
			       "reached: `imgbuild login` raises it, a mirror "
			       "in registries.conf avoids it");
	if (is_docker_io(p))
		return err_set(e, ERR_FAILED,
			       "docker.io's limit of pulls is reached for this "
			       "account: wait, or use a mirror in "
			       "registries.conf");
	return err_set(e, ERR_FAILED,
		       "%.*s takes no more requests for now (its rate limit is "
		       "reached): try again later",
		       STR_ARG(p->host));
}

static bool is_code(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != '_' && (s.p[i] < 'A' || s.p[i] > 'Z'))
			return false;
	return s.n > 0 && s.n <= 40;
}

struct str refusal_code(struct arena *a, const struct http_response *answer)
{
	SCOPED_JSON json_t *doc = NULL;
	const json_t *errors;
	struct str code = {0};
	struct err ignored;

	if (json_load_object(buf_str(&answer->text), HTTP_TEXT_MAX_BYTES,
			     "answer", &doc, &ignored) < 0 ||
	    json_get_array(doc, "errors", &errors, &ignored) < 0 ||
	    !json_is_object(json_array_get(errors, 0)) ||
	    json_get_string(json_array_get(errors, 0), "code", a, &code,
			    &ignored) < 0)
		return (struct str){0};
	return is_code(code) ? code : (struct str){0};
}

int refusal_status(const struct endpoint *p, struct str object,
		   const struct http_response *answer, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct str code = refusal_code(&a, answer);

	if (str_eq_c(code, "NAME_UNKNOWN"))
		return err_set(e, ERR_NOT_FOUND,
			       "%.*s has no repository for %.*s",
			       STR_ARG(p->host), STR_ARG(object));
	if (answer->status == 404)
		return err_set(e, ERR_NOT_FOUND, "%.*s has no %.*s",
			       STR_ARG(p->host), STR_ARG(object));
	if (answer->status >= 500)
		return err_set(e, ERR_FAILED,
			       "%.*s fails (status %ld) at %.*s: try again "
			       "later",
			       STR_ARG(p->host), answer->status,
			       STR_ARG(object));
	return err_set(e, ERR_FAILED, "%.*s refuses %.*s: status %ld%s%.*s",
		       STR_ARG(p->host), STR_ARG(object), answer->status,
		       code.n ? ", " : "", STR_ARG(code));
}
