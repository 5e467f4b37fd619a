/*
 * imgbuild fmt: Dockerfiles laid out in one way, with the meaning they had.
 */
#include "cli/commands.h"

#include "base/diff.h"
#include "base/io.h"
#include "cli/lint/editorconfig.h"
#include "cli/lint/files.h"
#include "cli/print.h"
#include "lint/fmt.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct session {
	bool check;
	bool diff;
	bool write;
	bool no_gitignore;
	bool no_editorconfig;
	const char *indent;
	const char *newline;
	const char *operators;
	string_list excludes;
	string_list arguments;
	string_list paths;
	struct arena arena;
	bool changed; /* a file is not formatted */
	bool failed;
};

static void print_diags(const struct source *source, struct diags *diags)
{
	SCOPED_BUF struct buf out = BUF_INIT(1u << 30);

	diags_sort(diags);
	diags_render(&out, source, diags);
	print_messages(buf_str(&out), TEXT_LINES);
}

/* "2", "tab" */
static int read_indent(const char *text, struct fmt_options *out, struct err *e)
{
	uint64_t n;

	if (!text)
		return 0;
	out->tabs = strcmp(text, "tab") == 0;
	if (out->tabs)
		return 0;
	if (!str_to_u64(str_from(text), FMT_INDENT_MAX, &n) || n == 0)
		return err_set(e, ERR_INVALID,
			       "indent %s: neither tab nor 1 to %d columns",
			       text, FMT_INDENT_MAX);
	out->indent = (unsigned)n;
	return 0;
}

static int choose(const char *what, const char *text,
		  const char *const names[3], int *out, struct err *e)
{
	for (int i = 0; text && i < 3; i++)
		if (strcmp(text, names[i]) == 0) {
			*out = i;
			return 0;
		}
	if (!text)
		return 0;
	return err_set(e, ERR_INVALID, "%s %s: none of %s, %s, %s", what, text,
		       names[0], names[1], names[2]);
}

/* What the command line says, over what options has. */
static int read_options(const struct session *s, struct fmt_options *options,
			struct err *e)
{
	static const char *const newlines[] = {
		[FMT_NEWLINE_STAYS] = "keep",
		[FMT_NEWLINE_LF] = "lf",
		[FMT_NEWLINE_CRLF] = "crlf",
	};
	static const char *const places[] = {
		[FMT_OPERATORS_STAY] = "keep",
		[FMT_OPERATORS_FIRST] = "first",
		[FMT_OPERATORS_LAST] = "last",
	};
	int newline = (int)options->newline;
	int operators = (int)options->operators;

	if (read_indent(s->indent, options, e) < 0 ||
	    choose("newline", s->newline, newlines, &newline, e) < 0 ||
	    choose("operators", s->operators, places, &operators, e) < 0)
		return -1;
	options->newline = (enum fmt_newline)newline;
	options->operators = (enum fmt_operators)operators;
	return 0;
}

static int options_for(const struct session *s, const char *path,
		       struct fmt_options *options, struct err *e)
{
	*options = (struct fmt_options){0};
	if (!s->no_editorconfig && strcmp(path, "-") != 0 &&
	    editorconfig_read(path, options, e) < 0)
		return -1;
	return read_options(s, options, e);
}

/* 0 with text formatted in out; -1 where that can't be, which is printed. */
static int format(const char *path, struct str text,
		  const struct fmt_options *options, struct buf *out)
{
	SCOPED_ARENA struct arena a = {0};
	struct source source;
	struct diags diags;
	int result = -1;

	source_init(&source, &a, str_from(path), text);
	diags_init(&diags, &a);
	switch (fmt_text(out, &source, options, &diags)) {
	case FMT_OK: result = 0; break;
	case FMT_MISTAKES: print_diags(&source, &diags); break;
	case FMT_REFUSED:
		print_err(
			"imgbuild: %s: left as it is: formatted it would mean "
			"something else, which is a mistake of imgbuild's; "
			"please report it\n",
			path);
		break;
	}
	diags_release(&diags);
	return result;
}

static int show_diff(const char *path, struct str from, struct str to,
		     struct err *e)
{
	SCOPED_BUF struct buf out = BUF_INIT(3 * (size_t)SOURCE_MAX_BYTES);

