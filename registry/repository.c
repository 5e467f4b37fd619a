#include "registry/repository.h"

#include "oci/json.h"
#include "registry/refusal.h"
#include "registry/url.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHUNK_BYTES = 16 << 20, /* of a chunked upload */
	MAX_FAILED = 3,		/* of one blob, before it has failed */
	MAX_TAG_PAGES = 1000,
	MAX_TAGS = 500000,
};

int repository_open(struct repository *p, struct registry *r,
		    const struct reference *ref, enum repository_access access,
		    struct err *e)
{
	*p = (struct repository){.registry = r};
	p->name = arena_printf(&p->arena, "%.*s/%.*s", STR_ARG(ref->domain),
			       STR_ARG(ref->path));
	if (registry_endpoints(r, &p->arena, ref, &p->endpoints,
			       &p->n_endpoints, e) < 0) {
		repository_release(p);
		return -1;
	}
	p->scope_suffix = STR(":pull");
	if (access == REPOSITORY_PUSH) {
		p->scope_suffix = STR(":pull,push");
		p->endpoints += p->n_endpoints - 1;
		p->n_endpoints = 1;
	}
	return 0;
}

void repository_release(struct repository *p)
{
	arena_release(&p->arena);
	*p = (struct repository){0};
}

/* "repository:NAME:pull,push", and what is mounted from */
static struct str make_scope(struct arena *a, const struct repository *p,
			     const struct endpoint *at)
{
	struct str scope =
		arena_printf(a, "repository:%.*s%.*s", STR_ARG(at->path),
			     STR_ARG(p->scope_suffix));

	if (p->mount_from.n)
		scope = arena_printf(a, "%.*s repository:%.*s:pull",
				     STR_ARG(scope), STR_ARG(p->mount_from));
	return scope;
}

static struct registry_call make_call(struct arena *a,
				      const struct repository *p,
				      const struct endpoint *at,
				      const char *method, struct str object)
{
	return (struct registry_call){.endpoint = at,
				      .scope = make_scope(a, p, at),
				      .object = object,
				      .method = method};
}

static const char *blob_path(struct arena *a, const struct endpoint *at,
			     const struct digest *d)
{
	char text[DIGEST_STRING_SIZE];

	return arena_printf(a, "/v2/%.*s/blobs/%s", STR_ARG(at->path),
			    digest_string(d, text))
		.p;
}

static struct str object_name(struct arena *a, const struct repository *p,
			      struct str reference)
{
	struct digest d;

	return arena_printf(a, "%.*s%c%.*s", STR_ARG(p->name),
			    digest_parse(reference, &d) ? '@' : ':',
			    STR_ARG(reference));
}

static struct str blob_object(struct arena *a, const struct repository *p,
			      const struct digest *d)
{
	char text[DIGEST_STRING_SIZE];

	return arena_printf(a, "blob %s of %.*s", digest_string(d, text),
			    STR_ARG(p->name));
}

/* --- manifests ---------------------------------------------------------- */

static const char *const accept_manifests[] = {
	"Accept: " MEDIA_INDEX, "Accept: " MEDIA_MANIFEST,
	"Accept: " MEDIA_DOCKER_INDEX, "Accept: " MEDIA_DOCKER_MANIFEST};

static struct registry_call manifest_call(struct arena *a,
					  const struct repository *p,
					  const struct endpoint *at,
					  const char *method,
					  struct str reference)
{
	struct registry_call c =
		make_call(a, p, at, method, object_name(a, p, reference));

	c.path = arena_printf(a, "/v2/%.*s/manifests/%.*s", STR_ARG(at->path),
			      STR_ARG(reference))
			 .p;
	c.headers = accept_manifests;
	c.n_headers = ARRAY_LEN(accept_manifests);
	return c;
}

/* The type that the bytes name themselves counts before the header. */
static int find_media_type(struct arena *a, const struct http_response *answer,
			   struct str *out, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;
	struct str parameters;

	(void)str_cut(http_header(answer, "Content-Type"), ';', out,
		      &parameters);
	*out = arena_str(a, str_trim(*out));
	if (json_load_object(buf_str(&answer->text), MANIFEST_MAX_BYTES,
			     "manifest", &doc, e) < 0)
		return -1;
	return json_get_string(doc, "mediaType", a, out, e);
}

static int take_manifest(struct arena *a, struct str reference,
			 const struct http_response *answer, struct buf *out,
			 struct descriptor *d, struct err *e)
{
	struct digest wanted;

