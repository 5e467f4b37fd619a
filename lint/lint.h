/*
 * The linter: hadolint's rules and BuildKit's checks over one Dockerfile.
 *
 * A finding is a struct diag. One that both sets know has hadolint's id and
 * BuildKit's as alias. Nothing here prints, or reads files.
 */
#ifndef LINT_LINT_H
#define LINT_LINT_H

#include "parser/diag.h"
#include "parser/dockerfile.h"
#include "parser/ignore.h"
#include "parser/shell.h"

#include <stdbool.h>

enum label_kind {
	LABEL_TEXT,
	LABEL_RFC3339,
	LABEL_SEMVER,
	LABEL_URL,
	LABEL_HASH,
	LABEL_SPDX,
	LABEL_EMAIL,
	LABEL_KIND_N,
};

struct lint_label {
	struct str name;
	enum label_kind kind;
};

struct lint_strings {
	const struct str *v;
	size_t n;
};

enum lint_set {
	LINT_HADOLINT = 1,
	LINT_BUILDKIT = 2,
	LINT_ALL = 3,
};

struct lint_foreign {
	struct span span;
	struct str name;
	struct str found; /* "linux/amd64" */
	struct str wanted;
};

/* Everything is borrowed and outlives the files that are linted with it. */
struct lint_options {
	enum lint_set set;
	unsigned rules_version;		  /* leave out newer rules; 0: none */
	struct lint_strings selected;	  /* where any, only these ids run */
	struct lint_strings ignored;	  /* ids */
	struct lint_strings overrides[4]; /* ids, by their enum diag_severity */
	struct lint_strings trusted; /* registries; "*" stands for anything */
	const struct lint_label *labels; /* the label schema */
	size_t n_labels;
	bool strict_labels;
	bool disable_pragmas;
	bool experimental; /* run BuildKit's experimental checks */
	bool fixes;	   /* attach fixes to findings */
	bool unsafe_fixes; /* fix_text makes those, too */
	struct str check;  /* as "# check=" gives it: skip=A;error=true */
	/* The context's .dockerignore; NULL where it is not known. */
	const struct ignore *dockerignore;
	/* Images that are for another platform; who has none at hand knows of
	 * none. */
	const struct lint_foreign *foreign;
	size_t n_foreign;
};

/* Variables that are set: a stage's own, and those of the stage below it. */
struct lint_names {
	const struct str *v;
	size_t n;
	const struct lint_names *base; /* NULL */
};

/* A script that a shell will run, for ShellCheck. */
struct lint_script {
	const struct instruction *instruction;
	struct shell_text text;
	struct str shell; /* its path or name: "/bin/bash" */
	struct lint_names names;
};

struct lint_pragma; /* internal */

/* One file and what was found in it. */
struct lint_file {
	struct arena *arena;
	const struct source *source;
	const struct lint_options *options;
	const struct dockerfile *dockerfile;
	struct diags diags;
	const struct lint_script *scripts;
	size_t n_scripts;
	const struct lint_pragma *pragmas;
	size_t n_pragmas;
	size_t pragmas_of_stages;	/* where those begin */
	size_t pragmas_of_instructions; /* likewise; first come the file's */
	bool check_error; /* "check=error=true": BuildKit's findings are errors
			   */
};

/*
 * Parse source and run the rules. More findings may then be added with
 * diag_add to f->diags, before lint_finish.
 */
void lint_begin(struct lint_file *f, struct arena *a,
		const struct source *source,
		const struct lint_options *options);
/* Drop what is ignored, set severities as overridden, sort by place. */
void lint_finish(struct lint_file *f);
void lint_release(struct lint_file *f);

/* The exit status asks: a finding at or above threshold, or a failed check. */
bool lint_fails(const struct lint_file *f, enum diag_severity threshold);

/* Whether ShellCheck's code (as 2187) says nothing about Dockerfiles. */
bool lint_shellcheck_excluded(unsigned code);

/* "text", "rfc3339", ...; false for any other. */
bool lint_label_kind(struct str name, enum label_kind *out);

#endif
