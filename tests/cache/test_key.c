#include "tests/base/support.h"

#include "cache/key.h"

struct component {
	struct str name;
	struct str value;
};

static struct digest digest_from(const char *domain,
				 const struct component *components, size_t n)
{
	SCOPED_KEY struct key k;

	key_init(&k, domain);
	for (size_t i = 0; i < n; i++)
		key_add(&k, components[i].name.p, components[i].value);
	return key_digest(&k);
}

static void the_same_components_give_the_same_key(void **state)
{
	const struct component list[] = {{STR("command"), STR("make")},
					 {STR("cwd"), STR("/src")}};
	struct digest a = digest_from("run/1", list, 2);
	struct digest b = digest_from("run/1", list, 2);

	(void)state;
	assert_true(digest_eq(&a, &b));
}

/*
 * Worked out by hand (Python): for the domain and each name and value, the
 * length as eight bytes, lowest first, then the bytes.
 */
static void a_key_is_the_hash_that_the_format_says(void **state)
{
	const struct component list[] = {{STR("command"), STR("make")},
					 {STR("cwd"), STR("/src")}};
	struct digest d = digest_from("run/1", list, 2);
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	assert_string_equal(digest_hex(&d, hex),
			    "e5706e9a7d08b6519089e0208de85765d19a413c15b777ab7f"
			    "371d1dd2bf52a0");
}

static void no_two_lists_of_components_collide(void **state)
{
	static const struct {
		const char *domain;
		size_t n;
		const char *texts[6]; /* name, value, … */
	} lists[] = {
		{"run/1", 0, {0}},
		{"run/2", 0, {0}},
		{"run", 0, {0}},
		{"", 0, {0}},
		{"run/1", 1, {"a", "b"}},
		{"run/1", 1, {"b", "a"}},
		{"run/1", 1, {"ab", ""}},
		{"run/1", 1, {"", "ab"}},
		{"run/1", 1, {"", ""}},
		{"run/1", 2, {"", "", "", ""}},
		{"run/1", 2, {"a", "b", "c", "d"}},
		{"run/1", 2, {"c", "d", "a", "b"}},
		{"run/1", 2, {"a", "d", "c", "b"}},
		{"run/1", 2, {"ab", "", "", "cd"}},
		{"run/1", 2, {"a", "bc", "", "d"}},
		{"run/1", 3, {"a", "b", "", "", "c", "d"}},
		{"run/1", 1, {"a", "bcd"}},
		{"run/1", 1, {"a", "b\nc d"}},
		{"run/1a", 1, {"", "b"}},
	};
	struct digest all[ARRAY_LEN(lists)];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct component list[3];

		for (size_t k = 0; k < lists[i].n; k++)
			list[k] = (struct component){
				str_from(lists[i].texts[2 * k]),
				str_from(lists[i].texts[2 * k + 1])};
		all[i] = digest_from(lists[i].domain, list, lists[i].n);
		for (size_t k = 0; k < i; k++)
			if (digest_eq(&all[i], &all[k]))
				fail_msg("lists %zu and %zu collide", k, i);
	}
}

/* What a length looks like can be part of a value. */
static void
a_value_that_imitates_the_next_component_is_another_key(void **state)
{
	const struct component two[] = {{STR("a"), STR("b")},
					{STR("c"), STR("d")}};
	const struct component one[] = {{STR("a"), STR("b"
						       "\1\0\0\0\0\0\0\0"
						       "c"
						       "\1\0\0\0\0\0\0\0"
						       "d")}};
	struct digest a = digest_from("x", two, 2);
	struct digest b = digest_from("x", one, 1);

	(void)state;
	assert_false(digest_eq(&a, &b));
}

static void values_are_copied_and_may_hold_any_byte(void **state)
{
	SCOPED_KEY struct key k;
	char value[] = "a\0b";
	struct digest with_nul;
	struct digest other;

	(void)state;
	key_init(&k, "x");
	key_add(&k, "v", (struct str){value, 3});
	value[0] = '!';
	with_nul = key_digest(&k);
	other = digest_from(
		"x", (const struct component[]){{STR("v"), STR("a\0b")}}, 1);
	assert_true(digest_eq(&with_nul, &other));
	other = digest_from(
		"x", (const struct component[]){{STR("v"), STR("a")}}, 1);
	assert_false(digest_eq(&with_nul, &other));
}

static void the_dump_shows_every_component_on_a_line(void **state)
{
	SCOPED_KEY struct key k;
	SCOPED_BUF struct buf out = BUF_INIT(1000);
	const struct digest d = digest_of("abc", 3);

	(void)state;
	key_init(&k, "copy/1");
	key_add_digest(&k, "root", &d);
	key_add(&k, "dest", STR("/srv/a \"b\"\n"));
	key_add(&k, "chown", STR(""));
	key_dump(&out, &k);
	assert_string_equal(buf_c(&out), "copy/1\n"
					 "  root \"sha256:"
					 "ba7816bf8f01cfea414140de5dae2223b0036"
					 "1a396177a9cb410ff61f20015ad\"\n"
					 "  dest \"/srv/a \\\"b\\\"\\n\"\n"
					 "  chown \"\"\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_same_components_give_the_same_key),
		cmocka_unit_test(a_key_is_the_hash_that_the_format_says),
		cmocka_unit_test(no_two_lists_of_components_collide),
		cmocka_unit_test(
			a_value_that_imitates_the_next_component_is_another_key),
		cmocka_unit_test(values_are_copied_and_may_hold_any_byte),
		cmocka_unit_test(the_dump_shows_every_component_on_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