	d->size_bytes = answer->text.n;
	d->digest = digest_of(buf_c(&answer->text), answer->text.n);
	/* by tag it is the header that says what was meant */
	if ((digest_parse(reference, &wanted) ||
	     digest_parse(http_header(answer, "Docker-Content-Digest"),
			  &wanted)) &&
	    !digest_eq(&wanted, &d->digest))
		return err_set(
			e, ERR_CORRUPT,
			"the registry sent a manifest of another digest");
	if (find_media_type(a, answer, &d->media_type, e) < 0)
		return -1;
	buf_add(out, answer->text.p, answer->text.n);
	return buf_check(out, "manifest", e);
}

static int manifest_from(struct repository *p, struct arena *a,
			 const struct endpoint *at, struct str reference,
			 struct buf *out, struct descriptor *d, struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	const struct registry_call c =
		manifest_call(a, p, at, "GET", reference);

	if (registry_call(p->registry, &c, &answer, e) < 0)
		return -1;
	if (answer.status == 404) {
		p->unknown = str_eq_c(refusal_code(a, &answer), "NAME_UNKNOWN");
		return 0;
	}
	if (answer.status != 200)
		return registry_refused(p->registry, &c, &answer, e);
	if (take_manifest(a, reference, &answer, out, d, e) < 0)
		return err_wrap(e, "%.*s", STR_ARG(c.object));
	return 1;
}

int repository_manifest(struct repository *p, struct arena *a,
			struct str reference, struct buf *out,
			struct descriptor *d, struct err *e)
{
	int found = 0;

	/* a mirror that fails or lacks it is no reason to give up */
	for (size_t i = 0; i < p->n_endpoints; i++) {
		buf_clear(out);
		found = manifest_from(p, a, &p->endpoints[i], reference, out, d,
				      e);
		if (found > 0)
			p->first = i;
		if (found > 0 || (found < 0 && e->code == ERR_CANCELLED))
			break;
	}
	return found;
}

int repository_digest(struct repository *p, struct str reference,
		      struct digest *out, struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	SCOPED_ARENA struct arena a = {0};
	const struct registry_call c = manifest_call(
		&a, p, &p->endpoints[p->n_endpoints - 1], "HEAD", reference);

	if (registry_call(p->registry, &c, &answer, e) < 0)
		return -1;
	if (answer.status == 404)
		return 0;
	if (answer.status != 200)
		return registry_refused(p->registry, &c, &answer, e);
	return digest_parse(http_header(&answer, "Docker-Content-Digest"), out);
}

/* Under a tag any bytes are taken: what was kept has to be what was sent. */
static int check_kept(const struct registry_call *c,
		      const struct http_response *answer, struct str bytes,
		      struct err *e)
{
	struct digest sent = digest_of(bytes.p, bytes.n);
	struct digest kept;

	if (!digest_parse(http_header(answer, "Docker-Content-Digest"),
			  &kept) ||
	    digest_eq(&sent, &kept))
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "%.*s: the registry has kept other bytes than were sent",
		       STR_ARG(c->object));
}

int repository_put_manifest(struct repository *p, struct str reference,
			    struct str media_type, struct str bytes,
			    struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	SCOPED_ARENA struct arena a = {0};
	const struct http_body body = {
		.fd = -1, .bytes = bytes, .size_bytes = bytes.n};
	const char *type =
		arena_printf(&a, "Content-Type: %.*s", STR_ARG(media_type)).p;
	struct registry_call c =
		manifest_call(&a, p, &p->endpoints[0], "PUT", reference);

	c.headers = &type;
	c.n_headers = 1;
	c.body = &body;
	if (registry_call(p->registry, &c, &answer, e) < 0)
		return -1;
	if (answer.status != 201 && answer.status != 200 &&
	    answer.status != 202)
		return registry_refused(p->registry, &c, &answer, e);
	return check_kept(&c, &answer, bytes, e);
}

/* --- blobs, read -------------------------------------------------------- */

struct checking {
	struct sink sink;
	struct sink *out;
	struct sha256 hash;
	uint64_t n;
};

static int check_write(struct sink *s, const void *p, size_t n, struct err *e)
{
	struct checking *c = (struct checking *)s;

	sha256_update(&c->hash, p, n);
	c->n += n;
	return c->out->write(c->out, p, n, e);
}

