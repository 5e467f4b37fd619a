#include "tests/base/support.h"

#include "registry/refusal.h"

#include <string.h>

enum { N_KINDS = 6 };

/* Every kind of refusal, for a host. */
static void all_sentences(const char *host, bool logged_in,
			  struct err out[N_KINDS])
{
	const struct endpoint p = {.host = str_from(host)};
	const struct str object = STR("some/image:1");

	refusal_no_login(&p, object, &out[0]);
	refusal_wrong_password(&p, &out[1]);
	refusal_expired(&p, &out[2]);
	refusal_forbidden(&p, object, logged_in, &out[3]);
	refusal_rate_limit(&p, logged_in, &out[4]);
	refusal_status(&p, object, &(struct http_response){.status = 404},
		       &out[5]);
}

static void each_kind_has_its_own_sentence(void **state)
{
	static const char *const hosts[] = {"docker.io", "h.example:5"};

	(void)state;
	for (size_t h = 0; h < ARRAY_LEN(hosts); h++) {
		struct err all[N_KINDS];

		all_sentences(hosts[h], true, all);
		for (int i = 0; i < N_KINDS; i++) {
			assert_non_null(strstr(all[i].msg, hosts[h]));
			for (int k = 0; k < i; k++)
				assert_string_not_equal(all[i].msg, all[k].msg);
		}
	}
}

static void docker_io_is_told_by_its_name(void **state)
{
	struct err hub[N_KINDS];
	struct err own[N_KINDS];

	(void)state;
	all_sentences("docker.io", false, hub);
	all_sentences("h.example:5", false, own);
	for (int i = 0; i < 5; i++) {
		SCOPED_BUF struct buf text = BUF_INIT(10000);
		const char *at = strstr(own[i].msg, "h.example:5");

		/* more than the host's name differs */
		buf_printf(&text, "%.*sdocker.io%s", (int)(at - own[i].msg),
			   own[i].msg, at + strlen("h.example:5"));
		assert_string_not_equal(buf_c(&text), hub[i].msg);
	}
	assert_non_null(strstr(hub[0].msg, "`imgbuild login`"));
	assert_non_null(strstr(own[0].msg, "`imgbuild login h.example:5`"));
	assert_non_null(strstr(hub[4].msg, "mirror"));
}

static void what_is_private_and_what_is_not_there_look_alike(void **state)
{
	struct err hub[N_KINDS];

	(void)state;
	all_sentences("docker.io", false, hub);
	assert_string_equal(hub[0].msg, hub[3].msg);
}

static void a_code_is_taken_where_it_looks_like_one(void **state)
{
	static const struct {
		const char *body;
		const char *expected;
	} rows[] = {
		{"{\"errors\":[{\"code\":\"NAME_UNKNOWN\"}]}", "NAME_UNKNOWN"},
		{"{\"errors\":[{\"code\":\"secret in lower case\"}]}", ""},
		{"{\"errors\":[]}", ""},
		{"{\"errors\":[1]}", ""},
		{"{\"errors\":{\"code\":\"X\"}}", ""},
		{"<html>", ""},
		{"", ""},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SCOPED_ARENA struct arena a = {0};
		SCOPED(http_response_release)
		struct http_response r = {.text = BUF_INIT(10000)};

		buf_add_c(&r.text, rows[i].body);
		assert_str(refusal_code(&a, &r), rows[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind_has_its_own_sentence),
		cmocka_unit_test(docker_io_is_told_by_its_name),
		cmocka_unit_test(
			what_is_private_and_what_is_not_there_look_alike),
		cmocka_unit_test(a_code_is_taken_where_it_looks_like_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
