#include "registry/client.h"

#include "base/clock.h"
#include "registry/auth.h"
#include "registry/certs.h"
#include "registry/refusal.h"
#include "registry/url.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_TRIES = 5,		/* of a call that breaks off */
	MAX_AUTH_ANSWERS = 2,	/* the second after a token has expired */
	FIRST_PAUSE_MS = 200,	/* doubled each time */
	MAX_RETRY_AFTER_S = 60, /* who asks for more is told so to the user */
};

/* How a host is spoken to, once that is known. */
enum speech {
	SPEECH_UNKNOWN,
	SPEECH_HTTPS,
	SPEECH_HTTP,
};

struct peer {
	struct str host; /* with its port, as in URLs */
	enum speech speech;
	bool has_certs;
	struct http_tls tls;
};

struct registry {
	struct arena arena; /* under the lock once threads run */
	struct settings settings;
	bool has_settings;
	struct str_list insecure;
	struct auth *auth;
	int cancel_fd;
	pthread_mutex_t lock;
	VEC(struct peer *) peers;
	VEC(struct http *) idle; /* connections that nobody uses now */
};

struct registry *registry_open(const struct registry_options *opt)
{
	struct registry *r = xcalloc(1, sizeof(*r));

	r->cancel_fd = opt->cancel_fd;
	r->insecure = opt->insecure;
	r->auth = auth_new();
	(void)pthread_mutex_init(&r->lock, NULL);
	return r;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->idle.n; i++)
		http_free(r->idle.v[i]);
	for (size_t i = 0; i < r->peers.n; i++)
		free(r->peers.v[i]);
	vec_release(&r->idle);
	vec_release(&r->peers);
	auth_free(r->auth);
	settings_release(&r->settings);
	(void)pthread_mutex_destroy(&r->lock);
	arena_release(&r->arena);
	free(r);
}

int registry_endpoints(struct registry *r, struct arena *a,
		       const struct reference *ref, struct endpoint **out,
		       size_t *n_out, struct err *e)
{
	int result = 0;

	(void)pthread_mutex_lock(&r->lock);
	if (!r->has_settings)
		result = settings_read(&r->settings, &r->arena, e);
	r->has_settings = result == 0;
	(void)pthread_mutex_unlock(&r->lock);
	if (result < 0)
		return -1;
	return settings_endpoints(&r->settings, a, ref, r->insecure, out, n_out,
				  e);
}

/* --- connections and hosts ---------------------------------------------- */

static int take_http(struct registry *r, struct http **out, struct err *e)
{
	*out = NULL;
	(void)pthread_mutex_lock(&r->lock);
	if (r->idle.n)
		*out = r->idle.v[--r->idle.n];
	(void)pthread_mutex_unlock(&r->lock);
	return *out ? 0 : http_new(out, r->cancel_fd, e);
}

static void give_http(struct registry *r, struct http *h)
{
	(void)pthread_mutex_lock(&r->lock);
	*vec_push(&r->idle) = h;
	(void)pthread_mutex_unlock(&r->lock);
}

static struct peer *find_peer(struct registry *r, struct str host)
{
	for (size_t i = 0; i < r->peers.n; i++)
		if (str_eq(r->peers.v[i]->host, host))
			return r->peers.v[i];
	return NULL;
}

/* Under the lock. */
static struct peer *add_peer(struct registry *r, struct str host, struct err *e)
{
	struct peer *p = xcalloc(1, sizeof(*p));
	int found = certs_find(&r->arena, host, &p->tls, e);

	if (found < 0) {
		free(p);
		return NULL;
	}
	p->host = arena_str(&r->arena, host);
	p->has_certs = found > 0;
	*vec_push(&r->peers) = p;
	return p;
}

static struct peer *get_peer(struct registry *r, struct str host, struct err *e)
{
	struct peer *p;

	(void)pthread_mutex_lock(&r->lock);
	p = find_peer(r, host);
	if (!p)
		p = add_peer(r, host, e);
	(void)pthread_mutex_unlock(&r->lock);
	return p;
}

static enum speech speech_of(struct registry *r, struct peer *p)
{
	enum speech speech;

	(void)pthread_mutex_lock(&r->lock);
	speech = p->speech;
	(void)pthread_mutex_unlock(&r->lock);
	return speech;
}

static void set_speech(struct registry *r, struct peer *p, enum speech speech)
{
	(void)pthread_mutex_lock(&r->lock);
	p->speech = speech;
	(void)pthread_mutex_unlock(&r->lock);
}

/* --- one request -------------------------------------------------------- */

static int send_request(struct registry *r, const struct http_request *q,
			struct http_response *out, struct err *e)
{
	struct http *h;
	int result;

	*out = (struct http_response){0};
	if (take_http(r, &h, e) < 0)
		return -1;
	result = http_perform(h, q, out, e);
	give_http(r, h);
	return result;
}

struct token_transport {
	struct auth_transport transport;
	struct registry *r;
	const struct endpoint *endpoint;
};