/* found: whether bytes reached out, after which no other endpoint will do. */
static int blob_from(struct repository *p, const struct endpoint *at,
		     const struct descriptor *d, struct sink *out, bool *began,
		     struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	SCOPED_ARENA struct arena a = {0};
	struct checking sink = {.sink.write = check_write, .out = out};
	struct registry_call c =
		make_call(&a, p, at, "GET", blob_object(&a, p, &d->digest));
	struct digest got;
	int result;

	sha256_init(&sink.hash);
	c.path = blob_path(&a, at, &d->digest);
	c.out = &sink.sink;
	c.max_bytes = d->size_bytes ? d->size_bytes : 1;
	result = registry_call(p->registry, &c, &answer, e);
	*began = sink.n > 0;
	if (result < 0)
		return e->code == ERR_LIMIT
			       ? err_set(e, ERR_CORRUPT,
					 "%.*s: the registry sent more than "
					 "its "
					 "%llu bytes",
					 STR_ARG(c.object),
					 (unsigned long long)d->size_bytes)
			       : -1;
	if (answer.status != 200 && answer.status != 206 &&
	    answer.status != 416)
		return registry_refused(p->registry, &c, &answer, e);
	sha256_final(&sink.hash, &got);
	if (sink.n != d->size_bytes || !digest_eq(&got, &d->digest))
		return err_set(e, ERR_CORRUPT,
			       "%.*s: the registry sent other bytes than those "
			       "of its digest",
			       STR_ARG(c.object));
	return 0;
}

int repository_blob(struct repository *p, const struct descriptor *d,
		    struct sink *out, struct err *e)
{
	int result = -1;

	for (size_t i = p->first; i < p->n_endpoints; i++) {
		bool began = false;

		result = blob_from(p, &p->endpoints[i], d, out, &began, e);
		if (result == 0 || began || e->code == ERR_CANCELLED)
			break;
	}
	return result;
}

int repository_has_blob(struct repository *p, const struct descriptor *d,
			struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	SCOPED_ARENA struct arena a = {0};
	const struct endpoint *at = &p->endpoints[0];
	struct registry_call c =
		make_call(&a, p, at, "HEAD", blob_object(&a, p, &d->digest));

	c.path = blob_path(&a, at, &d->digest);
	if (registry_call(p->registry, &c, &answer, e) < 0)
		return -1;
	if (answer.status == 404)
		return 0;
	if (answer.status != 200)
		return registry_refused(p->registry, &c, &answer, e);
	return 1;
}

/* --- blobs, sent -------------------------------------------------------- */

/* An upload that the registry has begun. */
struct upload {
	struct repository *p;
	const struct descriptor *d;
	const struct blob_part *from;
	struct arena *arena;
	struct str object;
	struct str url;	   /* the next request of it goes there */
	unsigned n_failed; /* pieces, since it got further */
};

static struct registry_call upload_call(struct upload *u, const char *method)
{
	return make_call(u->arena, u->p, &u->p->endpoints[0], method,
			 u->object);
}

/* Where it goes on. An upload stays with the origin that was asked. */
static int take_location(struct upload *u, const struct http_response *answer,
			 struct err *e)
{
	struct str location = http_header(answer, "Location");
	struct str url;

	if (!url_resolve(u->arena, answer->url, location, &url))
		return err_set(e, ERR_INVALID,
			       "%.*s: the registry does not say where the "
			       "upload goes on",
			       STR_ARG(u->object));
	if (url_is_https(answer->url) && !url_is_https(url))
		return err_set(e, ERR_INVALID,
			       "%.*s: the upload would go on without TLS: "
			       "refused",
			       STR_ARG(u->object));
	u->url = url;
	return 0;
}

/* Credentials are for the registry's own origin. */
static int send_part(struct upload *u, struct registry_call *c,
		     struct http_response *answer, struct err *e)
{
	struct endpoint elsewhere = *c->endpoint;
	struct url to;
	struct url base;

	c->url = arena_c(u->arena, u->url);
	if (url_split(u->url, &to) && url_split(elsewhere.base, &base) &&
	    !str_eq_nocase(to.host, base.host)) {
		elsewhere.host = to.host;
		elsewhere.base =
			arena_printf(u->arena, "%.*s://%.*s",
				     STR_ARG(to.scheme), STR_ARG(to.host));
		elsewhere.insecure = false;
		c->endpoint = &elsewhere;
		c->scope = (struct str){0};
	}
	return registry_call(u->p->registry, c, answer, e);
}

