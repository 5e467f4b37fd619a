#include "support.h"

#include "oci/config.h"
#include "oci/manifest.h"

#include <stdlib.h>

#define DIGEST_A  \
	"sha256:" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What BuildKit wrote for a Dockerfile with every instruction in it. */
static const char full[] =
	"{\"architecture\":\"amd64\",\"author\":\"me\",\"config\":{"
	"\"User\":\"1:2\",\"ExposedPorts\":{\"53/udp\":{},\"80/tcp\":{}},"
	"\"Env\":[\"PATH=/bin\",\"X=y\"],\"Entrypoint\":[\"/e\"],"
	"\"Cmd\":[\"a\"],\"Volumes\":{\"/a\":{},\"/v\":{}},"
	"\"WorkingDir\":\"/x/y\",\"Labels\":{\"a\":\"1\",\"b\":\"2\"},"
	"\"StopSignal\":\"SIGTERM\",\"ArgsEscaped\":true,"
	"\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"true\"],"
	"\"Interval\":30000000000,\"StartInterval\":5000000000,"
	"\"Retries\":3},"
	"\"OnBuild\":[\"RUN x\"],\"Shell\":[\"/bin/bash\",\"-c\"]},"
	"\"created\":\"2026-11-21T23:10:00.197237387Z\","
	"\"history\":[{\"created\":\"2026-11-21T23:10:00Z\","
	"\"created_by\":\"LABEL b=2 a=1\",\"comment\":\"c\","
	"\"empty_layer\":true},{\"created_by\":\"COPY a /\"}],"
	"\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
	"\"diff_ids\":[\"" DIGEST_A "\"]},\"variant\":\"v2\"}";

static void a_full_config_survives_reading_and_writing(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
	struct image_config c;
	struct err e;

	(void)state;
	if (image_config_parse(&a, str_from(full), &c, &e) < 0)
		fail_msg("%s", e.msg);
	image_config_write(&out, &c);
	assert_string_equal(buf_c(&out), full);
}

static void an_empty_config_has_what_the_spec_requires(void **state)
{
	SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
	struct image_config c = {
		.platform = {.os = STR("linux"), .architecture = STR("386")}};

	(void)state;
	image_config_write(&out, &c);
	assert_string_equal(buf_c(&out),
			    "{\"architecture\":\"386\",\"config\":{},"
			    "\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\","
			    "\"diff_ids\":[]}}");
}

static void sets_and_labels_are_sorted_and_unique(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
	const struct str ports[] = {STR("9/tcp"), STR("10/tcp"), STR("9/tcp")};
	struct image_config c = {.exposed_ports = {ports, 3, true}};

	(void)state;
	c.labels = pairs_set(&a, c.labels, STR("z"), STR("1"));
	c.labels = pairs_set(&a, c.labels, STR("b"), STR("2"));
	c.labels = pairs_set(&a, c.labels, STR("z"), STR("3"));
	image_config_write(&out, &c);
	assert_non_null(strstr(buf_c(&out),
			       "\"ExposedPorts\":{\"10/tcp\":{},\"9/tcp\":{}},"
			       "\"Labels\":{\"b\":\"2\",\"z\":\"3\"}"));
}

static void nulls_of_docker_are_absent_fields(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct image_config c;
	struct err e;

	(void)state;
	assert_int_equal(
		image_config_parse(
			&a,
			STR("{\"architecture\":\"amd64\",\"os\":\"linux\","
			    "\"config\":{\"Cmd\":null,\"Env\":null,"
			    "\"Labels\":null,\"Entrypoint\":[],"
			    "\"Hostname\":\"\",\"Shell\":\"sh\"},"
			    "\"history\":null,\"created\":null,"
			    "\"rootfs\":{\"type\":\"layers\","
			    "\"diff_ids\":null}}"),
			&c, &e),
		0);
	assert_false(c.cmd.set);
	assert_true(c.entrypoint.set);
	assert_int_equal(c.entrypoint.n, 0);
	assert_int_equal(c.shell.n, 1);
	assert_false(c.has_created);
}