/* A token server has certificates of its own. */
static int perform_token(struct auth_transport *t, struct http_request *q,
			 struct http_response *out, struct err *e)
{
	struct token_transport *self = (struct token_transport *)t;
	struct http_tls tls;
	struct peer *p;
	struct url u;

	if (!url_split(str_from(q->url), &u))
		return err_set(e, ERR_INVALID, "the token server is no URL");
	p = get_peer(self->r, u.host, e);
	if (!p)
		return -1;
	tls = p->tls;
	tls.insecure = self->endpoint->insecure && !p->has_certs;
	q->tls = &tls;
	q->idle_s = self->endpoint->timeout_s;
	return send_request(self->r, q, out, e);
}

/* --- a call ------------------------------------------------------------- */

/* What is remembered between the tries of one call. */
struct trying {
	struct registry *r;
	const struct registry_call *call;
	struct peer *peer;
	enum speech speech;
	uint64_t n_out;	    /* bytes that out has */
	unsigned n_tries;   /* that broke off */
	unsigned n_answers; /* to 401 */
	char *used;	    /* the Authorization header */
};

/*
 * Which to try first where it is not known: plain HTTP is for this machine, and
 * for hosts that may do without certificates, if TLS fails.
 */
static enum speech first_speech(const struct endpoint *p,
				const struct peer *peer)
{
	struct url u;

	if (!url_split(p->base, &u))
		return SPEECH_HTTPS;
	return host_is_loopback(u.host) && !peer->has_certs ? SPEECH_HTTP
							    : SPEECH_HTTPS;
}

static struct str request_url(struct arena *a, const struct trying *t)
{
	const struct endpoint *p = t->call->endpoint;
	struct url base;

	if (t->call->url)
		return str_from(t->call->url);
	(void)url_split(p->base, &base);
	return arena_printf(a, "%s://%.*s%s",
			    t->speech == SPEECH_HTTP ? "http" : "https",
			    STR_ARG(base.host), t->call->path);
}

static int try_once(struct trying *t, struct http_response *out, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const struct registry_call *c = t->call;
	const char *header = auth_header(t->r->auth, &a, c->endpoint, c->scope);
	struct http_tls tls = t->peer->tls;
	const struct http_request q = {
		.method = c->method,
		.url = arena_c(&a, request_url(&a, t)),
		.headers = c->headers,
		.n_headers = c->n_headers,
		.authorization = header,
		.tls = &tls,
		.body = c->body,
		.idle_s = c->endpoint->timeout_s,
		.out = c->out,
		.max_bytes = c->max_bytes,
		.from_byte = t->n_out,
	};
	int result;

	tls.insecure = c->endpoint->insecure && !t->peer->has_certs;
	free(t->used);
	t->used = header ? xstrdup(header) : NULL;
	result = send_request(t->r, &q, out, e);
	t->n_out += out->n_out;
	return result;
}

/* A pause that the user can end. */
static int wait_ms(const struct registry *r, int64_t ms, struct err *e)
{
	struct pollfd p = {.fd = r->cancel_fd, .events = POLLIN};

	if (poll(&p, r->cancel_fd >= 0, (int)ms) > 0)
		return err_set(e, ERR_CANCELLED, "cancelled");
	return 0;
}

/* Seconds, or a date, which counts as the longest that is waited. */
static int64_t retry_after_ms(const struct http_response *answer)
{
	struct str text = http_header(answer, "Retry-After");
	uint64_t seconds;

	if (!text.n)
		return 0;
	if (!str_to_u64(text, 24 * 3600, &seconds))
		return MAX_RETRY_AFTER_S * 1000;
	return (int64_t)seconds * 1000;
}

static int64_t pause_ms(const struct trying *t)
{
	int64_t ms = FIRST_PAUSE_MS << (t->n_tries - 1);

	/* clients that failed together don't come back together */
	return ms + clock_monotonic_ns() / 1000 % (ms / 2);
}

/* 1 try again, 0 there is no use in it, -1 cancelled. */
static int pause_after(struct trying *t, int64_t at_least_ms, struct err *e)
{
	int64_t ms;

	if (++t->n_tries >= MAX_TRIES || at_least_ms > MAX_RETRY_AFTER_S * 1000)
		return 0;
	ms = pause_ms(t);
	return wait_ms(t->r, ms > at_least_ms ? ms : at_least_ms, e) < 0 ? -1
									 : 1;
}

/* What TLS servers say to plain HTTP; to HEAD without a word. */
static bool is_speech_mistake(const struct registry_call *c,
			      const struct http_response *answer)
{
	return answer->status == 400 &&
	       (strcmp(c->method, "HEAD") == 0 ||
		strstr(buf_c(&answer->text), "HTTPS server") ||
		strstr(buf_c(&answer->text), "HTTPS port"));
}

/* After an error: 1 try again, 0 not. */
static int after_error(struct trying *t, const struct http_response *out,
		       struct err *e)
{
	struct err cancelled;
	int again;

