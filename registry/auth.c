#include "registry/auth.h"

#include "base/clock.h"
#include "oci/json.h"
#include "registry/challenge.h"
#include "registry/refusal.h"
#include "registry/url.h"

#include <jansson.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	TOKEN_S = 60, /* of a token that does not say: the specification */
	TOKEN_MARGIN_S = 5, /* one that ends while a request is under way */
	TOKEN_MAX_BYTES = 1 << 20,
};

enum scheme {
	SCHEME_NONE,
	SCHEME_BASIC,
	SCHEME_BEARER,
};

struct token {
	struct str scope;
	struct str header;
	int64_t until_ns; /* monotonic */
};

/* All that is known of a host. */
struct host {
	struct str name;
	enum scheme scheme;
	struct str realm;
	struct str service;
	bool looked; /* for a credential */
	bool has_credential;
	struct credential credential;
	struct str identity_token; /* that it answered with */
	VEC(struct token) tokens;
};

struct auth {
	pthread_mutex_t lock;
	struct arena arena; /* under the lock */
	VEC(struct host *) hosts;
};

struct auth *auth_new(void)
{
	struct auth *auth = xcalloc(1, sizeof(*auth));

	(void)pthread_mutex_init(&auth->lock, NULL);
	return auth;
}

void auth_free(struct auth *auth)
{
	if (!auth)
		return;
	for (size_t i = 0; i < auth->hosts.n; i++) {
		vec_release(&auth->hosts.v[i]->tokens);
		free(auth->hosts.v[i]);
	}
	vec_release(&auth->hosts);
	arena_release(&auth->arena);
	(void)pthread_mutex_destroy(&auth->lock);
	free(auth);
}

static struct host *find_host(struct auth *auth, struct str name)
{
	struct host *h;

	for (size_t i = 0; i < auth->hosts.n; i++)
		if (str_eq(auth->hosts.v[i]->name, name))
			return auth->hosts.v[i];
	h = xcalloc(1, sizeof(*h));
	h->name = arena_str(&auth->arena, name);
	*vec_push(&auth->hosts) = h;
	return h;
}

void auth_set_credential(struct auth *auth, struct str host,
			 const struct credential *c)
{
	struct host *h;

	(void)pthread_mutex_lock(&auth->lock);
	h = find_host(auth, host);
	h->looked = true;
	h->has_credential = true;
	h->credential = *c;
	(void)pthread_mutex_unlock(&auth->lock);
}

bool auth_has_credential(struct auth *auth, const struct endpoint *p)
{
	bool has;

	(void)pthread_mutex_lock(&auth->lock);
	has = find_host(auth, p->host)->has_credential;
	(void)pthread_mutex_unlock(&auth->lock);
	return has;
}

struct str auth_identity_token(struct auth *auth, struct arena *a,
			       struct str host)
{
	struct str token;

	(void)pthread_mutex_lock(&auth->lock);
	token = arena_str(a, find_host(auth, host)->identity_token);
	(void)pthread_mutex_unlock(&auth->lock);
	return token;
}

static struct str basic_header(struct arena *a, const struct credential *c)
{
	SCOPED_BUF struct buf plain = BUF_INIT(TOKEN_MAX_BYTES);
	SCOPED_BUF struct buf out = BUF_INIT(2 * TOKEN_MAX_BYTES);

	buf_printf(&plain, "%.*s:%.*s", STR_ARG(c->user), STR_ARG(c->password));
	buf_add_c(&out, "Basic ");
	buf_add_base64(&out, buf_str(&plain));
	return arena_str(a, buf_str(&out));
}

static const struct token *find_token(const struct host *h, struct str scope)
{
	for (size_t i = 0; i < h->tokens.n; i++)
		if (str_eq(h->tokens.v[i].scope, scope) &&
		    h->tokens.v[i].until_ns > clock_monotonic_ns())
			return &h->tokens.v[i];
	return NULL;
}

const char *auth_header(struct auth *auth, struct arena *a,
			const struct endpoint *p, struct str scope)
{
	const struct token *token;
	const char *header = NULL;
	struct host *h;

	(void)pthread_mutex_lock(&auth->lock);
	h = find_host(auth, p->host);
	token = find_token(h, scope);
	if (h->scheme == SCHEME_BASIC && h->has_credential)
		header = basic_header(a, &h->credential).p;
	else if (h->scheme == SCHEME_BEARER && token)
		header = arena_c(a, token->header);
	(void)pthread_mutex_unlock(&auth->lock);
	return header;
}

/* --- below here, all is under the lock ---------------------------------- */

struct answering {
	struct auth *auth;
	struct auth_transport *transport;
	const struct endpoint *endpoint;
	struct str scope;
	struct str object;
	struct host *host;
};

static int look_for_credential(struct answering *w, struct err *e)
{
	struct host *h = w->host;
	int found;

	if (h->looked)
		return 0;
	found = credentials_find(&w->auth->arena, h->name, w->endpoint->path,
				 &h->credential, e);
	if (found < 0)
		return -1;
	h->looked = true;
	h->has_credential = found > 0;
	return 0;
}

