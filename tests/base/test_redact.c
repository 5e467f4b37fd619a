#include "base/redact.h"

#include "tests/base/support.h"

static void assert_shown(const char *text, const char *want)
{
	SCOPED_BUF struct buf out = BUF_INIT(1 << 16);

	redact_add(&out, str_from(text));
	assert_string_equal(buf_c(&out), want);
}

static void urls_are_shown_without_what_logs_in(void **state)
{
	(void)state;
	assert_shown("http://u:p@h/f", "http://xxxxx@h/f");
	assert_shown("HTTPS://token@h", "HTTPS://xxxxx@h");
	assert_shown("ADD http://u:p@h/f http://v:q@i /to",
		     "ADD http://xxxxx@h/f http://xxxxx@i /to");
	assert_shown("'http://:p@h'", "'http://xxxxx@h'");
	assert_shown("http://u:p@q@h/x@y", "http://xxxxx@h/x@y");
	assert_shown("ssh://u:p@h/x", "ssh://xxxxx@h/x");
	assert_shown("git+https://u:p@h/x", "git+https://xxxxx@h/x");
	assert_shown("\"http://u:p@h\": http://u:p@h: failed",
		     "\"http://xxxxx@h\": http://xxxxx@h: failed");
}

static void password_in_a_malformed_url_is_hidden(void **state)
{
	(void)state;
	assert_shown("http://u:p/q@h/f", "http://xxxxx@h/f");
	assert_shown("http://u:p?q@h/f more", "http://xxxxx@h/f more");
	assert_shown("http://u:1/q@h:x/f", "http://u:1/q@h:x/f");
	assert_shown("cut off at http://user:passw", "cut off at http://xxxxx");
}

static void what_is_no_secret_stays(void **state)
{
	static const char *const same[] = {
		"",
		"http://h/f",
		"http://h:80/f@g",
		"http://[::1]:80/x",
		"http://@h",
		"ssh://git@h:22/x",
		"git@h:x.git",
		"://u:p@h",
		"a://",
		"http://h:port, it says",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		assert_shown(same[i], same[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_shown_without_what_logs_in),
		cmocka_unit_test(password_in_a_malformed_url_is_hidden),
		cmocka_unit_test(what_is_no_secret_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
