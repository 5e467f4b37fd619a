/*
 * libcurl by dlopen, one multi handle for each struct http. Nothing is asked of
 * an easy handle but through SET, which keeps the first refusal: a restriction
 * that a library does not know never drops silently.
 */
#include "registry/exchange.h"

#include "registry/url.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	CONNECT_S = 30,
	BUFFER_BYTES = 512 << 10,
	POLL_MS = 1000,
};

/* What is used of libcurl.so.4. */
struct curl_calls {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_reset) *easy_reset;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_multi_init) *multi_init;
	__typeof__(curl_multi_cleanup) *multi_cleanup;
	__typeof__(curl_multi_add_handle) *multi_add_handle;
	__typeof__(curl_multi_remove_handle) *multi_remove_handle;
	__typeof__(curl_multi_perform) *multi_perform;
	__typeof__(curl_multi_poll) *multi_poll;
	__typeof__(curl_multi_info_read) *multi_info_read;
	__typeof__(curl_multi_strerror) *multi_strerror;
};

static struct curl_calls calls;
static bool loaded;

static bool find(void *library, const char *name, void *function)
{
	/* POSIX guarantees this conversion, ISO C has no words for it */
	*(void **)function = dlsym(library, name);
	return *(void **)function;
}

static void load(void)
{
	void *l = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

	loaded = l && find(l, "curl_global_init", &calls.global_init) &&
		 find(l, "curl_easy_init", &calls.easy_init) &&
		 find(l, "curl_easy_reset", &calls.easy_reset) &&
		 find(l, "curl_easy_setopt", &calls.easy_setopt) &&
		 find(l, "curl_easy_getinfo", &calls.easy_getinfo) &&
		 find(l, "curl_easy_cleanup", &calls.easy_cleanup) &&
		 find(l, "curl_easy_strerror", &calls.easy_strerror) &&
		 find(l, "curl_slist_append", &calls.slist_append) &&
		 find(l, "curl_slist_free_all", &calls.slist_free_all) &&
		 find(l, "curl_multi_init", &calls.multi_init) &&
		 find(l, "curl_multi_cleanup", &calls.multi_cleanup) &&
		 find(l, "curl_multi_add_handle", &calls.multi_add_handle) &&
		 find(l, "curl_multi_remove_handle",
		      &calls.multi_remove_handle) &&
		 find(l, "curl_multi_perform", &calls.multi_perform) &&
		 find(l, "curl_multi_poll", &calls.multi_poll) &&
		 find(l, "curl_multi_info_read", &calls.multi_info_read) &&
		 find(l, "curl_multi_strerror", &calls.multi_strerror) &&
		 calls.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

static const struct curl_calls *load_curl(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load);
	if (loaded)
		return &calls;
	err_set(e, ERR_UNSUPPORTED,
		"the network needs libcurl.so.4 of 7.66 or later: install the "
		"package libcurl4");
	return NULL;
}

struct http {
	const struct curl_calls *c;
	CURLM *multi;
	CURL *easy;
	int cancel_fd;
	bool worked; /* some server has answered */
};

int http_new(struct http **out, int cancel_fd, struct err *e)
{
	const struct curl_calls *c = load_curl(e);
	struct http *h;

	*out = NULL;
	if (!c)
		return -1;
	h = xcalloc(1, sizeof(*h));
	h->c = c;
	h->cancel_fd = cancel_fd;
	h->multi = c->multi_init();
	h->easy = c->easy_init();
	if (!h->multi || !h->easy) {
		http_free(h);
		return err_set(e, ERR_FAILED, "libcurl can't be used");
	}
	*out = h;
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	if (h->easy)
		h->c->easy_cleanup(h->easy);
	if (h->multi)
		(void)h->c->multi_cleanup(h->multi);
	free(h);
}

/* --- an exchange -------------------------------------------------------- */