/* 1 there is an upload, 0 the blob is there already (mounted), -1. */
static int begin_upload(struct upload *u, struct str mount_from, struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	const struct http_body nothing = {.fd = -1};
	const struct endpoint *at = &u->p->endpoints[0];
	struct registry_call c = upload_call(u, "POST");
	char text[DIGEST_STRING_SIZE];

	digest_string(&u->d->digest, text);
	c.path = mount_from.n
			 ? arena_printf(u->arena,
					"/v2/%.*s/blobs/uploads/?mount=%s&from="
					"%.*s",
					STR_ARG(at->path), text,
					STR_ARG(mount_from))
				   .p
			 : arena_printf(u->arena, "/v2/%.*s/blobs/uploads/",
					STR_ARG(at->path))
				   .p;
	c.body = &nothing;
	if (registry_call(u->p->registry, &c, &answer, e) < 0)
		return -1;
	if (answer.status == 201)
		return 0;
	if (answer.status != 202)
		return registry_refused(u->p->registry, &c, &answer, e);
	return take_location(u, &answer, e) < 0 ? -1 : 1;
}

/* The URL with ?digest= */
static struct str closing_url(struct upload *u)
{
	char text[DIGEST_STRING_SIZE];
	bool has_query = memchr(u->url.p, '?', u->url.n) != NULL;

	return arena_printf(u->arena, "%.*s%cdigest=%s", STR_ARG(u->url),
			    has_query ? '&' : '?',
			    digest_string(&u->d->digest, text));
}

/* PUT with all that is left (maybe nothing), which ends the upload. */
static int close_upload(struct upload *u, uint64_t from, long *status,
			struct err *e)
{
	static const char *const headers[] = {
		"Content-Type: application/octet-stream"};
	SCOPED(http_response_release) struct http_response answer = {0};
	const struct http_body body = {
		.fd = u->from->fd,
		.offset = u->from->offset + from,
		.size_bytes = u->d->size_bytes - from,
	};
	struct registry_call c = upload_call(u, "PUT");

	c.headers = headers;
	c.n_headers = ARRAY_LEN(headers);
	c.body = &body;
	c.once = true;
	u->url = closing_url(u);
	if (send_part(u, &c, &answer, e) < 0)
		return -1;
	*status = answer.status;
	if (answer.status != 201 && answer.status != 204 &&
	    answer.status != 200)
		return registry_refused(u->p->registry, &c, &answer, e);
	return 0;
}

/* "0-LAST" or "bytes=0-LAST": what the registry has; nothing: it has none. */
static uint64_t bytes_there(const struct http_response *answer)
{
	struct str range = http_header(answer, "Range");
	struct str first;
	struct str last;
	uint64_t n;

	if (str_starts(range, "bytes="))
		range = str_skip(range, strlen("bytes="));
	if (!str_cut(range, '-', &first, &last) ||
	    !str_to_u64(last, UINT64_MAX - 1, &n))
		return 0;
	return n ? n + 1 : 0;
}

static int send_chunk(struct upload *u, uint64_t *at, struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	uint64_t left = u->d->size_bytes - *at;
	const struct http_body body = {
		.fd = u->from->fd,
		.offset = u->from->offset + *at,
		.size_bytes = left < CHUNK_BYTES ? left : CHUNK_BYTES,
	};
	const char *const headers[] = {
		"Content-Type: application/octet-stream",
		arena_printf(u->arena, "Content-Range: %llu-%llu",
			     (unsigned long long)*at,
			     (unsigned long long)(*at + body.size_bytes - 1))
			.p,
	};
	struct registry_call c = upload_call(u, "PATCH");

	c.headers = headers;
	c.n_headers = ARRAY_LEN(headers);
	c.body = &body;
	c.once = true;
	if (send_part(u, &c, &answer, e) < 0)
		return -1;
	if (answer.status != 202 && answer.status != 204)
		return registry_refused(u->p->registry, &c, &answer, e);
	*at += body.size_bytes;
	return take_location(u, &answer, e);
}

/* After a chunk that broke off: how far the registry got. */
static int ask_progress(struct upload *u, uint64_t *at, struct err *e)
{
	SCOPED(http_response_release) struct http_response answer = {0};
	struct registry_call c = upload_call(u, "GET");
	uint64_t there;

	if (send_part(u, &c, &answer, e) < 0)
		return -1;
	if (answer.status != 204 && answer.status != 200)
		return registry_refused(u->p->registry, &c, &answer, e);
	there = bytes_there(&answer);
	if (there > u->d->size_bytes)
		return err_set(e, ERR_INVALID,
			       "%.*s: the registry says it has more than there "
			       "is",
			       STR_ARG(u->object));
	*at = there;
	return take_location(u, &answer, e);
}

/* A piece that failed: whether the upload goes on, from *at. */
static bool goes_on(struct upload *u, uint64_t *at, const struct err *failed)
{
	uint64_t before = *at;
	struct err ignored;

	if (failed->code == ERR_CANCELLED || ++u->n_failed >= MAX_FAILED ||
	    ask_progress(u, at, &ignored) < 0)
		return false;
	/* only what gets no further counts */
	if (*at > before)
		u->n_failed = 0;
	return true;
}

