#include "tests/base/support.h"

#include "registry/challenge.h"

/* "scheme realm service scope error|…" of all challenges */
static void challenges_text(struct buf *out, const char *header)
{
	SCOPED_ARENA struct arena a = {0};
	struct str rest = str_from(header);
	struct challenge c;

	while (challenge_next(&a, &rest, &c))
		buf_printf(out, "%.*s<%.*s,%.*s,%.*s,%.*s>", STR_ARG(c.scheme),
			   STR_ARG(c.realm), STR_ARG(c.service),
			   STR_ARG(c.scope), STR_ARG(c.error));
}

static void headers_of_all_kinds_are_read(void **state)
{
	static const struct {
		const char *header;
		const char *expected;
	} rows[] = {
		{"Bearer "
		 "realm=\"https://a/t\",service=\"s\",scope=\"r:x:pull\"",
		 "Bearer<https://a/t,s,r:x:pull,>"},
		{"Basic realm=\"Registry Realm\"", "Basic<Registry Realm,,,>"},
		{"basic", "basic<,,,>"},
		{"Bearer realm=a , service = \"b\\\"c\" ,error=invalid_token",
		 "Bearer<a,b\"c,,invalid_token>"},
		{"Negotiate, Basic realm=\"x\"", "Negotiate<,,,>Basic<x,,,>"},
		{"NTLM abc==, Bearer REALM=\"y\"", "NTLM<,,,>Bearer<y,,,>"},
		{"Basic realm=\"a\", Bearer realm=\"b\"",
		 "Basic<a,,,>Bearer<b,,,>"},
		{"", ""},
		{" , ,", ""},
		{"Bearer realm=\"never ends", "Bearer<,,,>realm<,,,>"},
		{"=\"x\"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SCOPED_BUF struct buf text = BUF_INIT(10000);

		challenges_text(&text, rows[i].header);
		assert_string_equal(buf_c(&text), rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(headers_of_all_kinds_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
