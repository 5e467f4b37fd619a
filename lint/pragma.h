/*
 * Comments that steer the linter.
 *
 *   # hadolint ignore=ID,ID # why          the instruction below (or around)
 *   # hadolint stage ignore=ID             the stage whose FROM is below
 *   # hadolint global ignore=ID            the file
 *   # hadolint shell=NAME                  what follows, up to the next stage
 *   # check=skip=ID,ID|all;error=true;experimental=ID|all
 *                                          the file as directive, else as
 * ignore
 */
#ifndef LINT_PRAGMA_H
#define LINT_PRAGMA_H

#include "lint/lint.h"

/* In f->pragmas they stand in this order, and by place within. */
enum pragma_scope {
	PRAGMA_OF_FILE,
	PRAGMA_OF_STAGE,
	PRAGMA_OF_INSTRUCTION,
	PRAGMA_SCOPE_N,
};

enum pragma_kind {
	PRAGMA_IGNORE,
	PRAGMA_SHELL,
	PRAGMA_EXPERIMENTAL, /* ids are checks to run */
};

struct lint_pragma {
	enum pragma_kind kind;
	enum pragma_scope scope;
	struct span comment;
	struct span range;	 /* findings that begin here are meant */
	struct lint_strings ids; /* "all" is every one of BuildKit's */
	struct str shell;
	bool hadolint; /* in hadolint's form */
};

/* Read f's comments, directives and options.check into f. */
void pragmas_read(struct lint_file *f);
/* f has a pragma that ignores diag. */
bool pragmas_ignore(const struct lint_file *f, const struct diag *diag);
/* The file asks for this experimental check. */
bool pragmas_enable(const struct lint_file *f, const char *id);

/* id is among ids, in any case. */
bool ids_have(const struct lint_strings *ids, const char *id);

#endif