static int send_in_chunks(struct upload *u, struct err *e)
{
	uint64_t at = 0;
	long status;

	while (at < u->d->size_bytes)
		if (send_chunk(u, &at, e) < 0 && !goes_on(u, &at, e))
			return -1;
	return close_upload(u, at, &status, e);
}

/* Whether another upload may do what one that failed so did not. */
static bool may_help(const struct upload *u, long status, const struct err *e)
{
	return u->n_failed < MAX_FAILED && e->code != ERR_CANCELLED &&
	       e->code != ERR_CORRUPT && e->code != ERR_SYS &&
	       (status == 0 || status == 413 || status == 404);
}

/* In one piece first; what that breaks off at, or is too large for, in chunks.
 */
static int send_blob(struct upload *u, struct err *e)
{
	long status = 0;
	int result = close_upload(u, 0, &status, e);

	u->n_failed += result < 0;
	while (result < 0 && may_help(u, status, e)) {
		struct err failed = *e;
		int begun = begin_upload(u, (struct str){0}, e);

		if (begun < 0)
			*e = failed; /* what it was about */
		if (begun <= 0)
			return begun;
		status = 0;
		result = send_in_chunks(u, e);
		u->n_failed += result < 0;
	}
	return result;
}

int repository_put_blob(struct repository *p, const struct descriptor *d,
			const struct blob_part *from, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct upload u = {.p = p,
			   .d = d,
			   .from = from,
			   .arena = &a,
			   .object = blob_object(&a, p, &d->digest)};
	int begun = begin_upload(&u, (struct str){0}, e);

	return begun <= 0 ? begun : send_blob(&u, e);
}

int repository_mount(struct repository *p, const struct descriptor *d,
		     struct str from, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct upload u = {.p = p,
			   .d = d,
			   .arena = &a,
			   .object = blob_object(&a, p, &d->digest)};
	int begun = begin_upload(&u, from, e);

	return begun < 0 ? -1 : begun == 0;
}

/* --- tags --------------------------------------------------------------- */

static int take_tags(struct arena *a, const struct http_response *answer,
		     struct str_list *out, struct err *e)
{
	SCOPED_JSON json_t *doc = NULL;
	struct str_list page = {0};

	if (json_load_object(buf_str(&answer->text), HTTP_TEXT_MAX_BYTES,
			     "list of tags", &doc, e) < 0 ||
	    json_get_strings(doc, "tags", a, &page, e) < 0)
		return -1;
	if (out->n + page.n > MAX_TAGS)
		return err_set(e, ERR_LIMIT, "more than %d tags", MAX_TAGS);
	for (size_t i = 0; i < page.n; i++)
		*out = str_list_add(a, *out, page.v[i]);
	return 0;
}

/* Link: </v2/…?last=…>; rel="next" */
static bool next_page(struct arena *a, const struct http_response *answer,
		      struct str *url)
{
	struct str link = http_header(answer, "Link");
	struct str before;
	struct str target;
	struct str parameters;

	return str_cut(link, '<', &before, &target) &&
	       str_cut(target, '>', &target, &parameters) &&
	       url_resolve(a, answer->url, target, url) &&
	       url_same_origin(answer->url, *url);
}

int repository_tags(struct repository *p, struct arena *a, struct str_list *out,
		    struct err *e)
{
	const struct endpoint *at = &p->endpoints[p->n_endpoints - 1];
	struct registry_call c = make_call(a, p, at, "GET", p->name);
	struct str url = {0};

	*out = (struct str_list){0};
	c.path = arena_printf(a, "/v2/%.*s/tags/list", STR_ARG(at->path)).p;
	for (int i = 0; i < MAX_TAG_PAGES; i++) {
		SCOPED(http_response_release) struct http_response answer = {0};

		c.url = url.n ? arena_c(a, url) : NULL;
		if (registry_call(p->registry, &c, &answer, e) < 0)
			return -1;
		if (answer.status == 404)
			return 0;
		if (answer.status != 200)
			return registry_refused(p->registry, &c, &answer, e);
		if (take_tags(a, &answer, out, e) < 0)
			return err_wrap(e, "%.*s", STR_ARG(p->name));
		if (!next_page(a, &answer, &url))
			return 1;
	}
	return err_set(e, ERR_LIMIT, "%.*s: tags on more than %d pages",
		       STR_ARG(p->name), MAX_TAG_PAGES);
}
