#include "support.h"

#include "oci/platform.h"

static void platforms_normalise_as_containerd_does(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} table[] = {
		{"linux/amd64", "linux/amd64"},
		{"Linux/x86_64", "linux/amd64"},
		{"linux/amd64/v1", "linux/amd64"},
		{"linux/amd64/v3", "linux/amd64/v3"},
		{"linux/arm64/v8", "linux/arm64"},
		{"linux/aarch64", "linux/arm64"},
		{"linux/arm64/8", "linux/arm64"},
		{"linux/arm", "linux/arm/v7"},
		{"linux/arm/6", "linux/arm/v6"},
		{"linux/armhf", "linux/arm/v7"},
		{"linux/armel", "linux/arm/v6"},
		{"linux/i386", "linux/386"},
		{"macos/arm64", "darwin/arm64"},
		{"windows(10.0.17763)/amd64", "windows/amd64"},
		{"linux/s390x", "linux/s390x"},
		{"s390x", "linux/s390x"},
		{"arm", "linux/arm/v7"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct platform p;
		struct err e;

		if (platform_parse(&a, str_from(table[i].in), &p, &e) < 0)
			fail_msg("%s: %s", table[i].in, e.msg);
		assert_str(platform_format(&a, &p), table[i].out);
	}
}

static void bad_platforms_are_invalid(void **state)
{
	static const char *const table[] = {
		"",	     "/",	 "linux/",	 "/amd64",
		"a/b/c/d",   "nonsense", "linux/amd 64", "windows(10/amd64",
		"linux//v7",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct platform p;
		struct err e = {0};

		if (platform_parse(&a, str_from(table[i]), &p, &e) == 0)
			fail_msg("'%s' was accepted", table[i]);
		assert_int_equal(e.code, ERR_INVALID);
	}
}

static void an_os_alone_means_this_machine_s_architecture(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct platform host = platform_host();
	struct platform p;
	struct err e;

	(void)state;
	assert_int_equal(platform_parse(&a, STR("linux"), &p, &e), 0);
	assert_true(platform_eq(&p, &host));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(platforms_normalise_as_containerd_does),
		cmocka_unit_test(bad_platforms_are_invalid),
		cmocka_unit_test(an_os_alone_means_this_machine_s_architecture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
