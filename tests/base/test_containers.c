/* vec.h, strmap.h and the hand-over macros of mem.h. */
#include "tests/base/support.h"

#include "base/strmap.h"
#include "base/vec.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static void pushed_elements_are_zeroed_and_stay_in_order(void **state)
{
	VEC(uint64_t) v = {0};

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		uint64_t *p = vec_push(&v);

		assert_int_equal(*p, 0);
		*p = i;
	}
	assert_int_equal(v.n, 1000);
	for (uint64_t i = 0; i < 1000; i++)
		assert_int_equal(v.v[i], i);
	vec_release(&v);
	assert_null(v.v);
	assert_int_equal(v.n, 0);
}

static void a_vector_that_was_released_starts_over(void **state)
{
	VEC(int) v = {0};

	(void)state;
	vec_release(&v);
	*vec_push(&v) = 1;
	vec_release(&v);
	*vec_push(&v) = 2;
	assert_int_equal(v.n, 1);
	assert_int_equal(v.v[0], 2);
	vec_release(&v);
}

static void an_empty_map_has_nothing(void **state)
{
	SCOPED_STRMAP struct strmap m = {0};

	(void)state;
	assert_null(strmap_get(&m, STR("a")));
	assert_false(strmap_has(&m, STR("")));
}

static void thousands_of_keys_are_found_in_order_of_insertion(void **state)
{
	enum { N = 5000 };
	SCOPED_STRMAP struct strmap m = {0};
	static char texts[N][16];

	(void)state;
	for (size_t i = 0; i < N; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "key-%zu", i);
		strmap_set(&m, str_from(texts[i]), texts[i]);
	}
	assert_int_equal(m.n, N);
	for (size_t i = 0; i < N; i++) {
		assert_ptr_equal(strmap_get(&m, str_from(texts[i])), texts[i]);
		assert_ptr_equal(m.entries[i].value, texts[i]);
	}
	assert_false(strmap_has(&m, STR("key-5000")));
}

static void setting_again_replaces_the_value_in_its_place(void **state)
{
	SCOPED_STRMAP struct strmap m = {0};
	int one;
	int two;

	(void)state;
	strmap_set(&m, STR("a"), &one);
	strmap_set(&m, STR("b"), &one);
	strmap_set(&m, STR("a"), &two);
	assert_int_equal(m.n, 2);
	assert_ptr_equal(m.entries[0].value, &two);
	assert_ptr_equal(strmap_get(&m, STR("a")), &two);
}

static void a_key_may_be_empty_or_hold_a_nul(void **state)
{
	SCOPED_STRMAP struct strmap m = {0};
	int value;

	(void)state;
	strmap_set(&m, STR(""), &value);
	strmap_set(&m, STR("a\0b"), NULL);
	assert_ptr_equal(strmap_get(&m, (struct str){0}), &value);
	assert_true(strmap_has(&m, STR("a\0b")));
	assert_false(strmap_has(&m, STR("a\0c")));
	assert_false(strmap_has(&m, STR("a")));
}

static void taking_leaves_the_variable_empty(void **state)
{
	SCOPED_FD int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	SCOPED_PTR char *p = xstrdup("x");
	char *taken = TAKE_PTR(p);
	int taken_fd = TAKE_FD(fd);

	(void)state;
	assert_null(p);
	assert_int_equal(fd, -1);
	assert_string_equal(taken, "x");
	assert_int_equal(close(taken_fd), 0);
	free(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushed_elements_are_zeroed_and_stay_in_order),
		cmocka_unit_test(a_vector_that_was_released_starts_over),
		cmocka_unit_test(an_empty_map_has_nothing),
		cmocka_unit_test(
			thousands_of_keys_are_found_in_order_of_insertion),
		cmocka_unit_test(setting_again_replaces_the_value_in_its_place),
		cmocka_unit_test(a_key_may_be_empty_or_hold_a_nul),
		cmocka_unit_test(taking_leaves_the_variable_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