struct exchange {
	const struct http_request *q;
	struct http_response *r;
	struct err *e;
	struct curl_slist *headers;
	uint64_t sent;	 /* of the request's body */
	uint64_t n_text; /* bytes of headers */
	uint64_t n_skip; /* of the answer's body: out has them */
	size_t cap;	 /* of the headers' arrays */
	bool began;	 /* the answer's body */
	bool failed;	 /* *e is set */
	bool is_for_out;
};

static void begin_headers(struct exchange *x)
{
	x->r->n_headers = 0;
	x->r->status = 0;
}

static void keep_header(struct exchange *x, struct str line)
{
	struct http_response *r = x->r;
	struct str name;
	struct str value;

	if (!str_cut(line, ':', &name, &value))
		return;
	if (r->n_headers == x->cap) {
		size_t cap = x->cap ? 2 * x->cap : 32;
		struct str *names = arena_new_array(&r->arena, cap, struct str);
		struct str *values =
			arena_new_array(&r->arena, cap, struct str);

		for (size_t i = 0; i < r->n_headers; i++) {
			names[i] = r->names[i];
			values[i] = r->values[i];
		}
		r->names = names;
		r->values = values;
		x->cap = cap;
	}
	r->names[r->n_headers] = arena_str(&r->arena, str_trim(name));
	r->values[r->n_headers++] = arena_str(&r->arena, str_trim(value));
}

/* Each answer begins with its status line: a proxy's, a 100's, the last. */
static size_t take_header(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct str line = {p, size * n};

	x->n_text += line.n;
	if (x->n_text > HTTP_HEADERS_MAX_BYTES) {
		err_set(x->e, ERR_LIMIT, "headers larger than %d bytes",
			HTTP_HEADERS_MAX_BYTES);
		x->failed = true;
		return 0;
	}
	if (str_starts(line, "HTTP/"))
		begin_headers(x);
	else
		keep_header(x, line);
	return line.n;
}

/* "bytes FIRST-LAST/WHOLE" */
static bool range_begins_at(struct str range, uint64_t first)
{
	struct str unit;
	struct str text;
	uint64_t n;

	return str_cut(range, ' ', &unit, &text) &&
	       str_eq_nocase(unit, STR("bytes")) &&
	       str_cut(text, '-', &text, &range) &&
	       str_to_u64(text, UINT64_MAX, &n) && n == first;
}

static int begin_body(struct exchange *x, long status)
{
	uint64_t from = x->q->from_byte;

	x->began = true;
	x->r->status = status;
	x->is_for_out = x->q->out && (status == 200 || status == 206);
	if (!x->is_for_out)
		return 0;
	if (status == 200) {
		x->n_skip = from; /* it was not asked to, but may */
		return 0;
	}
	if (from == 0 ||
	    !range_begins_at(http_header(x->r, "Content-Range"), from))
		return err_set(x->e, ERR_CORRUPT,
			       "the server sent another range than was asked "
			       "for");
	return 0;
}

static int take_out(struct exchange *x, const char *p, size_t n)
{
	const struct http_request *q = x->q;
	uint64_t max = q->max_bytes ? q->max_bytes : HTTP_MAX_BYTES;

	if (x->n_skip >= n) {
		x->n_skip -= n;
		return 0;
	}
	p += x->n_skip;
	n -= x->n_skip;
	x->n_skip = 0;
	if (n > max || q->from_byte + x->r->n_out > max - n)
		return err_set(x->e, ERR_LIMIT, "larger than %llu bytes",
			       (unsigned long long)max);
	if (q->out->write(q->out, p, n, x->e) < 0)
		return -1;
	x->r->n_out += n;
	return 0;
}

static int take_text(struct exchange *x, const char *p, size_t n)
{
	buf_add(&x->r->text, p, n);
	return buf_check(&x->r->text, "answer", x->e);
}

struct http_body_ctx {
	struct http *h;
	struct exchange *x;
};

