/*
 * SHA-256: a digest as a value, and the streaming hash that makes it.
 *
 * The hash is OpenSSL's low-level one: fetching an EVP digest costs more than a
 * whole no-op build. On CPUs with SHA extensions two streams over the same
 * bytes are hashed at once for nearly the price of one.
 */
#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	DIGEST_SIZE = 32,
	DIGEST_HEX_SIZE = 65,		 /* hex and NUL */
	DIGEST_STRING_SIZE = 7 + 64 + 1, /* "sha256:", hex, NUL */
};

struct digest {
	uint8_t bytes[DIGEST_SIZE];
};

struct sha256 {
	uint64_t opaque[14];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *p, size_t n);
/* Feed the same bytes to both. */
void sha256_update_pair(struct sha256 *a, struct sha256 *b, const void *p,
			size_t n);
void sha256_final(struct sha256 *s, struct digest *out);

struct digest digest_of(const void *p, size_t n);
bool digest_eq(const struct digest *a, const struct digest *b);
/* out holds DIGEST_HEX_SIZE bytes; returned for use in printf arguments. */
const char *digest_hex(const struct digest *d, char *out);
/* "sha256:<hex>"; out holds DIGEST_STRING_SIZE bytes; returned. */
const char *digest_string(const struct digest *d, char *out);
/* Accepts "sha256:<64 lower-case hex>". false for anything else. */
bool digest_parse(struct str s, struct digest *out);
bool digest_parse_hex(struct str hex, struct digest *out);

#endif
