#include "tests/base/support.h"

#include "registry/auth_file.h"

#include <string.h>

#define USER_PASSWORD "dXNlcjpwYTpzcw==" /* user:pa:ss */

static void find(const char *json, const char *host, const char *path,
		 struct arena *a, const struct auth_entry **out)
{
	struct auth_file f;
	struct err e;

	assert_int_equal(auth_file_parse(a, str_from(json), "file", &f, &e), 0);
	*out = auth_file_find(&f, str_from(host), str_from(path));
}

static void a_password_may_hold_colons(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct auth_entry *entry;

	(void)state;
	find("{\"auths\":{\"h:5\":{\"auth\":\"" USER_PASSWORD "\"}}}", "h:5",
	     "x", &a, &entry);
	assert_non_null(entry);
	assert_str(entry->credential.user, "user");
	assert_str(entry->credential.password, "pa:ss");
}

static void keys_are_hosts_urls_and_paths(void **state)
{
	static const struct {
		const char *key;
		const char *host;
		const char *path;
		bool found;
	} rows[] = {
		{"https://index.docker.io/v1/", "docker.io", "library/x", true},
		{"docker.io", "docker.io", "x", true},
		{"registry-1.docker.io", "docker.io", "x", true},
		{"https://h/v2/", "h", "x", true},
		{"http://h:5", "h:5", "x", true},
		{"h/team", "h", "team/x", true},
		{"h/team", "h", "team", true},
		{"h/team", "h", "teams/x", false},
		{"h/team", "h", "other", false},
		{"h", "h.example", "x", false},
		{"h:5", "h", "x", false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		SCOPED_ARENA struct arena a = {0};
		const struct auth_entry *entry;
		struct str json = arena_printf(
			&a,
			"{\"auths\":{\"%s\":{\"auth\":\"" USER_PASSWORD "\"}}}",
			rows[i].key);

		find(json.p, rows[i].host, rows[i].path, &a, &entry);
		assert_int_equal(entry != NULL, rows[i].found);
	}
}

static void the_longest_path_counts(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct auth_entry *entry;

	(void)state;
	find("{\"auths\":{\"h/a/b\":{\"username\":\"long\",\"password\":\"x\"},"
	     "\"h\":{\"username\":\"short\",\"password\":\"x\"}}}",
	     "h", "a/b/c", &a, &entry);
	assert_str(entry->credential.user, "long");
}

static void an_entry_without_a_secret_is_none(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct auth_entry *entry;

	(void)state;
	find("{\"auths\":{\"h\":{}}}", "h", "x", &a, &entry);
	assert_null(entry);
}

static void helpers_are_by_host_and_for_all(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct auth_file f;
	struct err e;

	(void)state;
	assert_int_equal(auth_file_parse(&a,
					 STR("{\"credHelpers\":{\"h\":\"one\"},"
					     "\"credsStore\":\"all\"}"),
					 "file", &f, &e),
			 0);
	assert_str(auth_file_helper(&f, STR("h")), "one");
	assert_str(auth_file_helper(&f, STR("x")), "all");
}

static void what_is_wrong_is_said_without_quoting_it(void **state)
{
	static const char *const wrong[] = {
		"{\"auths\": secret",
		"secret",
		"[\"secret\"]",
		"{\"auths\":{\"h\":{\"auth\":\"secret!\"}}}",
		"{\"auths\":{\"h\":{\"auth\":[\"secret\"]}}}",
		"{\"auths\":[\"secret\"]}",
		"{\"auths\":{\"h\":\"secret\"}}",
		"{\"credHelpers\":{\"h\":[\"secret\"]}}",
		"{\"credsStore\":{\"secret\":1}}",
		"{\"a\":\"secret\",\"a\":\"secret\"}",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct auth_file f;
		struct err e;

		assert_int_equal(
			auth_file_parse(&a, str_from(wrong[i]), "FILE", &f, &e),
			-1);
		assert_non_null(strstr(e.msg, "FILE"));
		assert_null(strstr(e.msg, "secret"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_password_may_hold_colons),
		cmocka_unit_test(keys_are_hosts_urls_and_paths),
		cmocka_unit_test(the_longest_path_counts),
		cmocka_unit_test(an_entry_without_a_secret_is_none),
		cmocka_unit_test(helpers_are_by_host_and_for_all),
		cmocka_unit_test(what_is_wrong_is_said_without_quoting_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
