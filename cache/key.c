#include "cache/key.h"

void key_init(struct key *k, const char *domain)
{
	*k = (struct key){.domain = str_from(domain)};
}

void key_release(struct key *k)
{
	vec_release(&k->components);
	arena_release(&k->arena);
}

void key_add(struct key *k, const char *name, struct str value)
{
	struct key_component *c = vec_push(&k->components);

	c->name = str_from(name);
	c->value = arena_str(&k->arena, value);
}

void key_add_digest(struct key *k, const char *name, const struct digest *d)
{
	char text[DIGEST_STRING_SIZE];

	key_add(k, name, str_from(digest_string(d, text)));
}

static void hash_str(struct sha256 *s, struct str v)
{
	uint8_t length[8];

	for (int i = 0; i < 8; i++)
		length[i] = (uint8_t)((uint64_t)v.n >> (8 * i));
	sha256_update(s, length, sizeof(length));
	sha256_update(s, v.p, v.n);
}

struct digest key_digest(const struct key *k)
{
	struct sha256 s;
	struct digest d;

	sha256_init(&s);
	hash_str(&s, k->domain);
	for (size_t i = 0; i < k->components.n; i++) {
		hash_str(&s, k->components.v[i].name);
		hash_str(&s, k->components.v[i].value);
	}
	sha256_final(&s, &d);
	return d;
}

void key_dump(struct buf *out, const struct key *k)
{
	buf_printf(out, "%.*s\n", STR_ARG(k->domain));
	for (size_t i = 0; i < k->components.n; i++) {
		buf_printf(out, "  %.*s ", STR_ARG(k->components.v[i].name));
		buf_add_json_string(out, k->components.v[i].value);
		buf_add_char(out, '\n');
	}
}
