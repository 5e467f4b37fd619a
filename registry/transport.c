#include "registry/transport.h"

#ifdef HAVE_CURL

#include "base/io.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <string.h>

/* What is used of libcurl.so.4. */
struct curl_calls {
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_perform) *easy_perform;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_easy_strerror) *easy_strerror;
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

	loaded = l && find(l, "curl_easy_init", &calls.easy_init) &&
		 find(l, "curl_easy_setopt", &calls.easy_setopt) &&
		 find(l, "curl_easy_perform", &calls.easy_perform) &&
		 find(l, "curl_easy_getinfo", &calls.easy_getinfo) &&
		 find(l, "curl_easy_cleanup", &calls.easy_cleanup) &&
		 find(l, "curl_easy_strerror", &calls.easy_strerror);
}

static const struct curl_calls *load_curl(struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, load);
	if (loaded)
		return &calls;
	err_set(e, ERR_UNSUPPORTED,
		"downloads need libcurl.so.4: install the "
		"package libcurl4");
	return NULL;
}

struct body {
	int fd;
	uint64_t size_bytes;
	struct err *e;
	bool failed;
};

static size_t write_body(char *p, size_t size, size_t n, void *ctx)
{
	struct body *b = ctx;

	b->size_bytes += size * n;
	if (b->size_bytes > HTTP_MAX_BYTES) {
		err_set(b->e, ERR_LIMIT, "larger than %llu bytes",
			(unsigned long long)HTTP_MAX_BYTES);
		b->failed = true;
	} else if (io_write_all(b->fd, p, size * n, "a download", b->e) < 0) {
		b->failed = true;
	}
	return b->failed ? 0 : size * n;
}

static void set_options(const struct curl_calls *c, CURL *handle,
			const char *url, struct body *b)
{
	(void)c->easy_setopt(handle, CURLOPT_URL, url);
	(void)c->easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)c->easy_setopt(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
	(void)c->easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 1L);
	(void)c->easy_setopt(handle, CURLOPT_MAXREDIRS, 10L);
	(void)c->easy_setopt(handle, CURLOPT_FAILONERROR, 1L);
	(void)c->easy_setopt(handle, CURLOPT_FILETIME, 1L);
	(void)c->easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
	(void)c->easy_setopt(handle, CURLOPT_CONNECTTIMEOUT, 30L);
	(void)c->easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
	(void)c->easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, 60L);
	(void)c->easy_setopt(handle, CURLOPT_USERAGENT, "imgbuild");
	(void)c->easy_setopt(handle, CURLOPT_WRITEFUNCTION, write_body);
	(void)c->easy_setopt(handle, CURLOPT_WRITEDATA, b);
}

static int explain(const struct curl_calls *c, CURL *handle, CURLcode code,
		   struct err *e)
{
	long status = 0;

	(void)c->easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_HTTP_RETURNED_ERROR)
		return err_set(e, ERR_NOT_FOUND, "the server answered %ld",
			       status);
	return err_set(e, ERR_FAILED, "%s", c->easy_strerror(code));
}

int http_get(const char *url, int fd, struct http_result *out, struct err *e)
{
	const struct curl_calls *c = load_curl(e);
	struct body body = {.fd = fd, .e = e};
	CURL *handle = c ? c->easy_init() : NULL;
	curl_off_t time_s = -1;
	CURLcode code;
	int result = 0;

	*out = (struct http_result){0};
	if (!handle)
		return c ? err_set(e, ERR_FAILED, "libcurl can't be used") : -1;
	set_options(c, handle, url, &body);
	code = c->easy_perform(handle);
	if (code != CURLE_OK)
		result = body.failed ? -1 : explain(c, handle, code, e);
	(void)c->easy_getinfo(handle, CURLINFO_FILETIME_T, &time_s);
	out->has_last_modified = time_s >= 0;
	out->last_modified_s = time_s >= 0 ? (int64_t)time_s : 0;
	out->size_bytes = body.size_bytes;
	c->easy_cleanup(handle);
	return result < 0 ? err_wrap(e, "%s", url) : 0;
}

#else

int http_get(const char *url, int fd, struct http_result *out, struct err *e)
{
	(void)fd;
	*out = (struct http_result){0};
	return err_set(e, ERR_UNSUPPORTED,
		       "%s: this imgbuild was built without libcurl", url);
}

#endif
