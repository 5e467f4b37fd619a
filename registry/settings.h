/*
 * Settings of registries: registries.conf in the form that
 * containers-registries .conf(5) describes (version 2), with `timeout` added.
 * docs/registries.md has the whole of it.
 *
 * Read in this order, the first entry for a prefix counts:
 * $IMGBUILD_REGISTRIES, or without it ~/.config/imgbuild/registries.conf and
 * /etc/imgbuild/registries.conf; then containers' own:
 * $CONTAINERS_REGISTRIES_CONF, or ~/.config/containers/registries.conf, or
 * /etc/containers/registries.conf with registries.conf.d.
 */
#ifndef REGISTRY_SETTINGS_H
#define REGISTRY_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"
#include "oci/config.h"
#include "oci/reference.h"
#include "registry/transport.h"

/* Which pulls a mirror serves. */
enum mirror_use {
	MIRROR_ALL,
	MIRROR_DIGESTS,
	MIRROR_TAGS,
};

struct mirror {
	struct str location; /* "HOST[/PATH]" */
	bool insecure;
	enum mirror_use use;
};

struct registry_entry {
	struct str prefix;   /* "HOST[/PATH]" or "*.DOMAIN" */
	struct str location; /* what stands for the prefix; empty: itself */
	bool insecure;
	bool blocked;
	unsigned timeout_s; /* 0: the default */
	VEC(struct mirror) mirrors;
};

struct settings {
	VEC(struct registry_entry) entries;
};

enum { SETTINGS_MAX_BYTES = 1 << 20 };

/* All files that there are; strings live in a. */
int settings_read(struct settings *s, struct arena *a, struct err *e);
/* Append what one file says. */
int settings_parse(struct settings *s, struct arena *a, struct str text,
		   const char *what, struct err *e);
void settings_release(struct settings *s);

/* A place to ask for a repository. */
struct endpoint {
	struct str host; /* as in a reference: what credentials go by */
	struct str path; /* of the repository there */
	struct str base; /* "https://HOST" without a slash */
	bool insecure;	 /* may fall back to http, any certificate */
	bool is_mirror;
	unsigned timeout_s;
};

/*
 * The places for a reference, mirrors first, in a. insecure lists hosts of
 * --insecure-registry. ERR_INVALID where a file blocks it.
 */
int settings_endpoints(const struct settings *s, struct arena *a,
		       const struct reference *r, struct str_list insecure,
		       struct endpoint **out, size_t *n_out, struct err *e);

#endif
