/*
 * imgbuild fmt: Dockerfiles laid out in one way, with the meaning they had.
 */
#include "cli/commands.h"

#include "base/diff.h"
#include "base/io.h"
#include "cli/lint/files.h"
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
	(void)fwrite(buf_c(&out), 1, out.n, stderr);
}

/* 0 with text formatted in out; -1 where that can't be, which is printed. */
static int format(const char *path, struct str text, struct buf *out)
{
	SCOPED_ARENA struct arena a = {0};
	struct source source;
	struct diags diags;
	int result = -1;

	source_init(&source, &a, str_from(path), text);
	diags_init(&diags, &a);
	switch (fmt_text(out, &source, &diags)) {
	case FMT_OK: result = 0; break;
	case FMT_MISTAKES: print_diags(&source, &diags); break;
	case FMT_REFUSED:
		fprintf(stderr,
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
	return io_write_all(STDOUT_FILENO, out.p, out.n, "stdout", e);
}

static int deliver(const struct session *s, const char *path, struct str from,
		   struct str to, struct err *e)
{
	bool same = str_eq(from, to);

	if (s->diff && show_diff(path, from, to, e) < 0)
		return -1;
	if (s->check && !same && !s->diff)
		printf("%s\n", path);
	if (s->check || s->diff)
		return 0;
	if (!s->write || strcmp(path, "-") == 0)
		return io_write_all(STDOUT_FILENO, to.p, to.n, "stdout", e);
	return same ? 0 : io_write_output(path, to, e);
}

static void format_one(struct session *s, const char *path)
{
	SCOPED_BUF struct buf text = BUF_INIT(SOURCE_MAX_BYTES);
	SCOPED_BUF struct buf out = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	struct err e;

	if (io_read_input(path, &text, &e) < 0) {
		(void)report(&e);
		s->failed = true;
		return;
	}
	if (format(path, buf_str(&text), &out) < 0) {
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
	if (s->write && (s->check || s->diff)) {
		fprintf(stderr, "imgbuild: fmt takes -w, or --check and "
				"--diff\n");
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
		{"no-gitignore", 0, OPTION_FLAG, &s.no_gitignore, NULL,
		 "search what .gitignore leaves out, too"},
		{"write", 'w', OPTION_FLAG, &s.write, NULL,
		 "write the files instead of stdout"},
	};
	const struct command_help help = {
		"imgbuild fmt [OPTIONS] FILE|FOLDER|PATTERN|- ...",
		"Lays Dockerfiles out in one way: keywords in upper case, four "
		"columns for lines\nthat go on, no needless blanks. What they "
		"mean, comments and heredocs stay.",
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
