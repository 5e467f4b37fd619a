#include "tests/base/support.h"

#include "builder/plan/gofmt.h"

/* quotetests of Go's strconv/quote_test.go, and more of its kind */
static void strings_are_quoted_as_strconv_does(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} table[] = {
		{"", "\"\""},
		{"plain 'text'", "\"plain 'text'\""},
		{"\a\b\f\r\n\t\v", "\"\\a\\b\\f\\r\\n\\t\\v\""},
		{"\\", "\"\\\\\""},
		{"say \"hi\"", "\"say \\\"hi\\\"\""},
		{"abc\xff"
		 "def",
		 "\"abc\\xffdef\""},
		{"\xe2\x98\xba", "\"\xe2\x98\xba\""}, /* U+263A */
		{"\xf4\x8f\xbf\xbf", "\"\\U0010ffff\""},
		{"\x04", "\"\\x04\""},
		{"\x7f", "\"\\x7f\""},
		{"!\xc2\xa0!\xe2\x80\x80!\xe3\x80\x80!",
		 "\"!\\u00a0!\\u2000!\\u3000!\""},
		{"\xef\xbb\xbf", "\"\\ufeff\""},
		{"\xef\xbf\xbd", "\"\xef\xbf\xbd\""}, /* U+FFFD as such */
		{"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
		{"\xc0\xaf", "\"\\xc0\\xaf\""},
		{"cut \xe2\x98", "\"cut \\xe2\\x98\""},
		{"\xc3\xa4\xc2\x80", "\"\xc3\xa4\\u0080\""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf b = BUF_INIT(1000);

		gofmt_quote(&b, str_from(table[i].in));
		assert_string_equal(buf_c(&b), table[i].out);
	}
}

/* quoterunetests of the same file */
static void numbers_are_quoted_as_runes(void **state)
{
	static const struct {
		int64_t in;
		const char *out;
	} table[] = {
		{0, "'\\x00'"},
		{3, "'\\x03'"},
		{'\a', "'\\a'"},
		{'a', "'a'"},
		{'"', "'\"'"},
		{'\'', "'\\''"},
		{'\\', "'\\\\'"},
		{0x7f, "'\\x7f'"},
		{0xa0, "'\\u00a0'"},
		{0xff, "'\xc3\xbf'"},
		{0x263a, "'\xe2\x98\xba'"},
		{0xfffd, "'\xef\xbf\xbd'"},
		{0x1f600, "'\xf0\x9f\x98\x80'"},
		{0x10ffff, "'\\U0010ffff'"},
		/* no code points */
		{0xdead, "'\xef\xbf\xbd'"},
		{0x110000, "'\xef\xbf\xbd'"},
		{-1, "'\xef\xbf\xbd'"},
		{INT64_MAX, "'\xef\xbf\xbd'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf b = BUF_INIT(100);

		gofmt_quote_rune(&b, table[i].in);
		assert_string_equal(buf_c(&b), table[i].out);
	}
}

static void lists_have_brackets_and_blanks(void **state)
{
	const struct str v[] = {STR("a b"), STR(""), STR("c\"")};
	const struct str_list list = {v, 3, true};
	const struct str_list none = {0};
	SCOPED_BUF struct buf b = BUF_INIT(100);

	(void)state;
	gofmt_quote_list(&b, list);
	buf_add_char(&b, '|');
	gofmt_list(&b, list);
	buf_add_char(&b, '|');
	gofmt_quote_list(&b, none);
	gofmt_list(&b, none);
	assert_string_equal(buf_c(&b),
			    "[\"a b\" \"\" \"c\\\"\"]|[a b  c\"]|[][]");
}

#define US INT64_C(1000)
#define MS (1000 * US)
#define S (1000 * MS)
#define M (60 * S)
#define H (60 * M)

/* durationTests of Go's time/time_test.go */
static void durations_are_written_as_go_does(void **state)
{
	static const struct {
		int64_t ns;
		const char *text;
	} table[] = {
		{0, "0s"},
		{1, "1ns"},
		{999, "999ns"},
		{1100, "1.1\302\265s"},
		{2200 * US, "2.2ms"},
		{100 * MS, "100ms"},
		{999999999, "999.999999ms"},
		{S, "1s"},
		{3300 * MS, "3.3s"},
		{M, "1m0s"},
		{4 * M + 5 * S, "4m5s"},
		{4 * M + 5001 * MS, "4m5.001s"},
		{H, "1h0m0s"},
		{5 * H + 6 * M + 7001 * MS, "5h6m7.001s"},
		{8 * M + 1, "8m0.000000001s"},
		{90 * S, "1m30s"},
		{-1, "-1ns"},
		{-90 * M, "-1h30m0s"},
		{INT64_MAX, "2562047h47m16.854775807s"},
		{INT64_MIN, "-2562047h47m16.854775808s"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf b = BUF_INIT(100);

		gofmt_duration(&b, table[i].ns);
		assert_string_equal(buf_c(&b), table[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strings_are_quoted_as_strconv_does),
		cmocka_unit_test(numbers_are_quoted_as_runes),
		cmocka_unit_test(lists_have_brackets_and_blanks),
		cmocka_unit_test(durations_are_written_as_go_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
