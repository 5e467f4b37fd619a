#include "tests/base/support.h"

#include "base/str.h"

static void null_is_the_empty_string(void **state)
{
	struct str none = str_from(NULL);

	(void)state;
	assert_int_equal(none.n, 0);
	assert_true(str_eq(none, STR("")));
	assert_int_equal(str_cmp(none, STR("")), 0);
	assert_int_equal(str_trim(none).n, 0);
	assert_int_equal(str_find(none, 'a'), -1);
	assert_int_equal(str_rfind(none, 'a'), -1);
	assert_true(str_starts(none, ""));
	assert_true(str_ends(none, ""));
	assert_str(none, "");
}

static void equality_is_of_bytes_and_sees_past_a_nul(void **state)
{
	const struct str a = {"x\0y", 3};
	const struct str b = {"x\0z", 3};

	(void)state;
	assert_false(str_eq(a, b));
	assert_true(str_eq(a, a));
	assert_false(str_eq_c(a, "x"));
	assert_true(str_eq_c(STR("x"), "x"));
}

static void case_is_folded_for_ascii_only(void **state)
{
	(void)state;
	assert_true(str_eq_nocase(STR("From"), STR("fROM")));
	assert_false(str_eq_nocase(STR("FROM"), STR("FROMM")));
	assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
	/* '@' and '`' differ by the same bit as letters do */
	assert_false(str_eq_nocase(STR("@"), STR("`")));
}

static void order_is_bytewise_and_prefixes_come_first(void **state)
{
	(void)state;
	assert_true(str_cmp(STR("a"), STR("b")) < 0);
	assert_true(str_cmp(STR("a"), STR("aa")) < 0);
	assert_true(str_cmp(STR("ab"), STR("b")) < 0);
	assert_true(str_cmp(STR("\xff"), STR("a")) > 0);
	assert_int_equal(str_cmp(STR("same"), STR("same")), 0);
}

static void ends_past_the_end_are_clamped(void **state)
{
	const struct str s = STR("abc");

	(void)state;
	assert_str(str_sub(s, 1, 2), "b");
	assert_str(str_sub(s, 1, 99), "bc");
	assert_str(str_sub(s, 2, 1), "");
	assert_str(str_sub(s, 9, 12), "");
	assert_str(str_skip(s, 2), "c");
	assert_str(str_skip(s, 9), "");
}

static void trim_takes_blanks_and_line_ends_from_both_ends(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\n\v\fa b\f\v\n\r\t ")), "a b");
	assert_str(str_trim(STR("   ")), "");
	/* a no-break space is not one of them */
	assert_str(str_trim(STR("\xc2\xa0")), "\xc2\xa0");
}

static void find_gives_the_first_and_rfind_the_last(void **state)
{
	(void)state;
	assert_int_equal(str_find(STR("a/b/c"), '/'), 1);
	assert_int_equal(str_rfind(STR("a/b/c"), '/'), 3);
	assert_int_equal(str_find(STR("abc"), '/'), -1);
}

static void cut_splits_at_the_first(void **state)
{
	static const struct {
		const char *in;
		bool found;
		const char *head;
		const char *tail;
	} table[] = {
		{"a=b=c", true, "a", "b=c"}, {"=b", true, "", "b"},
		{"a=", true, "a", ""},	     {"a", false, "a", ""},
		{"", false, "", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct str head;
		struct str tail;

		assert_int_equal(
			str_cut(str_from(table[i].in), '=', &head, &tail),
			table[i].found);
		assert_str(head, table[i].head);
		assert_str(tail, table[i].tail);
	}
}

static void cut_may_write_over_its_own_input(void **state)
{
	struct str rest = STR("a,b");
	struct str head;

	(void)state;
	assert_true(str_cut(rest, ',', &head, &rest));
	assert_str(head, "a");
	assert_str(rest, "b");
	assert_false(str_cut(rest, ',', &head, &rest));
	assert_str(head, "b");
	assert_str(rest, "");
}

static void numbers_are_digits_up_to_a_maximum(void **state)
{
	static const struct {
		const char *in;
		uint64_t max;
		bool good;
		uint64_t value;
	} table[] = {
		{"0", 10, true, 0},
		{"007", 10, true, 7},
		{"10", 10, true, 10},
		{"11", 10, false, 0},
		{"9", 5, false, 0},
		{"1", 0, false, 0},
		{"0", 0, true, 0},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 0},
		{"99999999999999999999999999", UINT64_MAX, false, 0},
		{"", 10, false, 0},
		{"+1", 10, false, 0},
		{"-1", 10, false, 0},
		{" 1", 10, false, 0},
		{"1 ", 10, false, 0},
		{"0x1", 100, false, 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		uint64_t value = 42;
		bool good =
			str_to_u64(str_from(table[i].in), table[i].max, &value);

		if (good != table[i].good)
			fail_msg("'%s' was %s", table[i].in,
				 good ? "taken" : "refused");
		assert_int_equal(value, good ? table[i].value : 42);
	}
}

static void octal_numbers_have_no_eights(void **state)
{
	uint64_t value;

	(void)state;
	assert_true(str_octal_to_u64(STR("0755"), 07777, &value));
	assert_int_equal(value, 0755);
	assert_true(str_octal_to_u64(STR("7777"), 07777, &value));
	assert_false(str_octal_to_u64(STR("10000"), 07777, &value));
	assert_false(str_octal_to_u64(STR("8"), 07777, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(null_is_the_empty_string),
		cmocka_unit_test(equality_is_of_bytes_and_sees_past_a_nul),
		cmocka_unit_test(case_is_folded_for_ascii_only),
		cmocka_unit_test(order_is_bytewise_and_prefixes_come_first),
		cmocka_unit_test(ends_past_the_end_are_clamped),
		cmocka_unit_test(
			trim_takes_blanks_and_line_ends_from_both_ends),
		cmocka_unit_test(find_gives_the_first_and_rfind_the_last),
		cmocka_unit_test(cut_splits_at_the_first),
		cmocka_unit_test(cut_may_write_over_its_own_input),
		cmocka_unit_test(numbers_are_digits_up_to_a_maximum),
		cmocka_unit_test(octal_numbers_have_no_eights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
