/*
 * imgbuild lint: hadolint's command line, with folders and a few options more.
 */
#include "cli/commands.h"

#include "base/diff.h"
#include "base/io.h"
#include "cli/dockerignore.h"
#include "cli/lint/files.h"
#include "cli/lint/format.h"
#include "cli/lint/output.h"
#include "cli/lint/refusals.h"
#include "cli/lint/settings.h"
#include "cli/lint/shellcheck.h"
#include "cli/print.h"
#include "cli/version.h"
#include "lint/fix.h"
#include "lint/rule.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One file, and everything that its findings borrow from. */
struct linted {
	struct arena arena;
	struct buf text;
	struct source source;
	struct lint_options options; /* with its own .dockerignore */
	struct lint_file file;
};

struct session {
	struct lint_settings settings;
	struct lint_options options;
	enum diag_severity threshold;
	const char *config;
	const char *report_path;
	const char *explain;
	bool no_gitignore;
	bool no_shellcheck;
	bool list_rules;
	bool version;
	const char *fix;  /* "" or "all"; NULL: no */
	const char *diff; /* likewise */
	string_list arguments;
	string_list paths;
	VEC(struct linted *) files; /* that are not reported yet */
	bool found;		    /* a finding at or above the threshold */
	bool failed;  /* a file could not be read, or not written... */
	bool unfixed; /* --diff showed something */
};

static void forget_files(struct session *s)
{
	for (size_t i = 0; i < s->files.n; i++) {
		lint_release(&s->files.v[i]->file);
		buf_release(&s->files.v[i]->text);
		arena_release(&s->files.v[i]->arena);
		free(s->files.v[i]);
	}
	s->files.n = 0;
}

static void session_release(struct session *s)
{
	forget_files(s);
	vec_release(&s->files);
	vec_release(&s->arguments);
	vec_release(&s->paths);
	lint_settings_release(&s->settings);
}

/* The command line comes last, so it is kept apart until the file is read. */
struct command_line {
	struct lint_settings s;
	bool no_fail, no_color, verbose, strict_labels, disable_pragmas;
};

static enum options_result
parse_options(struct session *s, struct command_line *c, int argc, char **argv)
{
	const struct option_row rows[] = {
		{"config", 'c', OPTION_STRING, &s->config, "FILE",
		 "the config file (default: .imgbuild.yaml, "
		 ".hadolint.yaml...)"},
		{"diff", 0, OPTION_MAYBE, &s->diff, "all",
		 "show what --fix would change, and change nothing"},
		{"disable-ignore-pragma", 0, OPTION_FLAG, &c->disable_pragmas,
		 NULL, "comments ignore nothing"},
		{"error", 0, OPTION_LIST, &c->s.overrides[DIAG_ERROR], "RULE",
		 "give the rule this level"},
		{"exclude", 0, OPTION_LIST, &c->s.excludes, "PATTERN",
		 "leave out paths that match"},
		{"explain-rule", 0, OPTION_STRING, &s->explain, "RULE",
		 "say what the rule is about, and stop"},
		{"failure-threshold", 't', OPTION_STRING, &c->s.threshold,
		 "LEVEL", "fail at findings of this level (default info)"},
		{"file-path-in-report", 0, OPTION_STRING, &s->report_path,
		 "PATH", "the path that reports name"},
		{"fix", 0, OPTION_MAYBE, &s->fix, "all",
		 "mend in the files what can be mended safely; all: what "
		 "may change the image, too"},
		{"format", 'f', OPTION_LIST, &c->s.formats, "FORMAT",
		 "tty, pretty, json, checkstyle, codeclimate, sarif, junit..."},
		{"ignore", 0, OPTION_LIST, &c->s.ignored, "RULE",
		 "leave out the rule"},
		{"info", 0, OPTION_LIST, &c->s.overrides[DIAG_INFO], "RULE",
		 "give the rule this level"},
		{"list-rules", 0, OPTION_FLAG, &s->list_rules, NULL,
		 "print the rules, and stop"},
		{"no-color", 0, OPTION_FLAG, &c->no_color, NULL, "no colors"},
		{"no-fail", 0, OPTION_FLAG, &c->no_fail, NULL,
		 "exit with 0 whatever is found"},
		{"no-gitignore", 0, OPTION_FLAG, &s->no_gitignore, NULL,
		 "search what .gitignore leaves out, too"},
		{"no-shellcheck", 0, OPTION_FLAG, &s->no_shellcheck, NULL,
		 "don't run shellcheck"},
		{"output", 'o', OPTION_LIST, &c->s.outputs, "FILE",
		 "where the format at this place goes (default: stdout)"},
		{"preset", 0, OPTION_STRING, &c->s.preset, "NAME",
		 "hadolint, buildkit or all (default)"},
		{"require-label", 0, OPTION_LIST, &c->s.labels, "LABEL:KIND",
		 "the image must have it; text, url, semver, hash, spdx..."},
		{"rules-version", 0, OPTION_STRING, &c->s.rules_version, "N",
		 "leave out rules that are newer than version N of them"},
		{"select", 0, OPTION_LIST, &c->s.selected, "RULE",
		 "run this rule, and none that is not selected"},
		{"strict-labels", 0, OPTION_FLAG, &c->strict_labels, NULL,
		 "no labels but those required"},
		{"style", 0, OPTION_LIST, &c->s.overrides[DIAG_STYLE], "RULE",
		 "give the rule this level"},
		{"trusted-registry", 0, OPTION_LIST, &c->s.trusted, "HOST",
		 "base images must come from here"},
		{"verbose", 'V', OPTION_FLAG, &c->verbose, NULL,
		 "say on stderr what is done"},
		{"version", 'v', OPTION_FLAG, &s->version, NULL,
		 "print the version"},
		{"warning", 0, OPTION_LIST, &c->s.overrides[DIAG_WARNING],
		 "RULE", "give the rule this level"},
	};
	const struct command_help help = {
		"imgbuild lint [OPTIONS] FILE|FOLDER|PATTERN|- ...",
		"Checks Dockerfiles by hadolint's rules and BuildKit's checks.",
		rows,
		ARRAY_LEN(rows),
		0,
		1000000};

	return options_parse(&help, argc, argv, &s->arguments);
}

