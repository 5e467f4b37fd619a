/* The low-level SHA256_* calls are deprecated in OpenSSL 3, not gone. */
#define OPENSSL_API_COMPAT 0x10100000L
#include "base/digest.h"

#include "base/sha256_pair.h"

#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(((struct sha256 *)0)->opaque),
	       "struct sha256 holds OpenSSL's context");

static SHA256_CTX *context(struct sha256 *s)
{
	return (SHA256_CTX *)(void *)s->opaque;
}

void sha256_init(struct sha256 *s)
{
	(void)SHA256_Init(context(s)); /* can't fail */
}

void sha256_update(struct sha256 *s, const void *p, size_t n)
{
	(void)SHA256_Update(context(s), p, n);
}

/* Count n bytes that were hashed into h behind SHA256_Update's back. */
static void count_bytes(SHA256_CTX *c, uint64_t n)
{
	uint64_t bits = ((uint64_t)c->Nh << 32 | c->Nl) + n * 8;

	c->Nl = (SHA_LONG)bits;
	c->Nh = (SHA_LONG)(bits >> 32);
}

void sha256_update_pair(struct sha256 *a, struct sha256 *b, const void *p,
			size_t n)
{
	SHA256_CTX *ca = context(a);
	SHA256_CTX *cb = context(b);
	const uint8_t *bytes = p;

	if (ca->num == 0 && cb->num == 0 && sha256_pair_available()) {
		size_t n_blocks = n / SHA256_CBLOCK;

		sha256_pair_blocks(ca->h, cb->h, bytes, n_blocks);
		count_bytes(ca, n_blocks * SHA256_CBLOCK);
		count_bytes(cb, n_blocks * SHA256_CBLOCK);
		bytes += n_blocks * SHA256_CBLOCK;
		n -= n_blocks * SHA256_CBLOCK;
	}
	sha256_update(a, bytes, n);
	sha256_update(b, bytes, n);
}

void sha256_final(struct sha256 *s, struct digest *out)
{
	(void)SHA256_Final(out->bytes, context(s));
}

struct digest digest_of(const void *p, size_t n)
{
	struct sha256 s;
	struct digest d;

	sha256_init(&s);
	sha256_update(&s, p, n);
	sha256_final(&s, &d);
	return d;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, DIGEST_SIZE) == 0;
}

const char *digest_hex(const struct digest *d, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		out[2 * i] = digits[d->bytes[i] >> 4];
		out[2 * i + 1] = digits[d->bytes[i] & 15];
	}
	out[2 * DIGEST_SIZE] = '\0';
	return out;
}

const char *digest_string(const struct digest *d, char *out)
{
	memcpy(out, "sha256:", 7);
	digest_hex(d, out + 7);
	return out;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

bool digest_parse_hex(struct str hex, struct digest *out)
{
	struct digest d;

	if (hex.n != (size_t)2 * DIGEST_SIZE)
		return false;
	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		int high = hex_value(hex.p[2 * i]);
		int low = hex_value(hex.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		d.bytes[i] = (uint8_t)(high << 4 | low);
	}
	*out = d;
	return true;
}

bool digest_parse(struct str s, struct digest *out)
{
	return str_starts(s, "sha256:") &&
	       digest_parse_hex(str_skip(s, 7), out);
}
