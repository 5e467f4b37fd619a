/*
 * HTTP: the only place that knows libcurl, which is loaded at the first use,
 * since most builds need none.
 *
 * A struct http belongs to one thread and keeps its connections open; several
 * requests at once are several of them. Each runs on libcurl's multi interface,
 * so that a descriptor can end it at once.
 */
#ifndef REGISTRY_TRANSPORT_H
#define REGISTRY_TRANSPORT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oci/stream.h"

#include <stdbool.h>
#include <stdint.h>

/* No file that is downloaded may be larger. */
#define HTTP_MAX_BYTES (UINT64_C(64) << 30)

enum {
	HTTP_MAX_REDIRECTS = 10,
	HTTP_TEXT_MAX_BYTES = 8 << 20, /* of an answer that is kept */
	HTTP_HEADERS_MAX_BYTES = 256 << 10,
	HTTP_IDLE_S = 60, /* without a byte: the connection counts as broken */
};

struct http;

/* cancel_fd: readable when work is to end; -1 for none. ERR_UNSUPPORTED. */
int http_new(struct http **out, int cancel_fd, struct err *e);
void http_free(struct http *h); /* NULL does nothing */

/* How the server's and our certificates are found. Strings may be NULL. */
struct http_tls {
	struct str ca;	  /* PEM, trusted beside the system's */
	const char *cert; /* of ours, a PEM file */
	const char *key;
	bool insecure; /* any certificate will do */
};

/* What is sent: a part of a file, or bytes. */
struct http_body {
	int fd; /* -1: bytes */
	uint64_t offset;
	struct str bytes;
	uint64_t size_bytes;
};

struct http_request {
	const char *method; /* GET, HEAD, POST, PUT, PATCH or DELETE */
	const char *url;
	const char *const *headers; /* "Name: value" */
	size_t n_headers;
	/* The Authorization header's value; never sent to another origin. */
	const char *authorization;
	const struct http_tls *tls;   /* NULL: the system's */
	const struct http_body *body; /* NULL: none */
	unsigned idle_s;	      /* 0: HTTP_IDLE_S */
	bool decode;		      /* ask for gzip, and undo it */
	/*
	 * Where the body of a 200 or 206 goes; any other answer's is kept in
	 * the response, as all is where this is NULL.
	 */
	struct sink *out;
	uint64_t max_bytes; /* of it; more is ERR_LIMIT. 0: HTTP_MAX_BYTES */
	/* Of the whole, what out had before: asked for as a range, checked. */
	uint64_t from_byte;
};

struct http_response {
	struct arena arena;
	long status;
	struct str url;	   /* the last one, after redirects */
	struct str *names; /* of headers, as sent; of the last answer */
	struct str *values;
	size_t n_headers;
	struct buf text;
	uint64_t n_out; /* bytes that reached out */
	bool has_last_modified;
	int64_t last_modified_s;
	bool broken;	/* the request failed in a way that may pass */
	bool timed_out; /* … and took its time for it */
};

void http_response_release(struct http_response *r);
/* The first header of that name; empty. */
struct str http_header(const struct http_response *r, const char *name);

/*
 * Carry one request out, following redirects of GET and HEAD: at most
 * HTTP_MAX_REDIRECTS, never from https to http. 0 where there is an answer,
 * whatever its status. ERR_CANCELLED, ERR_LIMIT, out's own errors, ERR_CORRUPT
 * for another range than asked; else ERR_FAILED, one sentence for each kind of
 * failure. *r is to be released in any case; credentials are in no message.
 */
int http_perform(struct http *h, const struct http_request *q,
		 struct http_response *r, struct err *e);

/* --- one file ----------------------------------------------------------- */

struct http_result {
	bool has_last_modified;
	int64_t last_modified_s; /* since the epoch */
	uint64_t size_bytes;
};

/*
 * GET url (http or https, redirects followed) and write the body to fd.
 * ERR_NOT_FOUND for a status of 400 and more; ERR_UNSUPPORTED where this
 * program was built without libcurl, or where the library is missing.
 */
int http_get(const char *url, int fd, struct http_result *out, struct err *e);

#endif
