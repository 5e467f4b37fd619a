#include "support.h"

#include "oci/reference.h"

static void names_normalise_as_docker_does(void **state)
{
	static const struct {
		const char *in;
		const char *name;
		const char *familiar;
	} table[] = {
		{"debian", "docker.io/library/debian:latest", "debian:latest"},
		{"debian:12", "docker.io/library/debian:12", "debian:12"},
		{"a/b", "docker.io/a/b:latest", "a/b:latest"},
		{"docker.io/debian", "docker.io/library/debian:latest",
		 "debian:latest"},
		{"index.docker.io/debian", "docker.io/library/debian:latest",
		 "debian:latest"},
		{"docker.io/library/debian:x", "docker.io/library/debian:x",
		 "debian:x"},
		{"localhost/x", "localhost/x:latest", "localhost/x:latest"},
		{"localhost:5000/x:y", "localhost:5000/x:y",
		 "localhost:5000/x:y"},
		{"a.b/c", "a.b/c:latest", "a.b/c:latest"},
		{"Uppercase/c", "Uppercase/c:latest", "Uppercase/c:latest"},
		{"[::1]:80/a", "[::1]:80/a:latest", "[::1]:80/a:latest"},
		{"a__b/c---d.e_f", "docker.io/a__b/c---d.e_f:latest",
		 "a__b/c---d.e_f:latest"},
		{"x:A_b.c-D", "docker.io/library/x:A_b.c-D", "x:A_b.c-D"},
		{"a:5000", "docker.io/library/a:5000", "a:5000"},
		{"docker.io/a.b/c", "docker.io/a.b/c:latest",
		 "docker.io/a.b/c:latest"},
		{"a/b/c/d", "docker.io/a/b/c/d:latest", "a/b/c/d:latest"},
		{"x@sha256:0123456789abcdef0123456789abcdef"
		 "0123456789abcdef0123456789abcdef",
		 "docker.io/library/x@sha256:0123456789abcdef0123456789abcdef"
		 "0123456789abcdef0123456789abcdef",
		 "x@sha256:0123456789abcdef0123456789abcdef"
		 "0123456789abcdef0123456789abcdef"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct reference r;
		struct err e;

		if (reference_parse(&a, str_from(table[i].in), &r, &e) < 0)
			fail_msg("%s: %s", table[i].in, e.msg);
		assert_str(reference_name(&a, &r), table[i].name);
		assert_str(reference_familiar(&a, &r), table[i].familiar);
	}
}

static void bad_names_are_invalid(void **state)
{
	static const char *const table[] = {
		"",
		"-a",
		"a-",
		"a/",
		"/a",
		"a//b",
		"a b",
		"a..b",
		"a___b",
		"a.-b",
		"x:",
		"x:-a",
		"x:.a",
		"x:a/b:c:",
		"x@",
		"x@sha256:",
		"x@md5:d41d8cd98f00b204e9800998ecf8427e",
		"x@sha256:0123456789ABCDEF0123456789ABCDEF"
		"0123456789ABCDEF0123456789ABCDEF",
		"a.b:x/c",
		"-a.b/c",
		"a-.b/c",
		"[::1/a",
		"é",
		"0123456789abcdef0123456789abcdef0123456789abcdef"
		"0123456789abcdef",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct reference r;
		struct err e = {0};

		if (reference_parse(&a, str_from(table[i]), &r, &e) == 0)
			fail_msg("'%s' was accepted", table[i]);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void an_upper_case_name_is_refused_with_a_suggestion(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct reference r;
	struct err e;

	(void)state;
	assert_int_equal(reference_parse(&a, STR("Alpine:V1"), &r, &e), -1);
	assert_error(&e, ERR_INVALID, "did you mean 'alpine:V1'?");
	assert_int_equal(reference_parse(&a, STR("quay.io/Me/X"), &r, &e), -1);
	assert_error(&e, ERR_INVALID, "did you mean 'quay.io/me/x'?");
}

static void an_embedded_nul_is_an_error_not_the_end(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct reference r;
	struct err e;

	(void)state;
	assert_int_equal(reference_parse(&a, STR("debian\0x"), &r, &e), -1);
}

static void a_tag_has_at_most_128_bytes(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	char name[2 + 129 + 1] = "x:";
	struct reference r;
	struct err e;

	(void)state;
	memset(name + 2, 'a', 129);
	assert_int_equal(reference_parse(&a, str_from(name), &r, &e), -1);
	name[2 + 128] = '\0';
	assert_int_equal(reference_parse(&a, str_from(name), &r, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_normalise_as_docker_does),
		cmocka_unit_test(bad_names_are_invalid),
		cmocka_unit_test(
			an_upper_case_name_is_refused_with_a_suggestion),
		cmocka_unit_test(an_embedded_nul_is_an_error_not_the_end),
		cmocka_unit_test(a_tag_has_at_most_128_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