	if (e->code == ERR_CANCELLED)
		return 0;
	/* TLS to a server without it, where it may be without it */
	if (t->speech == SPEECH_HTTPS && !t->call->url && !out->broken &&
	    out->status == 0 && t->call->endpoint->insecure &&
	    !t->peer->has_certs && e->code == ERR_FAILED &&
	    speech_of(t->r, t->peer) == SPEECH_UNKNOWN) {
		t->speech = SPEECH_HTTP;
		set_speech(t->r, t->peer, SPEECH_HTTP);
		return 1;
	}
	if (!out->broken || t->call->once)
		return 0;
	/* who has waited that long twice does not want to wait five times */
	if (out->timed_out)
		t->n_tries += MAX_TRIES / 2;
	again = pause_after(t, 0, &cancelled);
	if (again < 0)
		*e = cancelled;
	return again > 0;
}

/* 1 try again, 0 the answer stands, -1. */
static int answer_401(struct trying *t, const struct http_response *out,
		      struct err *e)
{
	const struct registry_call *c = t->call;
	struct token_transport tokens = {{perform_token}, t->r, c->endpoint};

	if (t->n_answers++ >= MAX_AUTH_ANSWERS)
		return refusal_forbidden(
			c->endpoint, c->object,
			auth_has_credential(t->r->auth, c->endpoint), e);
	if (auth_answer(t->r->auth, &tokens.transport, c->endpoint, c->scope,
			c->object, t->used, out, e) < 0)
		return -1;
	return 1;
}

static int answer_busy(struct trying *t, const struct http_response *out,
		       struct err *e)
{
	const struct registry_call *c = t->call;
	int again = pause_after(t, retry_after_ms(out), e);

	if (again)
		return again;
	if (out->status == 429)
		return refusal_rate_limit(
			c->endpoint,
			auth_has_credential(t->r->auth, c->endpoint), e);
	return refusal_status(c->endpoint, c->object, out, e);
}

static int after_answer(struct trying *t, const struct http_response *out,
			struct err *e)
{
	const struct registry_call *c = t->call;

	if (t->speech == SPEECH_HTTP && is_speech_mistake(c, out) &&
	    speech_of(t->r, t->peer) == SPEECH_UNKNOWN) {
		t->speech = SPEECH_HTTPS;
		set_speech(t->r, t->peer, SPEECH_HTTPS);
		return 1;
	}
	set_speech(t->r, t->peer, t->speech);
	if (out->status == 401)
		return answer_401(t, out, e);
	if (out->status == 403)
		return refusal_forbidden(
			c->endpoint, c->object,
			auth_has_credential(t->r->auth, c->endpoint), e);
	if (out->status == 429 || out->status >= 500)
		return answer_busy(t, out, e);
	return 0;
}

static int keep_trying(struct trying *t, struct http_response *out,
		       struct err *e)
{
	for (;;) {
		int again;

		http_response_release(out);
		if (try_once(t, out, e) < 0) {
			if (!after_error(t, out, e))
				return -1;
			continue;
		}
		again = after_answer(t, out, e);
		if (again <= 0)
			return again;
	}
}

int registry_call(struct registry *r, const struct registry_call *c,
		  struct http_response *out, struct err *e)
{
	struct trying t = {.r = r, .call = c};
	struct url base;
	int result;

	*out = (struct http_response){0};
	if (!url_split(c->endpoint->base, &base))
		return err_set(e, ERR_INVALID, "%.*s is no host of a registry",
			       STR_ARG(c->endpoint->host));
	t.peer = get_peer(r, base.host, e);
	if (!t.peer)
		return -1;
	t.speech = speech_of(r, t.peer);
	if (t.speech == SPEECH_UNKNOWN)
		t.speech = first_speech(c->endpoint, t.peer);
	result = keep_trying(&t, out, e);
	out->n_out = t.n_out;
	free(t.used);
	return result;
}

int registry_refused(struct registry *r, const struct registry_call *c,
		     const struct http_response *answer, struct err *e)
{
	(void)r;
	return refusal_status(c->endpoint, c->object, answer, e);
}

/* --- login -------------------------------------------------------------- */

int registry_login(struct registry *r, struct arena *a, struct str host,
		   struct credential *c, struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	const struct reference ref = {.domain = host, .path = STR("")};
	struct endpoint *endpoints;
	struct registry_call call = {
		.method = "GET", .path = "/v2/", .object = STR("a login")};
	struct str token;
	size_t n;

	if (registry_endpoints(r, a, &ref, &endpoints, &n, e) < 0)
		return -1;
	call.endpoint = &endpoints[n - 1]; /* the registry, no mirror */
	auth_set_credential(r->auth, call.endpoint->host, c);
	if (registry_call(r, &call, &answer, e) < 0)
		return -1;
	if (answer.status != 200)
		return registry_refused(r, &call, &answer, e);
	token = auth_identity_token(r->auth, a, call.endpoint->host);
	if (token.n)
		c->identity_token = token;
	return 0;
}
