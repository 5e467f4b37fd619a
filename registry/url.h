/*
 * URLs as a transport needs them: their parts, what a Location means, whether
 * two have one origin, and what of one may be shown.
 *
 *   url := scheme "://" [ userinfo "@" ] host [ ":" port ] [ path ] [ "?" … ]
 */
#ifndef REGISTRY_URL_H
#define REGISTRY_URL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

#include <stdbool.h>

struct url {
	struct str scheme;
	struct str userinfo; /* empty where there is none */
	struct str host;     /* with its port, as written */
	struct str rest;     /* path, query and fragment; may be empty */
};

/* false where s is no URL of http or https, or holds what no URL may. */
bool url_split(struct str s, struct url *out);
/* What a Location header of base names. false where it is no http or https. */
bool url_resolve(struct arena *a, struct str base, struct str location,
		 struct str *out);
/* Scheme, host and port are the same. */
bool url_same_origin(struct str a, struct str b);
bool url_is_https(struct str s);
/* Without userinfo, query and fragment, where secrets are. */
struct str url_shown(struct arena *a, struct str s);
/* "host[:port]" of this machine itself: localhost, 127.0.0.0/8, ::1. */
bool host_is_loopback(struct str host);
/* Append s with all but unreserved characters as %XX (RFC 3986 2.3). */
void url_add_escaped(struct buf *out, struct str s);

#endif
