#include "tests/base/support.h"

#include "base/clock.h"

#define S INT64_C(1000000000)

static const struct {
	const char *text;
	int64_t ns;
} both_ways[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"2026-01-31T12:00:00Z", 1769860800 * S},
	{"1999-12-31T23:59:59.999999999Z", 946684799 * S + 999999999},
	{"2000-02-29T00:00:00.5Z", 951782400 * S + S / 2},
	{"2001-09-09T01:46:40.000000001Z", 1000000000 * S + 1},
	{"2001-09-09T01:46:40.12Z", 1000000000 * S + 120000000},
	/* before 1970 */
	{"1969-12-31T23:59:59Z", -S},
	{"1969-12-31T23:59:59.999999999Z", -1},
	{"1900-03-01T00:00:00.25Z", -2203891200 * S + S / 4},
	{"1678-01-01T00:00:00Z", -9214560000 * S},
	{"2261-12-31T23:59:59Z", 9214646399 * S},
};

static void times_are_written_as_oci_documents_have_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(both_ways); i++) {
		SCOPED_BUF struct buf b = BUF_INIT(64);

		clock_add_rfc3339(&b, both_ways[i].ns);
		assert_string_equal(buf_c(&b), both_ways[i].text);
	}
}

static void what_is_written_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(both_ways); i++) {
		int64_t ns = 42;

		if (!clock_parse_rfc3339(str_from(both_ways[i].text), &ns))
			fail_msg("%s was refused", both_ways[i].text);
		if (ns != both_ways[i].ns)
			fail_msg("%s is %lld, not %lld", both_ways[i].text,
				 (long long)ns, (long long)both_ways[i].ns);
	}
}

static void other_forms_of_a_time_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ns;
	} table[] = {
		{"1970-01-01t00:00:00z", 0},
		{"1970-01-01 00:00:00Z", 0},
		{"1970-01-01T01:00:00+01:00", 0},
		{"1969-12-31T23:30:00-00:30", 0},
		{"1970-01-01T00:00:00.000Z", 0},
		/* more decimals than a nanosecond has are cut */
		{"1970-01-01T00:00:00.1234567899Z", 123456789},
		/* a leap second */
		{"1972-06-30T23:59:60Z", 78796800 * S},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		int64_t ns = 42;

		if (!clock_parse_rfc3339(str_from(table[i].text), &ns))
			fail_msg("%s was refused", table[i].text);
		if (ns != table[i].ns)
			fail_msg("%s is %lld", table[i].text, (long long)ns);
	}
}

static void what_is_no_time_is_refused(void **state)
{
	static const char *const table[] = {
		"",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00:00",
		"1970-01-01T00:00Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00Zx",
		"1970-01-01T00:00:00+0100",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+01:60",
		"1970-01-01T00:00:00+",
		"1970-00-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"2023-02-29T00:00:00Z",
		"2023-04-31T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"70-01-01T00:00:00Z",
		"-970-01-01T00:00:00Z",
		" 970-01-01T00:00:00Z",
		/* the zero value of Go's time.Time, and what no int64 holds */
		"0001-01-01T00:00:00Z",
		"1677-12-31T23:59:59Z",
		"9999-12-31T23:59:59Z",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		int64_t ns = 42;

		if (clock_parse_rfc3339(str_from(table[i]), &ns))
			fail_msg("'%s' was taken for %lld", table[i],
				 (long long)ns);
		assert_int_equal(ns, 42);
	}
	/* an embedded NUL is an error, not the end */
	assert_false(clock_parse_rfc3339(STR("1970-01-01T00:00:00\0Z"),
					 &(int64_t){0}));
}

static void any_number_of_nanoseconds_can_be_written(void **state)
{
	SCOPED_BUF struct buf b = BUF_INIT(128);

	(void)state;
	clock_add_rfc3339(&b, INT64_MIN);
	buf_add_char(&b, ' ');
	clock_add_rfc3339(&b, INT64_MAX);
	assert_string_equal(buf_c(&b), "1677-09-21T00:12:43.145224192Z "
				       "2262-04-11T23:47:16.854775807Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_written_as_oci_documents_have_them),
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(other_forms_of_a_time_are_read),
		cmocka_unit_test(what_is_no_time_is_refused),
		cmocka_unit_test(any_number_of_nanoseconds_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
