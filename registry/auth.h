/*
 * Authentication: what each host has asked for, and the access tokens that were
 * got for it, for all threads of a client. Anonymous first; credentials are
 * looked for when a host asks.
 */
#ifndef REGISTRY_AUTH_H
#define REGISTRY_AUTH_H

#include "registry/credentials.h"
#include "registry/settings.h"
#include "registry/transport.h"

struct auth;

struct auth *auth_new(void);
void auth_free(struct auth *auth);

/* Use this one for the host, whatever files say. Borrowed strings. */
void auth_set_credential(struct auth *auth, struct str host,
			 const struct credential *c);

/*
 * The Authorization header for a host and a scope, in a; NULL where nothing is
 * known that it wants.
 */
const char *auth_header(struct auth *auth, struct arena *a,
			const struct endpoint *p, struct str scope);

/* How the requests that fetch tokens are sent. */
struct auth_transport {
	int (*perform)(struct auth_transport *t, struct http_request *q,
		       struct http_response *r, struct err *e);
};

/*
 * Make what a 401 asks for. used is the header that was sent with the request,
 * or NULL. 0: auth_header has something new. -1: nothing helps; *e says what to
 * do.
 */
int auth_answer(struct auth *auth, struct auth_transport *t,
		const struct endpoint *p, struct str scope, struct str object,
		const char *used, const struct http_response *refusal,
		struct err *e);

/* Whether a credential of the user's is in use for the host. */
bool auth_has_credential(struct auth *auth, const struct endpoint *p);

/* The identity token that a login was answered with; empty: none. */
struct str auth_identity_token(struct auth *auth, struct arena *a,
			       struct str host);

#endif