static void join(string_list *to, const string_list *from)
{
	for (size_t i = 0; i < from->n; i++)
		*vec_push(to) = from->v[i];
}

/* What the command line says comes before what was read. */
static void merge(struct lint_settings *to, const struct command_line *c)
{
	join(&to->selected, &c->s.selected);
	join(&to->ignored, &c->s.ignored);
	for (size_t i = 0; i < ARRAY_LEN(to->overrides); i++)
		join(&to->overrides[i], &c->s.overrides[i]);
	join(&to->trusted, &c->s.trusted);
	join(&to->labels, &c->s.labels);
	join(&to->excludes, &c->s.excludes);
	if (c->s.formats.n || c->s.outputs.n) {
		to->formats.n = to->outputs.n = 0;
		join(&to->formats, &c->s.formats);
		join(&to->outputs, &c->s.outputs);
	}
	if (c->s.threshold)
		to->threshold = c->s.threshold;
	if (c->s.preset)
		to->preset = c->s.preset;
	if (c->s.rules_version)
		to->rules_version = c->s.rules_version;
	to->no_fail |= c->no_fail;
	to->no_color |= c->no_color;
	to->verbose |= c->verbose;
	to->strict_labels |= c->strict_labels;
	to->disable_pragmas |= c->disable_pragmas;
}

static int check_formats(const struct lint_settings *s, struct err *e)
{
	for (size_t i = 0; i < s->formats.n; i++)
		if (!lint_format_find(s->formats.v[i]))
			return err_set(e, ERR_INVALID, "format %s: none of %s",
				       s->formats.v[i], lint_format_names);
	return 0;
}

static int settle(struct session *s, const struct command_line *c,
		  struct err *e)
{
	if (lint_settings_environment(&s->settings, e) < 0 ||
	    lint_settings_file(&s->settings, s->config, e) < 0)
		return -1;
	merge(&s->settings, c);
	if (s->settings.formats.n == 0)
		*vec_push(&s->settings.formats) = "tty";
	if (check_formats(&s->settings, e) < 0)
		return -1;
	return lint_settings_apply(&s->settings, &s->options, &s->threshold, e);
}

/* Files. */

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

/* The fixed text takes the place of f's; where it goes is path's matter. */
static int fix_one(struct session *s, struct linted *f, const char *path,
		   struct err *e)
{
	SCOPED_BUF struct buf fixed = BUF_INIT(SOURCE_MAX_BYTES);
	size_t n = fix_text(&fixed, buf_str(&f->text), &f->options);
	struct buf old = f->text;

