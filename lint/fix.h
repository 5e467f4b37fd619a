/*
 * Fixes: for some rules, how a finding is mended, as edits of the text.
 *
 * A fix is offered only where it is safe to make without a look: it changes
 * what the rule is about and nothing else, and the rule is then content.
 */
#ifndef LINT_FIX_H
#define LINT_FIX_H

#include "lint/edit.h"
#include "lint/lint.h"

struct lint;

/* "Add -y to the command", or NULL where the rule of that id has no fix. */
const char *fix_title(const char *id);

/* Attach fixes to l's findings, where their rules have one. */
void fixes_attach(struct lint *l);

/*
 * Append text to out with everything fixed that options let be found. What a
 * fix uncovers is fixed too, so that a second call changes nothing. Returns the
 * number of fixes.
 */
size_t fix_text(struct buf *out, struct str text,
		const struct lint_options *options);

#endif