/* Bearer before Basic, where a host takes both. */
static int read_challenge(struct answering *w, const struct http_response *r,
			  struct challenge *out, struct err *e)
{
	struct arena *a = &w->auth->arena;
	struct challenge basic = {0};
	struct challenge c;

	for (size_t i = 0; i < r->n_headers; i++) {
		struct str rest = r->values[i];

		if (!str_eq_nocase(r->names[i], STR("WWW-Authenticate")))
			continue;
		while (challenge_next(a, &rest, &c)) {
			if (str_eq_nocase(c.scheme, STR("Bearer"))) {
				*out = c;
				return 0;
			}
			if (str_eq_nocase(c.scheme, STR("Basic")))
				basic = c;
		}
	}
	*out = basic;
	if (basic.scheme.n)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "%.*s asks for a login of a kind that is not known: "
		       "neither Basic nor Bearer",
		       STR_ARG(w->host->name));
}

static void add_query(struct buf *out, const char *name, struct str value)
{
	if (!value.n)
		return;
	buf_add_char(out, memchr(buf_c(out), '?', out->n) ? '&' : '?');
	buf_printf(out, "%s=", name);
	url_add_escaped(out, value);
}

/* "a b" is scope=a&scope=b */
static void add_scopes(struct buf *out, struct str scopes)
{
	struct str one;

	while (scopes.n) {
		(void)str_cut(scopes, ' ', &one, &scopes);
		add_query(out, "scope", one);
	}
}

/* GET realm?service=&scope=, with the user's name and password, or without. */
static int ask_by_get(struct answering *w, struct http_response *r,
		      struct err *e)
{
	SCOPED_BUF struct buf url = BUF_INIT(64 << 10);
	const struct host *h = w->host;
	struct http_request q = {.method = "GET"};

	buf_add_str(&url, h->realm);
	add_query(&url, "service", h->service);
	add_scopes(&url, w->scope);
	/* a login asks for what can be kept in place of the password */
	if (!w->scope.n && h->has_credential) {
		add_query(&url, "offline_token", STR("true"));
		add_query(&url, "client_id", STR("imgbuild"));
	}
	if (h->has_credential) {
		add_query(&url, "account", h->credential.user);
		q.authorization =
			basic_header(&w->auth->arena, &h->credential).p;
	}
	if (buf_check(&url, "token request", e) < 0)
		return -1;
	q.url = buf_c(&url);
	return w->transport->perform(w->transport, &q, r, e);
}

static void add_field(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, "%s%s=", out->n ? "&" : "", name);
	url_add_escaped(out, value);
}

/* POST with the identity token (distribution: spec/auth/oauth.md) */
static int ask_by_post(struct answering *w, struct http_response *r,
		       struct err *e)
{
	static const char *const headers[] = {
		"Content-Type: application/x-www-form-urlencoded"};
	SCOPED_BUF struct buf form = BUF_INIT(TOKEN_MAX_BYTES);
	const struct host *h = w->host;
	struct http_body body = {.fd = -1};
	const struct http_request q = {
		.method = "POST",
		.url = arena_c(&w->auth->arena, h->realm),
		.headers = headers,
		.n_headers = ARRAY_LEN(headers),
		.body = &body,
	};
	struct http_request copy = q;

	add_field(&form, "grant_type", STR("refresh_token"));
	add_field(&form, "service", h->service);
	add_field(&form, "client_id", STR("imgbuild"));
	if (w->scope.n)
		add_field(&form, "scope", w->scope);
	add_field(&form, "refresh_token", h->credential.identity_token);
	if (buf_check(&form, "token request", e) < 0)
		return -1;
	body.bytes = buf_str(&form);
	body.size_bytes = form.n;
	return w->transport->perform(w->transport, &copy, r, e);
}

static bool is_header_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	return s.n > 0;
}

static void keep_token(struct answering *w, struct str text, int64_t seconds)
{
	struct host *h = w->host;
	struct token *t = NULL;

	for (size_t i = 0; i < h->tokens.n; i++)
		if (str_eq(h->tokens.v[i].scope, w->scope))
			t = &h->tokens.v[i];
	if (!t) {
		t = vec_push(&h->tokens);
		t->scope = arena_str(&w->auth->arena, w->scope);
	}
	if (seconds < TOKEN_S)
		seconds = TOKEN_S;
	if (seconds > 24 * 3600)
		seconds = 24 * 3600;
	t->header = arena_printf(&w->auth->arena, "Bearer %.*s", STR_ARG(text));
	t->until_ns = clock_monotonic_ns() +
		      (seconds - TOKEN_MARGIN_S) * INT64_C(1000000000);
}

