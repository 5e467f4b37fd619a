#include "tests/base/support.h"

#include "registry/url.h"

static void a_location_is_resolved_as_browsers_do(void **state)
{
	static const struct {
		const char *base;
		const char *location;
		const char *expected; /* NULL: refused */
	} rows[] = {
		{"http://h:5/a/b?q", "http://x/y", "http://x/y"},
		{"http://h:5/a/b?q", "/y?z", "http://h:5/y?z"},
		{"https://h/a/b", "//x/y", "https://x/y"},
		{"http://h/a/b?q", "c", "http://h/a/c"},
		{"http://h/a/b?q", "?r", "http://h/a/b?r"},
		{"http://h", "c", "http://h/c"},
		{"http://u:p@h/a", "/b", "http://u:p@h/b"},
		{"http://u:p@h/a", "http://x/b", "http://x/b"},
		{"http://h/a", "ftp://x/", NULL},
		{"http://h/a", "javascript:1", NULL},
		{"http://h/a", "", NULL},
		{"http://h/a", "http:///", NULL},
		{"http://h/a", "/b c", NULL},
		{"http://h/a", "/b\nX: y", NULL},
		{"ftp://h/a", "/b", NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct str out;
		bool ok = url_resolve(&a, str_from(rows[i].base),
				      str_from(rows[i].location), &out);

		assert_int_equal(ok, rows[i].expected != NULL);
		if (ok)
			assert_str(out, rows[i].expected);
	}
}

static void an_origin_is_scheme_host_and_port(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool same;
	} rows[] = {
		{"http://h/a", "http://H/b", true},
		{"http://h/a", "http://h:80/b", true},
		{"https://h:443/a", "HTTPS://h/b", true},
		{"http://h:443/a", "http://h/b", false},
		{"http://h/a", "https://h/a", false},
		{"http://h:1/a", "http://h:2/a", false},
		{"http://h/a", "http://h.x/a", false},
		{"http://h@x/a", "http://h/a", false},
		{"http://u@h/a", "http://h/a", true},
		{"no url", "no url", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_int_equal(url_same_origin(str_from(rows[i].a),
						 str_from(rows[i].b)),
				 rows[i].same);
}

static void what_is_shown_has_no_secrets(void **state)
{
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	assert_str(url_shown(&a, STR("https://u:secret@h:5/p/q?sig=secret#x")),
		   "https://h:5/p/q");
	assert_str(url_shown(&a, STR("https://a@b@h/p")), "https://h/p");
	assert_str(url_shown(&a, STR("secret")), "(no URL)");
}

static void loopback_is_this_machine_alone(void **state)
{
	static const char *const yes[] = {
		"localhost", "localhost:5000", "LocalHost", "127.0.0.1:1",
		"127.1.2.3", "[::1]:5",	       "[::1]",	    "a.localhost:1"};
	static const char *const no[] = {
		"localhost.example.org", "127.0.0.1.x", "128.0.0.1",  "[::2]",
		"example.org",		 "[::1]x",	"xlocalhost", ""};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(yes); i++)
		assert_true(host_is_loopback(str_from(yes[i])));
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		assert_false(host_is_loopback(str_from(no[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_location_is_resolved_as_browsers_do),
		cmocka_unit_test(an_origin_is_scheme_host_and_port),
		cmocka_unit_test(what_is_shown_has_no_secrets),
		cmocka_unit_test(loopback_is_this_machine_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
