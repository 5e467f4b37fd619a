#include "cli/commands.h"

#include "base/io.h"
#include "cli/options.h"
#include "cli/print.h"
#include "parser/dockerfile.h"

#include <stdio.h>
#include <string.h>

static int parse_and_print(const char *path, struct str text, bool json)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf out = BUF_INIT((size_t)4 << 30);
	SCOPED_BUF struct buf messages = BUF_INIT((size_t)4 << 30);
	const struct dockerfile *df;
	struct source source;
	struct diags diags;
	struct err e;
	int status;

	source_init(&source, &a, str_from(path), text);
	diags_init(&diags, &a);
	df = dockerfile_parse(&a, &source, &diags);
	diags_sort(&diags);
	if (json) {
		dockerfile_dump_json(&out, df);
		diags_render_json(&messages, &source, &diags);
	} else {
		dockerfile_dump(&out, df);
		diags_render(&messages, &source, &diags);
	}
	status = diags.n_errors ? EXIT_MISTAKE : EXIT_OK;
	diags_release(&diags);
	if (buf_check(&out, "what was parsed", &e) < 0 ||
	    buf_check(&messages, "the messages", &e) < 0)
		return report(&e);
	print_text(buf_str(&out), json ? TEXT_JSON : TEXT_LINES);
	print_messages(buf_str(&messages), json ? TEXT_JSON : TEXT_LINES);
	return status;
}

int cmd_parse(int argc, char **argv)
{
	const char *format = "text";
	const struct option_row rows[] = {
		{"format", 0, OPTION_STRING, &format, "FORMAT", "text or json"},
	};
	const struct command_help help = {
		"imgbuild parse [--format text|json] FILE",
		"Prints the instructions of a Dockerfile as imgbuild reads "
		"them, and every\nmistake on stderr. - is stdin. JSON is "
		"described in docs/parse-json.md.",
		rows,
		ARRAY_LEN(rows),
		1,
		1};
	SCOPED_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	string_list arguments = {0};
	enum options_result parsed =
		options_parse(&help, argc, argv, &arguments);
	const char *path = arguments.n ? arguments.v[0] : NULL;
	struct err e;

	vec_release(&arguments);
	if (parsed != OPTIONS_OK)
		return parsed == OPTIONS_HELP ? EXIT_OK : EXIT_MISTAKE;
	if (strcmp(format, "json") != 0 && strcmp(format, "text") != 0) {
		print_err("imgbuild: --format %s: neither text nor json\n",
			  format);
		return EXIT_MISTAKE;
	}
	if (io_read_input(path, &text, &e) < 0)
		return report(&e);
	return parse_and_print(path, buf_str(&text),
			       strcmp(format, "json") == 0);
}