static void a_wrong_type_is_an_error_that_names_the_field(void **state)
{
	static const struct {
		const char *json;
		const char *field;
	} table[] = {
		{"{\"os\":1}", "'os'"},
		{"{\"config\":[]}", "'config'"},
		{"{\"config\":{\"Env\":{}}}", "'Env'"},
		{"{\"config\":{\"Env\":[1]}}", "'Env'"},
		{"{\"config\":{\"Labels\":{\"a\":1}}}", "'Labels'"},
		{"{\"config\":{\"Volumes\":[]}}", "'Volumes'"},
		{"{\"config\":{\"Healthcheck\":{\"Retries\":1.5}}}",
		 "'Retries'"},
		{"{\"rootfs\":{\"diff_ids\":[\"sha256:x\"]}}", "'diff_ids'"},
		{"{\"rootfs\":{\"diff_ids\":[null]}}", "'diff_ids'"},
		{"{\"history\":[1]}", "'history'"},
		{"{\"created\":\"yesterday\"}", "'created'"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct image_config c;
		struct err e = {0};

		if (image_config_parse(&a, str_from(table[i].json), &c, &e) ==
		    0)
			fail_msg("%s was accepted", table[i].json);
		assert_error(&e, ERR_INVALID, table[i].field);
	}
}

static void hostile_documents_are_refused(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf deep = BUF_INIT(1 << 20);
	SCOPED_PTR char *large = xcalloc(1, CONFIG_MAX_BYTES + 1);
	struct image_config c;
	struct err e;

	(void)state;
	assert_int_equal(image_config_parse(&a,
					    STR("{\"os\":\"a\",\"os\":"
						"\"b\"}"),
					    &c, &e),
			 -1);
	assert_error(&e, ERR_INVALID, "duplicate");
	for (int i = 0; i < 100000; i++)
		buf_add_char(&deep, '[');
	assert_int_equal(image_config_parse(&a, buf_str(&deep), &c, &e), -1);
	assert_error(&e, ERR_LIMIT, "deeper");
	memset(large, ' ', CONFIG_MAX_BYTES + 1);
	assert_int_equal(
		image_config_parse(
			&a, (struct str){large, CONFIG_MAX_BYTES + 1}, &c, &e),
		-1);
	assert_error(&e, ERR_LIMIT, "larger");
	assert_int_equal(image_config_parse(&a, STR(""), &c, &e), -1);
	assert_int_equal(image_config_parse(&a, STR("{}\0{}"), &c, &e), -1);
	assert_int_equal(
		image_config_parse(&a, STR("{\"os\":\"\xff\"}"), &c, &e), -1);
}

static void env_set_replaces_in_place(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct str_list env = {0};
	struct str value;

	(void)state;
	env = env_set(&a, env, STR("A"), STR("1"));
	env = env_set(&a, env, STR("AB"), STR("x=y"));
	env = env_set(&a, env, STR("A"), STR("2"));
	assert_int_equal(env.n, 2);
	assert_str(env.v[0], "A=2");
	assert_true(env_get(env, STR("AB"), &value));
	assert_str(value, "x=y");
	assert_false(env_get(env, STR("B"), &value));
}

static void a_manifest_survives_reading_and_writing(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_MANIFEST "\","
		"\"config\":{\"mediaType\":\"" MEDIA_CONFIG "\",\"digest\":"
		"\"" DIGEST_A "\",\"size\":7},\"layers\":[{\"mediaType\":"
		"\"" MEDIA_LAYER_ZSTD "\",\"digest\":\"" DIGEST_A "\","
		"\"size\":9007199254740993}],"
		"\"annotations\":{\"a\":\"b\"}}";
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
	struct manifest m;
	struct err e;

	(void)state;
	if (manifest_parse(&a, str_from(text), &m, &e) < 0)
		fail_msg("%s", e.msg);
	manifest_write(&out, &m);
	assert_string_equal(buf_c(&out), text);
}

static void an_index_survives_reading_and_writing(void **state)
{
	static const char text[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" MEDIA_INDEX "\","
		"\"manifests\":[{\"mediaType\":\"" MEDIA_MANIFEST "\","
		"\"digest\":\"" DIGEST_A "\",\"size\":7,\"annotations\":"
		"{\"k\":\"v\"},\"platform\":{\"architecture\":\"arm\","
		"\"os\":\"linux\",\"variant\":\"v7\"}},"
		"{\"mediaType\":\"x\",\"digest\":\"" DIGEST_A "\","
		"\"size\":0}]}";
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
	struct index ix;
	struct err e;

	(void)state;
	if (index_parse(&a, str_from(text), &ix, &e) < 0)
		fail_msg("%s", e.msg);
	index_write(&out, &ix);
	assert_string_equal(buf_c(&out), text);
}

static void bad_manifests_are_refused(void **state)
{
	static const struct {
		const char *json;
		enum err_code code;
	} table[] = {
		{"{\"schemaVersion\":1,\"fsLayers\":[]}", ERR_UNSUPPORTED},
		{"{\"schemaVersion\":3}", ERR_INVALID},
		{"{\"schemaVersion\":2,\"layers\":[]}", ERR_INVALID},
		{"{\"schemaVersion\":2,\"manifests\":[]}", ERR_INVALID},
		{"{\"config\":{\"digest\":\"sha256:1\",\"size\":1}}",
		 ERR_INVALID},
		{"{\"config\":{\"digest\":\"" DIGEST_A "\"}}", ERR_INVALID},
		{"{\"config\":{\"digest\":\"" DIGEST_A "\",\"size\":-1}}",
		 ERR_INVALID},
		{"{\"config\":{\"digest\":null,\"size\":1}}", ERR_INVALID},
		{"[]", ERR_INVALID},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct manifest m;
		struct err e = {0};

		if (manifest_parse(&a, str_from(table[i].json), &m, &e) == 0)
			fail_msg("%s was accepted", table[i].json);
		assert_int_equal(e.code, table[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_config_survives_reading_and_writing),
		cmocka_unit_test(an_empty_config_has_what_the_spec_requires),
		cmocka_unit_test(sets_and_labels_are_sorted_and_unique),
		cmocka_unit_test(nulls_of_docker_are_absent_fields),
		cmocka_unit_test(a_wrong_type_is_an_error_that_names_the_field),
		cmocka_unit_test(hostile_documents_are_refused),
		cmocka_unit_test(env_set_replaces_in_place),
		cmocka_unit_test(a_manifest_survives_reading_and_writing),
		cmocka_unit_test(an_index_survives_reading_and_writing),
		cmocka_unit_test(bad_manifests_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
