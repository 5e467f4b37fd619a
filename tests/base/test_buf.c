#include "tests/base/support.h"

#include <string.h>

static void an_empty_buffer_is_an_empty_string(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(10);
	struct err e;

	(void)state;
	assert_string_equal(buf_c(&b), "");
	assert_int_equal(buf_str(&b).n, 0);
	assert_ok(buf_check(&b, "x", &e));
}

static void appending_goes_on_up_to_the_ceiling_exactly(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(6);
	struct err e;

	(void)state;
	buf_add_c(&b, "abc");
	buf_add_str(&b, STR("de"));
	buf_add_char(&b, 'f');
	assert_string_equal(buf_c(&b), "abcdef");
	assert_ok(buf_check(&b, "x", &e));
}

static void
past_the_ceiling_nothing_is_added_and_the_check_says_so(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(4);
	struct err e;

	(void)state;
	buf_add_c(&b, "abc");
	buf_add_c(&b, "de");
	assert_string_equal(buf_c(&b), "abc");
	assert_true(b.over);
	assert_int_equal(buf_check(&b, "manifest", &e), -1);
	assert_error(&e, ERR_LIMIT, "manifest: larger than 4 bytes");
}

static void clearing_forgets_the_overflow_too(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(2);
	struct err e;

	(void)state;
	buf_add_c(&b, "abc");
	buf_clear(&b);
	buf_add_c(&b, "ab");
	assert_string_equal(buf_c(&b), "ab");
	assert_ok(buf_check(&b, "x", &e));
}

static void reserve_refuses_what_would_wrap_around(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(100);

	(void)state;
	buf_add_c(&b, "abc");
	assert_null(buf_reserve(&b, SIZE_MAX));
	assert_null(buf_reserve(&b, SIZE_MAX - 2));
	assert_null(buf_reserve(&b, 98));
	assert_non_null(buf_reserve(&b, 97));
	assert_string_equal(buf_c(&b), "abc");
}

static void every_length_is_followed_by_a_nul(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(1000);

	(void)state;
	for (size_t n = 1; n <= 1000; n++) {
		buf_add_char(&b, 'x');
		assert_int_equal(b.n, n);
		assert_int_equal(strlen(b.p), n);
	}
}

static void printf_takes_texts_of_any_length(void **state)
{
	char text[1001];

	(void)state;
	memset(text, 'y', sizeof(text));
	/* around the size of the buffer on the stack that it tries first */
	for (size_t n = 250; n < 262; n++) {
		SCOPED_BUF struct buf b = BUF_INIT(2000);

		buf_printf(&b, "<%.*s>", (int)n, text);
		assert_int_equal(b.n, n + 2);
		assert_int_equal(b.p[0], '<');
		assert_int_equal(b.p[n + 1], '>');
	}
}

static void printf_fills_a_buffer_to_the_last_byte(void **state)
{
	static const size_t sizes[] = {5, 255, 256, 257, 600};
	char text[601];
	struct err e;

	(void)state;
	memset(text, 'y', sizeof(text));
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		SCOPED_BUF struct buf fits = BUF_INIT(sizes[i]);
		SCOPED_BUF struct buf tight = BUF_INIT(sizes[i] - 1);

		buf_printf(&fits, "%.*s", (int)sizes[i], text);
		assert_ok(buf_check(&fits, "x", &e));
		assert_int_equal(fits.n, sizes[i]);
		buf_printf(&tight, "%.*s", (int)sizes[i], text);
		assert_int_equal(buf_check(&tight, "x", &e), -1);
		assert_int_equal(tight.n, 0);
	}
}

static void adding_no_bytes_of_nothing_is_fine(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(1);

	(void)state;
	buf_add(&b, NULL, 0);
	buf_add_str(&b, (struct str){0});
	assert_string_equal(buf_c(&b), "");
}

#define REPLACED "\\ufffd"

static void base64_pads_to_groups_of_four(void **state)
{
	/* RFC 4648, section 10, and all bits */
	static const char *const table[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xff\xfe\xfd", "//79"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf b = BUF_INIT(100);

		buf_add_base64(&b, str_from(table[i][0]));
		assert_string_equal(buf_c(&b), table[i][1]);
	}
}

static void json_strings_are_valid_whatever_the_bytes(void **state)
{
	const struct {
		struct str in;
		const char *out;
	} table[] = {
		{STR(""), "\"\""},
		{STR("plain"), "\"plain\""},
		{STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\""},
		{STR("\n\r\t"), "\"\\n\\r\\t\""},
		{STR("\x01\x1f\x7f"), "\"\\u0001\\u001f\x7f\""},
		{STR("a\0b"), "\"a\\u0000b\""},
		/* two, three, four bytes; the largest of each */
		{STR("\xc2\x80 \xdf\xbf"), "\"\xc2\x80 \xdf\xbf\""},
		{STR("\xe0\xa0\x80 \xef\xbf\xbf"),
		 "\"\xe0\xa0\x80 \xef\xbf\xbf\""},
		{STR("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"),
		 "\"\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf\""},
		/* a lone continuation, an unknown lead byte */
		{STR("\x80"), "\"" REPLACED "\""},
		{STR("\xff"
		     "a"),
		 "\"" REPLACED "a\""},
		/* overlong forms of '/' and of U+07FF */
		{STR("\xc0\xaf"), "\"" REPLACED REPLACED "\""},
		{STR("\xe0\x9f\xbf"), "\"" REPLACED REPLACED REPLACED "\""},
		/* a surrogate, and past U+10FFFF */
		{STR("\xed\xa0\x80"), "\"" REPLACED REPLACED REPLACED "\""},
		{STR("\xf4\x90\x80\x80"),
		 "\"" REPLACED REPLACED REPLACED REPLACED "\""},
		/* cut off at the end, and by a quote */
		{STR("\xe2\x82"), "\"" REPLACED REPLACED "\""},
		{STR("\xe2\""), "\"" REPLACED "\\\"\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf b = BUF_INIT(100);

		buf_add_json_string(&b, table[i].in);
		assert_string_equal(buf_c(&b), table[i].out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_an_empty_string),
		cmocka_unit_test(appending_goes_on_up_to_the_ceiling_exactly),
		cmocka_unit_test(
			past_the_ceiling_nothing_is_added_and_the_check_says_so),
		cmocka_unit_test(clearing_forgets_the_overflow_too),
		cmocka_unit_test(reserve_refuses_what_would_wrap_around),
		cmocka_unit_test(every_length_is_followed_by_a_nul),
		cmocka_unit_test(printf_takes_texts_of_any_length),
		cmocka_unit_test(printf_fills_a_buffer_to_the_last_byte),
		cmocka_unit_test(adding_no_bytes_of_nothing_is_fine),
		cmocka_unit_test(base64_pads_to_groups_of_four),
		cmocka_unit_test(json_strings_are_valid_whatever_the_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
