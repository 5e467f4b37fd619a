#include "tests/base/support.h"

#include "registry/settings.h"

#include <string.h>

static const char conf[] =
	"unqualified-search-registries = [\"docker.io\", 'quay.io']\n"
	"[[registry]]\n"
	"prefix = \"docker.io\" # a comment\n"
	"location = \"hub.example/cache\"\n"
	"timeout = 7\n"
	"[[registry.mirror]]\n"
	"location = 'm1.example:5000'\n"
	"insecure = true\n"
	"[[registry.mirror]]\n"
	"location = \"m2.example/x\"\n"
	"pull-from-mirror = \"digest-only\"\n"
	"[[registry]]\n"
	"location = \"docker.io/library/debian\"\n"
	"[[registry]]\n"
	"prefix = \"*.blocked.example\"\n"
	"blocked = true\n"
	"[aliases]\n"
	"\"a.b\" = \"c\"\n"
	"x.\"y z\" = 1\n";

/* "base path[ insecure][ mirror][ timeout]|…" */
static void endpoints_text(struct buf *out, const char *name)
{
	SCOPED_ARENA struct arena a = {0};
	struct settings s = {0};
	struct endpoint *v;
	struct reference ref;
	struct err e;
	size_t n;

	assert_int_equal(settings_parse(&s, &a, str_from(conf), "conf", &e), 0);
	assert_int_equal(reference_parse(&a, str_from(name), &ref, &e), 0);
	if (settings_endpoints(&s, &a, &ref, (struct str_list){0}, &v, &n, &e) <
	    0) {
		buf_add_c(out, e.msg);
		n = 0;
	}
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%s%.*s %.*s%s%s %u", i ? "|" : "",
			   STR_ARG(v[i].base), STR_ARG(v[i].path),
			   v[i].insecure ? " insecure" : "",
			   v[i].is_mirror ? " mirror" : "", v[i].timeout_s);
	settings_release(&s);
}

static void names_lead_to_endpoints(void **state)
{
	static const struct {
		const char *name;
		const char *expected;
	} rows[] = {
		{"busybox", "https://m1.example:5000 library/busybox insecure "
			    "mirror 7|https://hub.example "
			    "cache/library/busybox 7"},
		{"busybox@sha256:"
		 "0123456789012345678901234567890123456789012345678901234567890"
		 "123",
		 "https://m1.example:5000 library/busybox insecure mirror "
		 "7|https://m2.example x/library/busybox mirror "
		 "7|https://hub.example cache/library/busybox 7"},
		{"debian", "https://registry-1.docker.io library/debian 0"},
		{"x.blocked.example/a",
		 "x.blocked.example/a: registries.conf blocks it"},
		{"blocked.example/a", "https://blocked.example a 0"},
		{"localhost:5000/a", "https://localhost:5000 a insecure 0"},
		{"docker.io.example/a", "https://docker.io.example a 0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SCOPED_BUF struct buf text = BUF_INIT(10000);

		endpoints_text(&text, rows[i].name);
		assert_string_equal(buf_c(&text), rows[i].expected);
	}
}

static void mistakes_are_named_with_their_line(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = {
		{"\n[[registry]]\nprefix = 1\n", "line 3: prefix is not"},
		{"[[registry]]\nlocation = \"a", "line 2: a string without"},
		{"[[registry]\n", "line 1: a table's name"},
		{"a", "line 1: expected '='"},
		{"a = {b = 1}", "line 1: a value that is no"},
		{"a = [1, 2", "line 1: expected ',' or"},
		{"a = 1 b = 2", "line 1: expected the end"},
		{"a = \"\\u0041\"", "line 1: an escape"},
		{"[[registry.mirror]]\n",
		 "line 1: registry.mirror is not below"},
		{"[[registry]]\ninsecure = true\n", "without prefix"},
		{"[[registry]]\nprefix = \"a\"\n[[registry.mirror]]\n",
		 "a mirror of a without location"},
		{"[[registry]]\nprefix = \"a\"\ntimeout = 0\n",
		 "timeout is not a number of seconds"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct settings s = {0};
		struct err e;

		assert_int_equal(settings_parse(&s, &a, str_from(rows[i].text),
						"FILE", &e),
				 -1);
		if (!strstr(e.msg, rows[i].expected) || !strstr(e.msg, "FILE"))
			fail_msg("'%s', expected '%s'", e.msg,
				 rows[i].expected);
		settings_release(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_lead_to_endpoints),
		cmocka_unit_test(mistakes_are_named_with_their_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