	if (s->diff) {
		if (n)
			s->unfixed = true;
		return show_diff(path, buf_str(&f->text), buf_str(&fixed), e);
	}
	f->text = fixed;
	fixed = old;
	if (strcmp(path, "-") == 0)
		return print_content(buf_str(&f->text)), 0;
	if (n == 0)
		return 0;
	if (s->settings.verbose)
		print_err("imgbuild: %s: %zu fixed\n", path, n);
	return io_write_output(path, buf_str(&f->text), e);
}

static void lint_one(struct session *s, const char *path)
{
	struct linted *f = xcalloc(1, sizeof(*f));
	struct err e;

	assert(path);
	*vec_push(&s->files) = f;
	f->options = s->options;
	f->text = BUF_INIT(SOURCE_MAX_BYTES);
	if (io_read_input(path, &f->text, &e) < 0) {
		(void)report(&e);
		s->failed = true;
		buf_release(&f->text);
		free(f);
		s->files.n--;
		return;
	}
	if (s->settings.verbose)
		print_err("imgbuild: linting %s\n", path);
	if (strcmp(path, "-") != 0)
		f->options.dockerignore =
			dockerignore_read(&f->arena, path, NULL);
	if ((s->fix || s->diff) && fix_one(s, f, path, &e) < 0) {
		(void)report(&e);
		s->failed = true;
	}
	source_init(&f->source, &f->arena, str_from(path), buf_str(&f->text));
	lint_begin(&f->file, &f->arena, &f->source, &f->options);
	lint_refusals(&f->file);
}

static bool wants_shellcheck(const struct session *s)
{
	return !s->no_shellcheck &&
	       lint_settings_shellcheck(&s->settings, &s->options);
}

/* Files are taken in batches: each is a call of shellcheck. */
enum { BATCH_MAX = 1000 };

static int run_shellcheck(struct session *s)
{
	SCOPED_PTR struct lint_file **files =
		xcalloc(s->files.n + 1, sizeof(struct lint_file *));
	struct err e;
	int result;

	for (size_t i = 0; i < s->files.n; i++)
		files[i] = &s->files.v[i]->file;
	result = lint_shellcheck(files, s->files.n, &e);
	if (result == 0) {
		print_err("imgbuild: note: there is no shellcheck "
			  "program: SC rules were skipped\n");
		s->no_shellcheck = true;
	}
	if (result < 0) {
		(void)report(&e);
		s->failed = true;
	}
	return result;
}

/* Report on the files at hand, and forget them. */
static int finish_batch(struct session *s, struct lint_outputs *outputs,
			struct err *e)
{
	if (s->files.n && wants_shellcheck(s))
		(void)run_shellcheck(s);
	for (size_t i = 0; i < s->files.n; i++) {
		struct lint_file *file = &s->files.v[i]->file;

		lint_finish(file);
		s->found |= lint_fails(file, s->threshold);
		if (lint_outputs_add(outputs, file, e) < 0)
			return -1;
	}
	forget_files(s);
	return 0;
}

/* stdout, unless the fixed text of stdin goes there. */
static int report_fd(const struct session *s)
{
	for (size_t i = 0; s->fix && i < s->paths.n; i++)
		if (strcmp(s->paths.v[i], "-") == 0)
			return STDERR_FILENO;
	return STDOUT_FILENO;
}

static int lint_files(struct session *s, struct lint_outputs *outputs,
		      struct err *e)
{
	if (lint_outputs_open(outputs, &s->settings, s->report_path,
			      report_fd(s), e) < 0)
		return -1;
	for (size_t i = 0; i < s->paths.n; i++) {
		lint_one(s, s->paths.v[i]);
		if ((!wants_shellcheck(s) || s->files.n == BATCH_MAX) &&
		    finish_batch(s, outputs, e) < 0)
			return -1;
	}
	if (finish_batch(s, outputs, e) < 0)
		return -1;
	return lint_outputs_commit(outputs, e);
}

static bool exits_0(const struct lint_settings *s)
{
	for (size_t i = 0; i < s->formats.n; i++)
		if (!lint_format_exits_0(lint_format_find(s->formats.v[i])))
			return false;
	return true;
}

