/*
 * Step keys: what a step's result depends on, and nothing else.
 *
 * A key is the SHA-256 of a domain ("run/1") and named components, each name
 * and value prefixed by its length. The components are kept beside the key, so
 * that a miss can be explained by comparing two lists. Which there are stands
 * in builder/engine/recipe_fields.c, and in docs/keys.md.
 */
#ifndef CACHE_KEY_H
#define CACHE_KEY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"

struct key_component {
	struct str name;
	struct str value; /* text, or "sha256:…" of something larger */
};

struct key {
	struct arena arena;
	struct str domain;
	VEC(struct key_component) components;
};

void key_init(struct key *k, const char *domain);
void key_release(struct key *k);
#define SCOPED_KEY SCOPED(key_release)

/* Order counts: callers add components in a fixed order. */
void key_add(struct key *k, const char *name, struct str value);
void key_add_digest(struct key *k, const char *name, const struct digest *d);
struct digest key_digest(const struct key *k);

/* The stable text form: the domain, then "name value" lines. */
void key_dump(struct buf *out, const struct key *k);

#endif
