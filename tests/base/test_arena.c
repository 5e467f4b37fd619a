#include "tests/base/support.h"

#include "base/arena.h"

#include <stdalign.h>
#include <string.h>

static bool is_zero(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return false;
	return true;
}

static void memory_is_zeroed_aligned_and_never_shared(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	unsigned char *all[300];

	(void)state;
	/* small ones, and large ones that get a block of their own */
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		size_t n = i * 37;

		all[i] = arena_alloc(&a, n);
		assert_non_null(all[i]);
		assert_int_equal((uintptr_t)all[i] % alignof(max_align_t), 0);
		assert_true(is_zero(all[i], n));
		memset(all[i], (int)(i % 255) + 1, n);
	}
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < i * 37; k++)
			assert_int_equal(all[i][k], i % 255 + 1);
}

static void nothing_still_has_an_address(void **state)
{
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	assert_non_null(arena_alloc(&a, 0));
	assert_non_null(arena_new_array(&a, 0, struct str));
}

static void copies_are_strings_of_their_own(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	char text[] = "abc";
	struct str copy = arena_str(&a, (struct str){text, 2});
	char *c = arena_c(&a, STR("xyz"));

	(void)state;
	text[0] = '!';
	assert_int_equal(copy.n, 2);
	assert_string_equal(copy.p, "ab");
	assert_string_equal(c, "xyz");
	assert_string_equal(arena_c(&a, (struct str){0}), "");
}

static void printf_takes_any_length(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct str s = arena_printf(&a, "%*d|%s", 20000, 7, "end");

	(void)state;
	assert_int_equal(s.n, 20004);
	assert_string_equal(s.p + 20000, "|end");
}

static void a_released_arena_can_be_used_again(void **state)
{
	struct arena a = {0};

	(void)state;
	arena_release(&a);
	(void)arena_alloc(&a, 100000);
	arena_release(&a);
	assert_str(arena_str(&a, STR("again")), "again");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_never_shared),
		cmocka_unit_test(nothing_still_has_an_address),
		cmocka_unit_test(copies_are_strings_of_their_own),
		cmocka_unit_test(printf_takes_any_length),
		cmocka_unit_test(a_released_arena_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
