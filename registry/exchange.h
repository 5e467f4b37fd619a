/*
 * One request and its answer, no redirects: what transport.c stands on. Made by
 * transport_curl.c, or by transport_none.c in a build without libcurl.
 */
#ifndef REGISTRY_EXCHANGE_H
#define REGISTRY_EXCHANGE_H

#include "registry/transport.h"

/*
 * As http_perform, for q->url alone; where the answer is a redirect that
 * http_perform follows, its body goes nowhere.
 */
int http_exchange(struct http *h, const struct http_request *q,
		  struct http_response *r, struct err *e);

/* 301, 302, 303, 307, 308 */
bool http_is_redirect(long status);

#endif
