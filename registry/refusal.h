/*
 * Sentences for what registries answer, each with what to do. docker.io is
 * known by name: what helps there is not what helps elsewhere.
 */
#ifndef REGISTRY_REFUSAL_H
#define REGISTRY_REFUSAL_H

#include "registry/settings.h"
#include "registry/transport.h"

/* The asked host wants a login, and there is none. */
int refusal_no_login(const struct endpoint *p, struct str object,
		     struct err *e);
/* User and password are not right. */
int refusal_wrong_password(const struct endpoint *p, struct err *e);
/* A token that was kept is no longer. */
int refusal_expired(const struct endpoint *p, struct err *e);
/* Logged in, but not allowed. */
int refusal_forbidden(const struct endpoint *p, struct str object,
		      bool has_credential, struct err *e);
int refusal_rate_limit(const struct endpoint *p, bool has_credential,
		       struct err *e);
/* Any other answer, by status and the code in its body. */
int refusal_status(const struct endpoint *p, struct str object,
		   const struct http_response *answer, struct err *e);

/*
 * The first code of {"errors":[{"code":…}]} (distribution-spec, "Error Codes"),
 * where it looks like one; in a.
 */
struct str refusal_code(struct arena *a, const struct http_response *answer);

#endif