static size_t take_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http_body_ctx *b = ctx;
	struct exchange *x = b->x;
	long status = 0;
	int result = 0;

	if (!x->began) {
		(void)b->h->c->easy_getinfo(b->h->easy, CURLINFO_RESPONSE_CODE,
					    &status);
		result = begin_body(x, status);
	}
	if (result == 0)
		result = x->is_for_out ? take_out(x, p, size * n)
				       : take_text(x, p, size * n);
	if (result < 0)
		x->failed = true;
	return result < 0 ? 0 : size * n;
}

static size_t give_body(char *p, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	const struct http_body *body = x->q->body;
	uint64_t left = body->size_bytes - x->sent;
	size_t want = size * n;
	ssize_t got;

	if (want > left)
		want = (size_t)left;
	if (!want)
		return 0;
	if (body->fd < 0) {
		memcpy(p, body->bytes.p + body->offset + x->sent, want);
		got = (ssize_t)want;
	} else {
		got = pread(body->fd, p, want, (off_t)(body->offset + x->sent));
	}
	if (got <= 0) {
		if (got < 0)
			err_sys(x->e, "read what is sent");
		else
			err_set(x->e, ERR_CORRUPT,
				"what is sent ends too early");
		x->failed = true;
		return CURL_READFUNC_ABORT;
	}
	x->sent += (uint64_t)got;
	return (size_t)got;
}

static int rewind_body(void *ctx, curl_off_t offset, int origin)
{
	struct exchange *x = ctx;

	if (origin != SEEK_SET || offset < 0 ||
	    (uint64_t)offset > x->q->body->size_bytes)
		return CURL_SEEKFUNC_FAIL;
	x->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

/* --- options ------------------------------------------------------------ */

struct setup {
	const struct curl_calls *c;
	CURL *easy;
	CURLcode refused; /* of the first option that was */
	int option;
};

static void note_refusal(struct setup *s, int option, CURLcode code)
{
	if (code == CURLE_OK || s->refused != CURLE_OK)
		return;
	s->refused = code;
	s->option = option;
}

#define SET(s, name, value)            \
	note_refusal((s), (int)(name), \
		     (s)->c->easy_setopt((s)->easy, (name), (value)))

static int setup_check(const struct setup *s, struct err *e)
{
	if (s->refused == CURLE_OK)
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "this libcurl does not take option %d (%s): 7.85 or "
		       "later is needed",
		       s->option, s->c->easy_strerror(s->refused));
}

