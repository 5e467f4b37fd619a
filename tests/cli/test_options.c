#include "tests/cli/support.h"

#include "cli/options.h"

#include <string.h>

struct values {
	bool flag;
	bool quiet;
	const char *file;
	string_list list;
	string_list arguments;
};

/* Parse; the values as one line, or what was printed. */
static enum options_result parse(const char *text, size_t min, size_t max,
				 struct buf *out, struct buf *printed)
{
	struct values v = {0};
	const struct option_row rows[] = {
		{"file", 'f', OPTION_STRING, &v.file, "FILE", "which file"},
		{"flag", 0, OPTION_FLAG, &v.flag, NULL, "a flag"},
		{"quiet", 'q', OPTION_FLAG, &v.quiet, NULL, "say less"},
		{"tag", 't', OPTION_LIST, &v.list, "NAME", "a name"},
	};
	const struct command_help help = {"imgbuild test [OPTIONS] ARGUMENT",
					  "Does nothing.",
					  rows,
					  ARRAY_LEN(rows),
					  min,
					  max};
	SCOPED_COMMAND c;
	struct captured stdout_file;
	struct captured stderr_file;
	enum options_result result;

	command_line_make(&c, text);
	capture(&stdout_file, 1);
	capture(&stderr_file, 2);
	result = options_parse(&help, c.argc, c.argv, &v.arguments);
	captured_read(&stderr_file, printed);
	captured_read(&stdout_file, printed);
	buf_printf(out, "%s%s", v.flag ? "flag " : "", v.quiet ? "quiet " : "");
	if (v.file)
		buf_printf(out, "file=%s ", v.file);
	for (size_t i = 0; i < v.list.n; i++)
		buf_printf(out, "tag=%s ", v.list.v[i]);
	buf_add_char(out, ':');
	for (size_t i = 0; i < v.arguments.n; i++)
		buf_printf(out, " %s", v.arguments.v[i]);
	vec_release(&v.list);
	vec_release(&v.arguments);
	return result;
}

static void options_and_arguments_are_told_apart(void **state)
{
	static const struct {
		const char *line;
		const char *expected;
	} table[] = {
		{"test", ":"},
		{"test a b", ": a b"},
		{"test --flag a", "flag : a"},
		{"test a --flag", "flag : a"},
		{"test --file x", "file=x :"},
		{"test --file=x", "file=x :"},
		{"test --file=", "file= :"},
		{"test --file=a=b", "file=a=b :"},
		{"test -f x", "file=x :"},
		{"test -fx", "file=x :"},
		{"test -f=x", "file=x :"},
		{"test -qf x a", "quiet file=x : a"},
		{"test -qfx a", "quiet file=x : a"},
		{"test -fq", "file=q :"},
		{"test --file a --file b", "file=b :"},
		{"test -t a --tag b --tag=c -td", "tag=a tag=b tag=c tag=d :"},
		/* a value may look like an option, or be empty */
		{"test --file --flag", "file=--flag :"},
		{"test -f -", "file=- :"},
		{"test --file ''", "file= :"},
		{"test -", ": -"},
		{"test - -q", "quiet : -"},
		{"test -- --flag -q -- -", ": --flag -q -- -"},
		{"test ''", ": "},
		{"test --flag=true", "flag :"},
		{"test --flag=false", ":"},
		{"test --flag --flag=false", ":"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf out = BUF_INIT(1000);
		SCOPED_BUF struct buf printed = BUF_INIT(10000);
		enum options_result result =
			parse(table[i].line, 0, 9, &out, &printed);

		if (result != OPTIONS_OK ||
		    strcmp(buf_c(&out), table[i].expected) != 0)
			fail_msg("%s: '%s', expected '%s'; %s", table[i].line,
				 buf_c(&out), table[i].expected,
				 buf_c(&printed));
		assert_string_equal(buf_c(&printed), "");
	}
}

static void mistakes_say_what_is_wrong_and_how_it_is_used(void **state)
{
	static const struct {
		const char *line;
		const char *printed;
	} table[] = {
		{"test --none",
		 "imgbuild: --none is no option of this command\n"
		 "Usage: imgbuild test [OPTIONS] ARGUMENT\n"},
		{"test --none=x", "--none=x is no option"},
		{"test --fil x", "--fil is no option"},
		{"test --files x", "--files is no option"},
		{"test --=x", "--=x is no option"},
		{"test -x", "-x is no option"},
		{"test -qx", "-qx is no option"},
		{"test --file", "--file needs a value"},
		{"test -f", "-f needs a value"},
		{"test -qf", "-qf needs a value"},
		{"test", "test needs more arguments"},
		{"test a b c", "c is one argument too many"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf out = BUF_INIT(1000);
		SCOPED_BUF struct buf printed = BUF_INIT(10000);
		enum options_result result =
			parse(table[i].line, 1, 2, &out, &printed);

		if (result != OPTIONS_WRONG ||
		    !strstr(buf_c(&printed), table[i].printed))
			fail_msg("%s: %s", table[i].line, buf_c(&printed));
	}
}

static void help_is_printed_wherever_it_is_asked_for(void **state)
{
	static const char *const lines[] = {"test --help", "test -h",
					    "test -qh", "test a b c --help",
					    "test --flag --help --none"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		SCOPED_BUF struct buf out = BUF_INIT(1000);
		SCOPED_BUF struct buf printed = BUF_INIT(10000);

		assert_int_equal(parse(lines[i], 1, 1, &out, &printed),
				 OPTIONS_HELP);
		assert_string_equal(
			buf_c(&printed),
			"Usage: imgbuild test [OPTIONS] ARGUMENT\n"
			"\n"
			"Does nothing.\n"
			"\n"
			"Options:\n"
			"  -f, --file FILE                which file\n"
			"      --flag                     a flag\n"
			"  -q, --quiet                    say less\n"
			"  -t, --tag NAME                 a name\n");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_and_arguments_are_told_apart),
		cmocka_unit_test(mistakes_say_what_is_wrong_and_how_it_is_used),
		cmocka_unit_test(help_is_printed_wherever_it_is_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
