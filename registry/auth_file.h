/*
 * Files of credentials: docker's config.json, and containers' auth.json, which
 * has the same form.
 *
 *   { "auths": { "HOST[/PATH]": { "auth": base64 of "USER:PASSWORD",
 *                                 "identitytoken": …, "registrytoken": … } },
 *     "credHelpers": { "HOST": "NAME" }, "credsStore": "NAME" }
 *
 * A key may be a URL; that of docker.io is https://index.docker.io/v1/.
 */
#ifndef REGISTRY_AUTH_FILE_H
#define REGISTRY_AUTH_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct credential {
	struct str user;
	struct str password;
	struct str identity_token; /* to be exchanged for access tokens */
	struct str registry_token; /* an access token as it is */
};

struct auth_entry {
	struct str host; /* normalised: "docker.io", "localhost:5000" */
	struct str path; /* only repositories below it; empty: all */
	struct credential credential;
};

struct auth_helper {
	struct str host;
	struct str name; /* the program is docker-credential-<name> */
};

struct auth_file {
	const struct auth_entry *entries;
	size_t n_entries;
	const struct auth_helper *helpers;
	size_t n_helpers;
	struct str store; /* the helper for all other hosts; empty: none */
};

enum { AUTH_FILE_MAX_BYTES = 4 << 20 };

/*
 * Parse, into a. what names the file in errors, which never quote it: what does
 * not parse may be a secret.
 */
int auth_file_parse(struct arena *a, struct str json, const char *what,
		    struct auth_file *out, struct err *e);
/* The entry for a repository, of several the one that says most; or NULL. */
const struct auth_entry *auth_file_find(const struct auth_file *f,
					struct str host, struct str path);
/* The helper to be asked for a host; empty: none. */
struct str auth_file_helper(const struct auth_file *f, struct str host);

/* Cut a key of "auths" into the host and the path it is for. */
void auth_key_parse(struct str key, struct str *host, struct str *path);
/* How a host is written as a key, and told to a helper. */
struct str auth_key_of(struct str host);

#endif
