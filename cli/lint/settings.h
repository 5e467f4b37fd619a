/*
 * What the linter is told to do: by the environment, a config file and the
 * command line, in that order. Lists are joined, other values replaced.
 */
#ifndef CLI_LINT_SETTINGS_H
#define CLI_LINT_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "cli/options.h"
#include "lint/lint.h"

struct lint_settings {
	struct arena arena; /* holds every string */
	string_list selected;
	string_list ignored;
	string_list overrides[4]; /* by enum diag_severity */
	string_list trusted;
	string_list labels; /* "name:kind" */
	string_list formats;
	string_list outputs; /* in pairs with formats; "" and "-": stdout */
	string_list excludes;
	const char *path;	   /* of the config file that was read; NULL */
	const char *threshold;	   /* NULL: info */
	const char *preset;	   /* NULL: all */
	const char *rules_version; /* NULL: the newest */
	const char *shell_check;   /* "false": don't run shellcheck */
	bool strict_labels;
	bool no_color;
	bool no_fail;
	bool disable_pragmas;
	bool verbose;
};

void lint_settings_release(struct lint_settings *s);

/* HADOLINT_*, NO_COLOR. Fails with ERR_INVALID. */
int lint_settings_environment(struct lint_settings *s, struct err *e);

/*
 * Read the YAML in text, which name names in messages. Fails with ERR_INVALID
 * "NAME:LINE: KEY: ...".
 */
int lint_settings_yaml(struct lint_settings *s, struct str text,
		       const char *name, struct err *e);

/*
 * Read the file at path or, where path is NULL, the first that exists of
 * .imgbuild.yaml, .hadolint.yaml and hadolint's other places.
 */
int lint_settings_file(struct lint_settings *s, const char *path,
		       struct err *e);

/* As options of the linter and a threshold. Fails with ERR_INVALID. */
int lint_settings_apply(struct lint_settings *s, struct lint_options *out,
			enum diag_severity *threshold, struct err *e);

/* Whether ShellCheck is to be run, as far as settings say. */
bool lint_settings_shellcheck(const struct lint_settings *s,
			      const struct lint_options *options);

#endif