	diff_unified(&out, path, from, to);
	if (buf_check(&out, path, e) < 0)
		return -1;
	print_content(buf_str(&out));
	return 0;
}

static int deliver(const struct session *s, const char *path, struct str from,
		   struct str to, struct err *e)
{
	bool same = str_eq(from, to);

	if (s->diff && show_diff(path, from, to, e) < 0)
		return -1;
	if (s->check && !same && !s->diff)
		print_out("%s\n", path);
	if (s->check || s->diff)
		return 0;
	if (!s->write || strcmp(path, "-") == 0)
		return print_content(to), 0;
	return same ? 0 : io_write_output(path, to, e);
}

static void format_one(struct session *s, const char *path)
{
	SCOPED_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	SCOPED_BUF struct buf out = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	struct fmt_options options;
	struct err e;

	if (io_read_input(path, &text, &e) < 0 ||
	    options_for(s, path, &options, &e) < 0) {
		(void)report(&e);
		s->failed = true;
		return;
	}
	if (format(path, buf_str(&text), &options, &out) < 0) {
		s->failed = true;
		return;
	}
	s->changed |= !str_eq(buf_str(&text), buf_str(&out));
	if (deliver(s, path, buf_str(&text), buf_str(&out), &e) < 0) {
		(void)report(&e);
		s->failed = true;
	}
}

static int run(struct session *s)
{
	struct fmt_options options = {0};
	struct err e;

	if (s->write && (s->check || s->diff)) {
		print_err("imgbuild: fmt takes -w, or --check and "
			  "--diff\n");
		return EXIT_MISTAKE;
	}
	if (read_options(s, &options, &e) < 0) {
		(void)report(&e);
		return EXIT_MISTAKE;
	}
	lint_files_find(&s->arena, &s->arguments,
			&(struct lint_search){&s->excludes, s->no_gitignore},
			&s->paths);
	for (size_t i = 0; i < s->paths.n; i++)
		format_one(s, s->paths.v[i]);
	if (s->failed)
		return EXIT_FAILED;
	return s->changed && (s->check || s->diff) ? EXIT_FAILED : EXIT_OK;
}

int cmd_fmt(int argc, char **argv)
{
	struct session s = {0};
	const struct option_row rows[] = {
		{"check", 'c', OPTION_FLAG, &s.check, NULL,
		 "name the files that are not formatted; exit with 1 for any"},
		{"diff", 'd', OPTION_FLAG, &s.diff, NULL,
		 "show what would change; exit with 1 for any change"},
		{"exclude", 0, OPTION_LIST, &s.excludes, "PATTERN",
		 "leave out paths that match"},
		{"indent", 0, OPTION_STRING, &s.indent, "N|tab",
		 "columns of a step (default: .editorconfig's, else 4)"},
		{"newline", 0, OPTION_STRING, &s.newline, "lf|crlf|keep",
		 "how lines end (default: .editorconfig's, else as they do)"},
		{"no-editorconfig", 0, OPTION_FLAG, &s.no_editorconfig, NULL,
		 "read no .editorconfig"},
		{"no-gitignore", 0, OPTION_FLAG, &s.no_gitignore, NULL,
		 "search what .gitignore leaves out, too"},
		{"operators", 0, OPTION_STRING, &s.operators, "first|last|keep",
		 "where && || | stand that lines are broken at (default: "
		 "keep)"},
		{"write", 'w', OPTION_FLAG, &s.write, NULL,
		 "write the files instead of stdout"},
	};
	const struct command_help help = {
		"imgbuild fmt [OPTIONS] FILE|FOLDER|PATTERN|- ...",
		"Lays Dockerfiles out in one way: keywords in upper case, four "
		"columns for lines\nthat go on, no needless blanks. What they "
		"mean, comments and heredocs stay,\nand so does what is "
		"between '# fmt: off' and '# fmt: on'.",
		rows,
		ARRAY_LEN(rows),
		1,
		1000000};
	int status = EXIT_OK;

	switch (options_parse(&help, argc, argv, &s.arguments)) {
	case OPTIONS_OK: status = run(&s); break;
	case OPTIONS_HELP: break;
	case OPTIONS_WRONG: status = EXIT_MISTAKE; break;
	}
	vec_release(&s.excludes);
	vec_release(&s.arguments);
	vec_release(&s.paths);
	arena_release(&s.arena);
	return status;
}