/* { "token" or "access_token": …, "expires_in": seconds } */
static int take_token(struct answering *w, const struct http_response *r,
		      struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;
	struct str token = {0};
	struct str access = {0};
	int64_t seconds = TOKEN_S;

	if (json_load_object(buf_str(&r->text), TOKEN_MAX_BYTES, "answer", &doc,
			     e) < 0 ||
	    json_get_string(doc, "token", &w->auth->arena, &token, e) < 0 ||
	    json_get_string(doc, "access_token", &w->auth->arena, &access, e) <
		    0 ||
	    json_get_string(doc, "refresh_token", &w->auth->arena,
			    &w->host->identity_token, e) < 0 ||
	    json_get_i64(doc, "expires_in", &seconds, e) < 0)
		return err_set(e, ERR_INVALID,
			       "the token server of %.*s did not answer with a "
			       "token",
			       STR_ARG(w->host->name));
	if (!token.n)
		token = access;
	if (!is_header_text(token))
		return err_set(e, ERR_INVALID,
			       "the token server of %.*s did not answer with a "
			       "token",
			       STR_ARG(w->host->name));
	keep_token(w, token, seconds);
	return 0;
}

static int refuse_token(struct answering *w, const struct http_response *r,
			struct err *e)
{
	const struct host *h = w->host;
	bool denied = r->status == 401 || r->status == 403 || r->status == 400;

	if (r->status == 429)
		return refusal_rate_limit(w->endpoint, h->has_credential, e);
	if (!denied)
		return refusal_status(w->endpoint, STR("the token"), r, e);
	if (!h->has_credential)
		return refusal_no_login(w->endpoint, w->object, e);
	if (h->credential.identity_token.n)
		return refusal_expired(w->endpoint, e);
	return refusal_wrong_password(w->endpoint, e);
}

static int fetch_token(struct answering *w, struct err *e)
{
	SCOPED(http_response_release) struct http_response r = {0};
	const struct host *h = w->host;
	int result;

	if (h->has_credential && h->credential.registry_token.n) {
		keep_token(w, h->credential.registry_token, TOKEN_S);
		return 0;
	}
	result = h->has_credential && h->credential.identity_token.n
			 ? ask_by_post(w, &r, e)
			 : ask_by_get(w, &r, e);
	if (result < 0)
		return err_wrap(e, "token for %.*s", STR_ARG(h->name));
	return r.status == 200 ? take_token(w, &r, e) : refuse_token(w, &r, e);
}

/* The realm is told credentials: it must be as safe as who named it. */
static int check_realm(struct answering *w, const struct http_response *refusal,
		       const struct challenge *c, struct err *e)
{
	struct url u;

	if (!url_split(c->realm, &u) || u.userinfo.n)
		return err_set(e, ERR_INVALID,
			       "%.*s names a token server that is no URL",
			       STR_ARG(w->host->name));
	if (url_is_https(refusal->url) && !url_is_https(c->realm))
		return err_set(e, ERR_INVALID,
			       "%.*s names a token server without TLS, "
			       "%.*s://%.*s: refused",
			       STR_ARG(w->host->name), STR_ARG(u.scheme),
			       STR_ARG(u.host));
	return 0;
}

static int answer_bearer(struct answering *w,
			 const struct http_response *refusal,
			 const struct challenge *c, const char *used,
			 struct err *e)
{
	struct host *h = w->host;
	const struct token *token;

	if (check_realm(w, refusal, c, e) < 0)
		return -1;
	h->scheme = SCHEME_BEARER;
	h->realm = c->realm;
	h->service = c->service;
	token = find_token(h, w->scope);
	/* another thread may have got one meanwhile */
	if (token && (!used || !str_eq_c(token->header, used)))
		return 0;
	if (used && str_eq_nocase(c->error, STR("insufficient_scope")))
		return refusal_forbidden(w->endpoint, w->object,
					 h->has_credential, e);
	if (used && h->has_credential && h->credential.registry_token.n)
		return refusal_expired(w->endpoint, e);
	return fetch_token(w, e);
}

static int answer_basic(struct answering *w, const char *used, struct err *e)
{
	struct host *h = w->host;

	h->scheme = SCHEME_BASIC;
	if (!h->has_credential || !h->credential.user.n)
		return refusal_no_login(w->endpoint, w->object, e);
	return used ? refusal_wrong_password(w->endpoint, e) : 0;
}

static int answer(struct answering *w, const char *used,
		  const struct http_response *refusal, struct err *e)
{
	struct challenge c = {0};

	if (read_challenge(w, refusal, &c, e) < 0 ||
	    look_for_credential(w, e) < 0)
		return -1;
	return str_eq_nocase(c.scheme, STR("Bearer"))
		       ? answer_bearer(w, refusal, &c, used, e)
		       : answer_basic(w, used, e);
}

int auth_answer(struct auth *auth, struct auth_transport *t,
		const struct endpoint *p, struct str scope, struct str object,
		const char *used, const struct http_response *refusal,
		struct err *e)
{
	struct answering w = {.auth = auth,
			      .transport = t,
			      .endpoint = p,
			      .scope = scope,
			      .object = object};
	int result;

	(void)pthread_mutex_lock(&auth->lock);
	w.host = find_host(auth, p->host);
	result = answer(&w, used, refusal, e);
	(void)pthread_mutex_unlock(&auth->lock);
	return result;
}
