#include "tests/base/support.h"

#include "base/digest.h"
#include "base/sha256_pair.h"

#include <string.h>

/* FIPS 180-4's examples, and the empty message */
static const struct {
	const char *message;
	const char *hex;
} vectors[] = {
	{"",
	 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc",
	 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	 "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	 "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void known_messages_have_known_digests(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		struct digest d = digest_of(vectors[i].message,
					    strlen(vectors[i].message));
		char hex[DIGEST_HEX_SIZE];

		assert_string_equal(digest_hex(&d, hex), vectors[i].hex);
	}
}

static void a_million_letters_in_pieces(void **state)
{
	struct sha256 a;
	struct sha256 b;
	struct digest d;
	char piece[1000];
	char hex[DIGEST_HEX_SIZE];
	const char *expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200"
			       "e046d39ccc7112cd0";

	(void)state;
	memset(piece, 'a', sizeof(piece));
	sha256_init(&a);
	sha256_init(&b);
	for (int i = 0; i < 1000; i++)
		sha256_update_pair(&a, &b, piece, sizeof(piece));
	sha256_final(&a, &d);
	assert_string_equal(digest_hex(&d, hex), expected);
	sha256_final(&b, &d);
	assert_string_equal(digest_hex(&d, hex), expected);
}

struct both {
	struct digest a;
	struct digest b;
};

/* Two streams that begin differently and then share bytes, in two parts. */
static struct both hash_pair(const char *before_a, const char *before_b,
			     const uint8_t *p, size_t split, size_t n)
{
	struct both out;
	struct sha256 a;
	struct sha256 b;

	sha256_init(&a);
	sha256_init(&b);
	sha256_update(&a, before_a, strlen(before_a));
	sha256_update(&b, before_b, strlen(before_b));
	sha256_update_pair(&a, &b, p, split);
	sha256_update_pair(&a, &b, p + split, n - split);
	sha256_final(&a, &out.a);
	sha256_final(&b, &out.b);
	return out;
}

static struct digest hash_one(const char *before, const uint8_t *p, size_t n)
{
	struct sha256 s;
	struct digest d;

	sha256_init(&s);
	sha256_update(&s, before, strlen(before));
	sha256_update(&s, p, n);
	sha256_final(&s, &d);
	return d;
}

static void check_split(const char *before_a, const char *before_b,
			const uint8_t *p, size_t split, size_t n)
{
	struct digest a = hash_one(before_a, p, n);
	struct digest b = hash_one(before_b, p, n);
	struct both both = hash_pair(before_a, before_b, p, split, n);

	if (!digest_eq(&both.a, &a) || !digest_eq(&both.b, &b))
		fail_msg("'%s' '%s' + %zu bytes split at %zu, address %% 16 is "
			 "%zu",
			 before_a, before_b, n, split,
			 (size_t)((uintptr_t)p % 16));
}

static void a_pair_is_two_single_updates_however_it_is_split(void **state)
{
	/* where both begin on a block, both within one, one of each */
	static const char *const before[][2] = {
		{"", ""}, {"x", "y"}, {"", "z"}, {"longer", ""}};
	uint8_t bytes[320];

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	for (size_t k = 0; k < ARRAY_LEN(before); k++)
		for (size_t split = 0; split <= 300; split++)
			check_split(before[k][0], before[k][1], bytes, split,
				    300);
}

static void a_pair_takes_misaligned_bytes_of_any_length(void **state)
{
	/* exactly as long as needed, so that a sanitizer sees an overrun */
	(void)state;
	for (size_t offset = 0; offset < 17; offset++) {
		for (size_t n = 0; n <= 300; n += 3) {
			SCOPED_PTR uint8_t *bytes = xmalloc(offset + n);

			for (size_t i = 0; i < offset + n; i++)
				bytes[i] = (uint8_t)(i ^ n);
			check_split("", "", bytes + offset, n / 2, n);
		}
	}
}

static void a_pair_counts_past_four_gigabits(void **state)
{
	enum { CHUNK = 1 << 20 };
	SCOPED_PTR uint8_t *zeros = xcalloc(CHUNK, 1);
	struct sha256 a;
	struct sha256 b;
	struct sha256 single;
	struct digest expected;
	struct digest d;

	(void)state;
	sha256_init(&a);
	sha256_init(&b);
	sha256_init(&single);
	/* the length in bits has a second word from 512 MiB on */
	for (int i = 0; i < 513; i++)
		sha256_update_pair(&a, &b, zeros, CHUNK);
	for (int i = 0; i < 513; i++)
		sha256_update(&single, zeros, CHUNK);
	sha256_final(&single, &expected);
	sha256_final(&a, &d);
	assert_true(digest_eq(&d, &expected));
	sha256_final(&b, &d);
	assert_true(digest_eq(&d, &expected));
}

static void the_pair_function_chains_blocks(void **state)
{
	uint32_t a[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint32_t b[8];
	uint8_t blocks[192];

	(void)state;
	if (!sha256_pair_available()) {
		print_message("this CPU has no SHA instructions\n");
		skip();
	}
	memset(blocks, 0x5a, sizeof(blocks));
	memcpy(b, a, sizeof(b));
	sha256_pair_blocks(a, b, blocks, 3);
	assert_memory_equal(a, b, sizeof(a));
	sha256_pair_blocks(a, b, NULL, 0);
	assert_memory_equal(a, b, sizeof(a));
}

static void digests_are_written_and_read_back(void **state)
{
	struct digest d = digest_of("abc", 3);
	struct digest back;
	char text[DIGEST_STRING_SIZE];

	(void)state;
	assert_string_equal(digest_string(&d, text),
			    "sha256:"
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb4"
			    "10ff61f20015ad");
	assert_true(digest_parse(str_from(text), &back));
	assert_true(digest_eq(&d, &back));
	assert_true(digest_parse_hex(str_from(text + 7), &back));
	assert_true(digest_eq(&d, &back));
	back.bytes[31] ^= 1;
	assert_false(digest_eq(&d, &back));
}

#define HEX62 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015"

static void what_is_no_digest_is_refused_and_changes_nothing(void **state)
{
	static const char *const table[] = {
		"",
		"sha256:",
		"sha256:" HEX62,
		"sha256:" HEX62 "a",
		"sha256:" HEX62 "ad0",
		"sha256:" HEX62 "AD",
		"sha256:" HEX62 "ag",
		"sha256:" HEX62 "a ",
		"sha512:" HEX62 "ad",
		"SHA256:" HEX62 "ad",
		" sha256:" HEX62 "ad",
		HEX62 "ad",
		"sha256:../../../../../../../../../../../../../../../../../../"
		"etc/passwd",
	};
	const struct digest before = digest_of("", 0);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct digest d = before;

		if (digest_parse(str_from(table[i]), &d))
			fail_msg("'%s' was accepted", table[i]);
		assert_true(digest_eq(&d, &before));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_messages_have_known_digests),
		cmocka_unit_test(a_million_letters_in_pieces),
		cmocka_unit_test(
			a_pair_is_two_single_updates_however_it_is_split),
		cmocka_unit_test(a_pair_takes_misaligned_bytes_of_any_length),
		cmocka_unit_test(a_pair_counts_past_four_gigabits),
		cmocka_unit_test(the_pair_function_chains_blocks),
		cmocka_unit_test(digests_are_written_and_read_back),
		cmocka_unit_test(
			what_is_no_digest_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
