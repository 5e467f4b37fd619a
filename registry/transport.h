/*
 * HTTP: the only place that knows libcurl, which is loaded at the first use,
 * since most builds need none.
 */
#ifndef REGISTRY_TRANSPORT_H
#define REGISTRY_TRANSPORT_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct http_result {
	bool has_last_modified;
	int64_t last_modified_s; /* since the epoch */
	uint64_t size_bytes;
};

/* No file that is downloaded may be larger. */
#define HTTP_MAX_BYTES (UINT64_C(64) << 30)

/*
 * GET url (http or https, redirects followed) and write the body to fd.
 * ERR_NOT_FOUND for a status of 400 and more; ERR_UNSUPPORTED where this
 * program was built without libcurl, or where the library is missing.
 */
int http_get(const char *url, int fd, struct http_result *out, struct err *e);

#endif
