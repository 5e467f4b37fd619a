#include "tests/cli/support.h"

#include "cli/build_options.h"
#include "cli/commands.h"

#include <stdlib.h>
#include <string.h>

static void outputs_are_parsed(void **state)
{
	static const struct {
		const char *text;
		enum export_kind kind;
		const char *dest;
		enum compression compression;
		int level;
		bool rewrite;
	} table[] = {
		{"out.tar", EXPORT_OCI, "out.tar", COMPRESSION_GZIP, 0, false},
		{"-", EXPORT_OCI, "-", COMPRESSION_GZIP, 0, false},
		{"a,b", EXPORT_OCI, "a,b", COMPRESSION_GZIP, 0, false},
		{"type=oci,dest=x", EXPORT_OCI, "x", COMPRESSION_GZIP, 0,
		 false},
		{"dest=x,type=docker", EXPORT_DOCKER, "x", COMPRESSION_GZIP, 0,
		 false},
		{"type=tar,dest=-", EXPORT_TAR, "-", COMPRESSION_GZIP, 0,
		 false},
		{"type=local,dest=d/", EXPORT_LOCAL, "d/", COMPRESSION_GZIP, 0,
		 false},
		{"dest=x,compression=zstd,compression-level=19", EXPORT_OCI,
		 "x", COMPRESSION_ZSTD, 19, false},
		{"dest=x,compression-level=0,compression=none", EXPORT_OCI, "x",
		 COMPRESSION_NONE, 0, false},
		{"dest=x,rewrite-timestamp=true", EXPORT_OCI, "x",
		 COMPRESSION_GZIP, 0, true},
		{"dest=x,rewrite-timestamp=0", EXPORT_OCI, "x",
		 COMPRESSION_GZIP, 0, false},
		{"dest=a=b", EXPORT_OCI, "a=b", COMPRESSION_GZIP, 0, false},
		{"dest=one,dest=two", EXPORT_OCI, "two", COMPRESSION_GZIP, 0,
		 false},
		/* docker's, which have one value here */
		{"dest=x,tar=true,oci-mediatypes=true,force-compression=true",
		 EXPORT_OCI, "x", COMPRESSION_GZIP, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct export_spec spec;
		struct err e;

		if (export_spec_parse(&a, str_from(table[i].text), &spec, &e) <
		    0)
			fail_msg("%s: %s", table[i].text, e.msg);
		assert_int_equal(spec.kind, table[i].kind);
		assert_string_equal(spec.dest, table[i].dest);
		assert_int_equal(spec.compression.kind, table[i].compression);
		assert_int_equal(spec.compression.level, table[i].level);
		assert_int_equal(spec.rewrite_timestamp, table[i].rewrite);
	}
}

static void a_bad_output_says_what_is_wrong(void **state)
{
	static const struct {
		const char *text;
		const char *message;
	} table[] = {
		{"type=oci", "no dest=PATH"},
		{"", "no dest=PATH"},
		{"type=oci,dest=", "no dest=PATH"},
		{"type=zip,dest=x", "output type 'zip' is none of oci, docker"},
		{"type=,dest=x", "output type '' is none of"},
		{"TYPE=oci,dest=x", "'TYPE' is none of type, dest"},
		{"destination=x", "'destination' is none of"},
		{"dest=x,,type=oci", "'' is none of"},
		{"=x", "'' is none of"},
		{"dest=x,compression=xz", "xz"},
		{"dest=x,compression-level=23",
		 "'23' is no number from 0 to 22"},
		{"dest=x,compression-level=-1", "'-1' is no number"},
		{"dest=x,compression-level=", "'' is no number"},
		{"dest=x,rewrite-timestamp=maybe", "maybe"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_ARENA struct arena a = {0};
		struct export_spec spec;
		struct err e = {0};

		if (export_spec_parse(&a, str_from(table[i].text), &spec, &e) ==
		    0)
			fail_msg("'%s' was accepted", table[i].text);
		assert_error(&e, ERR_INVALID, table[i].message);
	}
}

static void names_are_normalised(void **state)
{
	const char *const given[] = {"debian", "Localhost:5000/a/b:1"};
	string_list list = {.v = (const char **)(uintptr_t)given, .n = 2};
	SCOPED_ARENA struct arena a = {0};
	struct str *names;
	struct err e;

	(void)state;
	assert_ok(names_parse(&a, &list, &names, &e));
	assert_str(names[0], "docker.io/library/debian:latest");
	assert_str(names[1], "Localhost:5000/a/b:1");
}

static void a_bad_name_is_an_error(void **state)
{
	const char *const given[] = {"ok", "Debian"};
	string_list list = {.v = (const char **)(uintptr_t)given, .n = 2};
	SCOPED_ARENA struct arena a = {0};
	struct str *names;
	struct err e;

	(void)state;
	assert_int_equal(names_parse(&a, &list, &names, &e), -1);
	assert_error(&e, ERR_INVALID, "lowercase");
}

/* Parse a whole command line; printed gets stderr. */
static int parse(struct build_request *r, struct command_line *c,
		 const char *text, bool *done, struct buf *printed)
{
	struct captured stdout_file;
	struct captured stderr_file;
	int status;

	(void)unsetenv("SOURCE_DATE_EPOCH");
	command_line_make(c, text);
	*done = false;
	capture(&stdout_file, 1);
	capture(&stderr_file, 2);
	status = build_request_parse(r, c->argc, c->argv, done);
	captured_read(&stderr_file, printed);
	captured_read(&stdout_file, printed);
	return status;
}

static void a_build_is_what_the_command_line_says(void **state)
{
	SCOPED_COMMAND c;
	SCOPED_BUF struct buf printed = BUF_INIT(20000);
	struct build_request r;
	bool done;

	(void)state;
	assert_int_equal(
		parse(&r, &c,
		      "build -t one -t two:2 -f Other --target=test "
		      "--build-arg A=1 --build-arg=B=x=y --build-arg A=2 "
		      "--label l=v --label bare --platform linux/arm64 "
		      "--no-cache -q -o out.tar -o type=local,dest=d "
		      "--jobs 3 --iidfile id --metadata-file meta ctx",
		      &done, &printed),
		EXIT_OK);
	assert_false(done);
	assert_string_equal(buf_c(&printed), "");
	assert_string_equal(r.context.text, "ctx");
	assert_string_equal(r.dockerfile, "Other");
	assert_string_equal(r.iid_file, "id");
	assert_string_equal(r.metadata_file, "meta");
	assert_true(r.no_cache && r.quiet && !r.show_plan);
	assert_int_equal(r.n_jobs, 3);
	assert_int_equal(r.n_names, 2);
	assert_str(r.names[1], "docker.io/library/two:2");
	assert_str(r.plan.target, "test");
	assert_true(r.plan.platform_given);
	assert_str(r.plan.target_platform.architecture, "arm64");
	assert_int_equal(r.plan.build_args.n, 2);
	assert_str(r.plan.build_args.v[0].value, "2");
	assert_str(r.plan.build_args.v[1].value, "x=y");
	assert_int_equal(r.plan.labels.n, 2);
	assert_str(r.plan.labels.v[1].key, "bare");
	assert_str(r.plan.labels.v[1].value, "");
	assert_int_equal(r.n_exports, 2);
	assert_int_equal(r.exports[1].kind, EXPORT_LOCAL);
	assert_int_equal(r.exports[0].n_threads, 3);
	build_request_release(&r);
}

static void defaults_are_those_of_a_plain_build(void **state)
{
	SCOPED_COMMAND c;
	SCOPED_BUF struct buf printed = BUF_INIT(20000);
	struct build_request r;
	bool done;

	(void)state;
	assert_int_equal(parse(&r, &c, "build .", &done, &printed), EXIT_OK);
	assert_false(done);
	assert_string_equal(r.context.text, ".");
	assert_null(r.dockerfile);
	assert_string_equal(r.progress, "auto");
	assert_true(r.n_jobs >= 1);
	assert_int_equal(r.n_names, 0);
	assert_int_equal(r.plan.build_args.n, 0);
	assert_false(r.plan.platform_given);
	build_request_release(&r);
}

static void
a_build_argument_without_a_value_takes_the_environments(void **state)
{
	SCOPED_COMMAND c;
	SCOPED_BUF struct buf printed = BUF_INIT(20000);
	struct build_request r;
	bool done;

	(void)state;
	assert_int_equal(setenv("UNIT_SET", "from env", 1), 0);
	assert_int_equal(unsetenv("UNIT_UNSET"), 0);
	assert_int_equal(parse(&r, &c,
			       "build --build-arg UNIT_SET "
			       "--build-arg UNIT_UNSET --build-arg EMPTY= .",
			       &done, &printed),
			 EXIT_OK);
	assert_int_equal(r.plan.build_args.n, 2);
	assert_str(r.plan.build_args.v[0].value, "from env");
	assert_str(r.plan.build_args.v[1].key, "EMPTY");
	build_request_release(&r);
}

static void mistakes_end_with_two_and_say_why(void **state)
{
	static const struct {
		const char *line;
		const char *printed;
	} table[] = {
		{"build", "needs more arguments"},
		{"build a b", "b is one argument too many"},
		{"build --none .", "--none is no option"},
		{"build -t Upper .", "lowercase"},
		{"build --platform a/b/c/d .", "platform"},
		{"build --jobs 0 .", "--jobs 0: not a number from 1 to 1024"},
		{"build --jobs 1025 .", "not a number from 1 to 1024"},
		{"build --jobs x .", "not a number from 1 to 1024"},
		{"build -o type=zip,dest=x .", "--output type=zip,dest=x: "},
		{"build --secret src=x .", "no id="},
		{"build --secret id=x,what=y .", "'what' is none of"},
		{"build --allow everything .", "--allow everything"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_COMMAND c;
		SCOPED_BUF struct buf printed = BUF_INIT(20000);
		struct build_request r;
		bool done;
		int status = parse(&r, &c, table[i].line, &done, &printed);

		if (status != EXIT_MISTAKE || !done ||
		    !strstr(buf_c(&printed), table[i].printed))
			fail_msg("%s: status %d, '%s'", table[i].line, status,
				 buf_c(&printed));
		build_request_release(&r);
	}
}

static void help_ends_with_zero(void **state)
{
	SCOPED_COMMAND c;
	SCOPED_BUF struct buf printed = BUF_INIT(20000);
	struct build_request r;
	bool done;

	(void)state;
	assert_int_equal(parse(&r, &c, "build --help", &done, &printed),
			 EXIT_OK);
	assert_true(done);
	assert_non_null(strstr(buf_c(&printed), "--build-arg NAME=VALUE"));
	build_request_release(&r);
}

static void secrets_come_from_files_and_variables(void **state)
{
	SCOPED_COMMAND c;
	SCOPED_BUF struct buf printed = BUF_INIT(20000);
	struct build_request r;
	bool done;

	(void)state;
	assert_int_equal(setenv("UNIT_SECRET", "x", 1), 0);
	assert_int_equal(parse(&r, &c,
			       "build --secret id=file,src=/path "
			       "--secret id=var,env=UNIT_SECRET "
			       "--secret id=typed,type=env,src=UNIT_SECRET "
			       "--secret id=UNIT_SECRET --secret id=plain .",
			       &done, &printed),
			 EXIT_OK);
	assert_int_equal(r.n_secrets, 5);
	assert_string_equal(r.secrets[0].path, "/path");
	assert_null(r.secrets[0].env);
	assert_string_equal(r.secrets[1].env, "UNIT_SECRET");
	assert_string_equal(r.secrets[2].env, "UNIT_SECRET");
	assert_string_equal(r.secrets[3].env, "UNIT_SECRET");
	assert_string_equal(r.secrets[4].path, "plain");
	build_request_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_are_parsed),
		cmocka_unit_test(a_bad_output_says_what_is_wrong),
		cmocka_unit_test(names_are_normalised),
		cmocka_unit_test(a_bad_name_is_an_error),
		cmocka_unit_test(a_build_is_what_the_command_line_says),
		cmocka_unit_test(defaults_are_those_of_a_plain_build),
		cmocka_unit_test(
			a_build_argument_without_a_value_takes_the_environments),
		cmocka_unit_test(mistakes_end_with_two_and_say_why),
		cmocka_unit_test(help_ends_with_zero),
		cmocka_unit_test(secrets_come_from_files_and_variables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
