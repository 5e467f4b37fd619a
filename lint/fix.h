/*
 * Fixes: for some rules, how a finding is mended, as edits of the text.
 *
 * A fix changes what the rule is about and nothing else, and the rule is then
 * content. Most are safe to make without a look. An unsafe one may change what
 * the image has in it: it is offered, and made only where options ask for it.
 */
#ifndef LINT_FIX_H
#define LINT_FIX_H

#include "lint/edit.h"
#include "lint/lint.h"

#include <stdbool.h>

struct lint;

/* "Add -y to the command", or NULL where the rule of that id has no fix. */
const char *fix_title(const char *id);
bool fix_is_unsafe(const char *id);

/* Attach fixes to l's findings, where their rules have one. */
void fixes_attach(struct lint *l);

/*
 * Append text to out with everything fixed that options let be found, unsafely
 * where they have unsafe_fixes. What a
 * fix uncovers is fixed too, so that a second call changes nothing. Returns the
 * number of fixes.
 */
size_t fix_text(struct buf *out, struct str text,
		const struct lint_options *options);

#endif