static void set_limits(struct setup *s, const struct http_request *q)
{
	SET(s, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(s, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	SET(s, CURLOPT_FOLLOWLOCATION, 0L);
	SET(s, CURLOPT_NOSIGNAL, 1L);
	SET(s, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	SET(s, CURLOPT_LOW_SPEED_LIMIT, 1L);
	SET(s, CURLOPT_LOW_SPEED_TIME,
	    (long)(q->idle_s ? q->idle_s : HTTP_IDLE_S));
	SET(s, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(s, CURLOPT_USERAGENT, "imgbuild");
	SET(s, CURLOPT_PATH_AS_IS, 1L);
	SET(s, CURLOPT_BUFFERSIZE, (long)BUFFER_BYTES);
	SET(s, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER_BYTES);
	SET(s, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(s, CURLOPT_FILETIME, 1L);
	if (q->decode)
		SET(s, CURLOPT_ACCEPT_ENCODING, "gzip");
}

/*
 * As Go programs do: HTTP_PROXY counts too, which libcurl leaves to CGI, and
 * this machine itself is never behind a proxy.
 */
static void set_proxy(struct setup *s, const struct http_request *q)
{
	SCOPED_BUF struct buf direct = BUF_INIT(1u << 20);
	const char *none = getenv("no_proxy");
	const char *proxy = getenv("HTTP_PROXY");

	if (!none)
		none = getenv("NO_PROXY");
	buf_add_c(&direct, none && *none ? none : "");
	if (strcmp(buf_c(&direct), "*") != 0)
		buf_printf(&direct, "%slocalhost,127.0.0.0/8,::1",
			   direct.n ? "," : "");
	SET(s, CURLOPT_NOPROXY, buf_c(&direct));
	if (proxy && *proxy && !getenv("http_proxy") &&
	    !url_is_https(str_from(q->url)))
		SET(s, CURLOPT_PROXY, proxy);
}

static void set_tls(struct setup *s, const struct http_tls *tls)
{
	const char *bundle = getenv("SSL_CERT_FILE");
	struct curl_blob ca;

	if (bundle && *bundle)
		SET(s, CURLOPT_CAINFO, bundle);
	if (!tls)
		return;
	if (tls->ca.n) {
		ca = (struct curl_blob){.data = (void *)(uintptr_t)tls->ca.p,
					.len = tls->ca.n,
					.flags = CURL_BLOB_COPY};
		SET(s, CURLOPT_CAINFO_BLOB, &ca);
	}
	if (tls->cert)
		SET(s, CURLOPT_SSLCERT, tls->cert);
	if (tls->key)
		SET(s, CURLOPT_SSLKEY, tls->key);
	if (tls->insecure) {
		SET(s, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(s, CURLOPT_SSL_VERIFYHOST, 0L);
	}
}

static void set_method(struct setup *s, struct exchange *x)
{
	const struct http_request *q = x->q;

	if (q->body) {
		SET(s, CURLOPT_UPLOAD, 1L);
		SET(s, CURLOPT_INFILESIZE_LARGE,
		    (curl_off_t)q->body->size_bytes);
		SET(s, CURLOPT_READFUNCTION, give_body);
		SET(s, CURLOPT_READDATA, x);
		SET(s, CURLOPT_SEEKFUNCTION, rewind_body);
		SET(s, CURLOPT_SEEKDATA, x);
	}
	if (strcmp(q->method, "HEAD") == 0)
		SET(s, CURLOPT_NOBODY, 1L);
	else
		SET(s, CURLOPT_CUSTOMREQUEST, q->method);
}

static void add_header(const struct curl_calls *c, struct exchange *x,
		       const char *text)
{
	struct curl_slist *more = c->slist_append(x->headers, text);

	if (!more)
		abort(); /* as xmalloc */
	x->headers = more;
}

static void set_headers(struct setup *s, struct exchange *x)
{
	const struct http_request *q = x->q;
	SCOPED_PTR char *auth = NULL;
	SCOPED_PTR char *range = NULL;

	add_header(s->c, x, "Expect:"); /* no waiting for a 100 */
	for (size_t i = 0; i < q->n_headers; i++)
		add_header(s->c, x, q->headers[i]);
	if (q->authorization) {
		auth = xasprintf("Authorization: %s", q->authorization);
		add_header(s->c, x, auth);
	}
	if (q->from_byte) {
		range = xasprintf("Range: bytes=%llu-",
				  (unsigned long long)q->from_byte);
		add_header(s->c, x, range);
	}
	SET(s, CURLOPT_HTTPHEADER, x->headers);
}

static int set_options(struct http *h, struct http_body_ctx *b, struct err *e)
{
	struct setup s = {.c = h->c, .easy = h->easy};

	h->c->easy_reset(h->easy);
	SET(&s, CURLOPT_URL, b->x->q->url);
	set_limits(&s, b->x->q);
	set_proxy(&s, b->x->q);
	set_tls(&s, b->x->q->tls);
	set_method(&s, b->x);
	set_headers(&s, b->x);
	SET(&s, CURLOPT_HEADERFUNCTION, take_header);
	SET(&s, CURLOPT_HEADERDATA, b->x);
	SET(&s, CURLOPT_WRITEFUNCTION, take_body);
	SET(&s, CURLOPT_WRITEDATA, b);
	return setup_check(&s, e);
}

/* --- carrying it out ---------------------------------------------------- */

/* What libcurl calls failure, as what a user can do something about. */
static int explain(struct http *h, CURLcode code, struct http_response *r,
		   struct err *e)
{
	const char *why = h->c->easy_strerror(code);

	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		r->broken = h->worked;
		return err_set(e, ERR_FAILED,
			       "no network, or there is no such host");
	case CURLE_COULDNT_CONNECT:
		r->broken = h->worked;
		return err_set(e, ERR_FAILED,
			       "no connection: nothing answers there, or the "
			       "network does not lead there");
	case CURLE_OPERATION_TIMEDOUT:
		r->broken = h->worked || r->status;
		r->timed_out = true;
		return err_set(e, ERR_FAILED,
			       "timed out: the server stopped answering");
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return err_set(e, ERR_FAILED,
			       "the server's certificate is not trusted: put "
			       "its CA into certs.d/HOST/ca.crt (%s)",
			       why);
	case CURLE_SSL_CERTPROBLEM:
		return err_set(e, ERR_FAILED,
			       "the client certificate can't be used (%s)",
			       why);
	case CURLE_SSL_CONNECT_ERROR:
		return err_set(e, ERR_FAILED,
			       "the TLS handshake failed: a server of plain "
			       "HTTP needs --insecure-registry HOST; another "
			       "may ask for a client certificate (%s)",
			       why);
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_WEIRD_SERVER_REPLY:
		r->broken = true;
		return err_set(e, ERR_FAILED, "the connection broke off (%s)",
			       why);
	default: return err_set(e, ERR_FAILED, "%s", why);
	}
}

/* 0 done with *code, or -1 where work is to end or libcurl fails. */
static int run(struct http *h, CURLcode *code, struct err *e)
{
	struct curl_waitfd cancel = {.fd = h->cancel_fd,
				     .events = CURL_WAIT_POLLIN};
	unsigned n_extra = h->cancel_fd >= 0 ? 1 : 0;
	int running = 1;
	CURLMcode m = CURLM_OK;
	CURLMsg *message;
	int left;

	while (m == CURLM_OK && running) {
		m = h->c->multi_perform(h->multi, &running);
		if (m != CURLM_OK || !running)
			break;
		cancel.revents = 0;
		m = h->c->multi_poll(h->multi, &cancel, n_extra, POLL_MS, NULL);
		if (n_extra && cancel.revents)
			return err_set(e, ERR_CANCELLED, "cancelled");
	}
	if (m != CURLM_OK)
		return err_set(e, ERR_FAILED, "libcurl: %s",
			       h->c->multi_strerror(m));
	message = h->c->multi_info_read(h->multi, &left);
	*code = message && message->msg == CURLMSG_DONE ? message->data.result
							: CURLE_FAILED_INIT;
	return 0;
}

static int carry_out(struct http *h, struct exchange *x, struct err *e)
{
	CURLcode code = CURLE_OK;
	CURLMcode added = h->c->multi_add_handle(h->multi, h->easy);
	long status = 0;
	curl_off_t time_s = -1;
	int result;

	if (added != CURLM_OK)
		return err_set(e, ERR_FAILED, "libcurl: %s",
			       h->c->multi_strerror(added));
	result = run(h, &code, e);
	(void)h->c->easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)h->c->easy_getinfo(h->easy, CURLINFO_FILETIME_T, &time_s);
	(void)h->c->multi_remove_handle(h->multi, h->easy);
	x->r->status = status;
	x->r->has_last_modified = time_s >= 0;
	x->r->last_modified_s = time_s >= 0 ? (int64_t)time_s : 0;
	if (result < 0)
		return -1;
	if (x->failed)
		return -1; /* *e is set */
	if (code != CURLE_OK)
		return explain(h, code, x->r, e);
	h->worked = true;
	return x->began ? 0 : begin_body(x, status);
}

int http_exchange(struct http *h, const struct http_request *q,
		  struct http_response *r, struct err *e)
{
	struct exchange x = {.q = q, .r = r, .e = e};
	struct http_body_ctx b = {h, &x};
	int result;

	*r = (struct http_response){.text = BUF_INIT(HTTP_TEXT_MAX_BYTES)};
	result = set_options(h, &b, e);
	if (result == 0)
		result = carry_out(h, &x, e);
	h->c->slist_free_all(x.headers);
	return result;
}
