#include "registry/transport.h"

#include "base/io.h"
#include "registry/exchange.h"
#include "registry/url.h"

#include <stdlib.h>
#include <string.h>

struct str http_header(const struct http_response *r, const char *name)
{
	for (size_t i = 0; i < r->n_headers; i++)
		if (str_eq_nocase(r->names[i], str_from(name)))
			return r->values[i];
	return (struct str){0};
}

void http_response_release(struct http_response *r)
{
	buf_release(&r->text);
	arena_release(&r->arena);
	*r = (struct http_response){0};
}

bool http_is_redirect(long status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

static bool follows(const struct http_request *q, const struct http_response *r)
{
	return http_is_redirect(r->status) &&
	       (strcmp(q->method, "GET") == 0 ||
		strcmp(q->method, "HEAD") == 0) &&
	       http_header(r, "Location").n > 0;
}

/* Where a redirect leads; what it may not lead to is an error. */
static int next_url(struct arena *a, struct str from, struct str location,
		    struct str *out, struct err *e)
{
	if (!url_resolve(a, from, location, out))
		return err_set(e, ERR_INVALID,
			       "redirected to what is no URL of http or https");
	if (url_is_https(from) && !url_is_https(*out))
		return err_set(
			e, ERR_INVALID,
			"redirected from https to http, to %.*s: refused",
			STR_ARG(url_shown(a, *out)));
	return 0;
}

/* What belongs to the origin that was asked stays there. */
static void leave_origin(struct http_request *q, struct str from, struct str to)
{
	if (url_same_origin(from, to))
		return;
	q->authorization = NULL;
	q->tls = NULL;
}

static int perform(struct http *h, const struct http_request *q,
		   struct http_response *r, struct arena *a, struct err *e)
{
	struct http_request now = *q;
	struct str url = str_from(q->url);

	for (int i = 0; i <= HTTP_MAX_REDIRECTS; i++) {
		struct str to;

		now.url = arena_c(a, url);
		if (http_exchange(h, &now, r, e) < 0)
			return -1;
		r->url = url;
		if (!follows(&now, r))
			return 0;
		if (next_url(a, url, http_header(r, "Location"), &to, e) < 0)
			return -1;
		leave_origin(&now, url, to);
		url = to;
		http_response_release(r);
	}
	return err_set(e, ERR_LIMIT, "redirected more than %d times",
		       HTTP_MAX_REDIRECTS);
}

int http_perform(struct http *h, const struct http_request *q,
		 struct http_response *r, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	int result;

	*r = (struct http_response){0};
	result = perform(h, q, r, &a, e);
	r->url = arena_str(&r->arena, r->url);
	if (result < 0)
		return err_wrap(e, "%.*s",
				STR_ARG(url_shown(&a, str_from(q->url))));
	return 0;
}

/* --- one file ----------------------------------------------------------- */

static void free_http(struct http **h)
{
	http_free(*h);
}

int http_get(const char *url, int fd, struct http_result *out, struct err *e)
{
	SCOPED(free_http) struct http *h = NULL;
	SCOPED(http_response_release) struct http_response r = {0};
	SCOPED_ARENA struct arena a = {0};
	struct fd_sink sink;
	const struct http_request q = {
		.method = "GET", .url = url, .decode = true, .out = &sink.sink};

	*out = (struct http_result){0};
	fd_sink_init(&sink, fd, "a download");
	if (http_new(&h, -1, e) < 0)
		return -1;
	if (http_perform(h, &q, &r, e) < 0)
		return -1;
	if (r.status != 200)
		return err_set(e, ERR_NOT_FOUND,
			       "%.*s: the server answered %ld",
			       STR_ARG(url_shown(&a, str_from(url))), r.status);
	out->has_last_modified = r.has_last_modified;
	out->last_modified_s = r.last_modified_s;
	out->size_bytes = r.n_out;
	return 0;
}
