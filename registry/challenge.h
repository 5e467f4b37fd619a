/*
 * What a server asks for with a 401: the WWW-Authenticate header (RFC 9110
 * 11.6.1, RFC 6750 3; distribution's token specification).
 *
 *   header    := challenge { "," challenge }
 *   challenge := scheme [ SP ( token68 | param { "," param } ) ]
 *   param     := token "=" ( token | quoted )
 */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/* What is absent is empty. Values are in the arena, without quotes. */
struct challenge {
	struct str scheme;
	struct str realm;
	struct str service;
	struct str scope;
	struct str error;
};

/* Take the first challenge off *rest. false where there is none (any more). */
bool challenge_next(struct arena *a, struct str *rest, struct challenge *out);

#endif
