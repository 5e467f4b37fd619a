#include "tests/base/support.h"

#include <errno.h>
#include <string.h>

static void err_set_fills_everything_and_gives_minus_one(void **state)
{
	struct err e = {.sys = 7};

	(void)state;
	assert_int_equal(err_set(&e, ERR_LIMIT, "%s: %d bytes", "x", 3), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(e.sys, 0);
	assert_string_equal(e.msg, "x: 3 bytes");
}

static void err_sys_names_what_errno_means(void **state)
{
	struct err e;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_sys(&e, "open %s", "/etc/nothing"), -1);
	assert_int_equal(e.code, ERR_SYS);
	assert_int_equal(e.sys, ENOENT);
	assert_string_equal(e.msg,
			    "open /etc/nothing: No such file or directory");
}

static void err_wrap_puts_the_purpose_first_and_keeps_the_code(void **state)
{
	struct err e;

	(void)state;
	errno = EACCES;
	err_sys(&e, "open a");
	assert_int_equal(err_wrap(&e, "COPY a /b"), -1);
	assert_int_equal(err_wrap(&e, "stage '%s'", "build"), -1);
	assert_string_equal(
		e.msg, "stage 'build': COPY a /b: open a: Permission denied");
	assert_int_equal(e.code, ERR_SYS);
	assert_int_equal(e.sys, EACCES);
}

static void a_message_may_quote_the_error_that_it_replaces(void **state)
{
	struct err e;

	(void)state;
	err_set(&e, ERR_INVALID, "inner");
	err_wrap(&e, "%s twice", "outer");
	assert_string_equal(e.msg, "outer twice: inner");
}

static void messages_that_are_too_long_are_cut_not_overrun(void **state)
{
	char text[3 * ERR_MSG_MAX];
	struct err e;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';

	err_set(&e, ERR_INVALID, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	err_wrap(&e, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	errno = EIO;
	err_sys(&e, "%s", text);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
	assert_int_equal(e.sys, EIO);
	err_set(&e, ERR_INVALID, "short");
	err_wrap(&e, "%.*s", ERR_MSG_MAX - 3, text);
	assert_int_equal(strlen(e.msg), ERR_MSG_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_set_fills_everything_and_gives_minus_one),
		cmocka_unit_test(err_sys_names_what_errno_means),
		cmocka_unit_test(
			err_wrap_puts_the_purpose_first_and_keeps_the_code),
		cmocka_unit_test(
			a_message_may_quote_the_error_that_it_replaces),
		cmocka_unit_test(
			messages_that_are_too_long_are_cut_not_overrun),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