static int lint_all(struct session *s)
{
	struct lint_outputs outputs = {0};
	struct err e;
	int status = EXIT_OK;

	if (lint_files(s, &outputs, &e) < 0)
		status = report(&e);
	lint_outputs_release(&outputs);
	if (status != EXIT_OK || s->failed)
		return EXIT_FAILED;
	if (s->settings.no_fail || exits_0(&s->settings))
		return EXIT_OK;
	return s->found ? EXIT_FAILED : EXIT_OK;
}

/* --diff: what --fix would do, and nothing else. */
static int diff_all(struct session *s)
{
	for (size_t i = 0; i < s->paths.n; i++) {
		lint_one(s, s->paths.v[i]);
		forget_files(s);
	}
	return s->unfixed || s->failed ? EXIT_FAILED : EXIT_OK;
}

/* The other things that the command does. */

static const char *severity_name(const struct rule *rule)
{
	static const char *const names[] = {"error", "warning", "info",
					    "style"};

	return rule->off || rule->experimental ? "off" : names[rule->severity];
}

static int list_rules(void)
{
	for (size_t i = 0; i < rules_n; i++)
		print_out("%-28s %-8s %s%s%s%s\n", rules[i].id,
			  severity_name(&rules[i]), rules[i].summary,
			  rules[i].alias ? " [" : "",
			  rules[i].alias ? rules[i].alias : "",
			  rules[i].alias ? "]" : "");
	return EXIT_OK;
}

static int explain_rule(const char *id)
{
	const struct rule *rule = rule_find(str_from(id));

	if (!rule && strncmp(id, "SC", 2) == 0) {
		print_out("%s is ShellCheck's: "
			  "https://www.shellcheck.net/wiki/%s\n",
			  id, id);
		return EXIT_OK;
	}
	if (!rule) {
		print_err("imgbuild: there is no rule %s; --list-rules "
			  "lists them\n",
			  id);
		return EXIT_MISTAKE;
	}
	print_out("%s%s%s (%s)\n%s\n%s%s", rule->id, rule->alias ? ", " : "",
		  rule->alias ? rule->alias : "", severity_name(rule),
		  rule->summary, rule->why, *rule->why ? "\n" : "");
	if (fix_title(rule->id))
		print_out("--fix%s: %s.\n",
			  fix_is_unsafe(rule->id) ? "=all" : "",
			  fix_title(rule->id));
	return EXIT_OK;
}

/* How much --fix or --diff is to mend; false after a mistake was printed. */
static bool take_grade(struct session *s)
{
	const char *grade = s->fix ? s->fix : s->diff;

	if (!grade || !*grade)
		return true;
	if (strcmp(grade, "all") != 0) {
		print_err("imgbuild: lint: --fix and --diff take no "
			  "value but all\n");
		return false;
	}
	s->options.unsafe_fixes = true;
	return true;
}

static int run(struct session *s, const struct command_line *c)
{
	struct err e;

	if (s->version) {
		print_out("imgbuild %s\n", IMGBUILD_VERSION);
		return EXIT_OK;
	}
	if (s->list_rules)
		return list_rules();
	if (s->explain)
		return explain_rule(s->explain);
	if (settle(s, c, &e) < 0) {
		(void)report(&e);
		return EXIT_FAILED;
	}
	if (s->fix && s->diff) {
		print_err("imgbuild: lint takes --fix or --diff, not "
			  "both\n");
		return EXIT_MISTAKE;
	}
	if (!take_grade(s))
		return EXIT_MISTAKE;
	if (s->arguments.n == 0) {
		print_err("imgbuild: lint needs a file, a folder or -\n");
		return EXIT_MISTAKE;
	}
	lint_files_find(
		&s->settings.arena, &s->arguments,
		&(struct lint_search){&s->settings.excludes, s->no_gitignore},
		&s->paths);
	return s->diff ? diff_all(s) : lint_all(s);
}

int cmd_lint(int argc, char **argv)
{
	struct session s = {0};
	struct command_line c = {0};
	int status = EXIT_OK;

	switch (parse_options(&s, &c, argc, argv)) {
	case OPTIONS_OK: status = run(&s, &c); break;
	case OPTIONS_HELP: break;
	case OPTIONS_WRONG: status = EXIT_MISTAKE; break;
	}
	lint_settings_release(&c.s);
	session_release(&s);
	return status;
}
