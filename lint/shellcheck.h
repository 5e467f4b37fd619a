/*
 * Scripts as the shellcheck program reads them, and its places in them as
 * places in the Dockerfile. Running it is the caller's.
 */
#ifndef LINT_SHELLCHECK_H
#define LINT_SHELLCHECK_H

#include "lint/lint.h"

/* Whether shellcheck knows the script's shell at all. */
bool shellcheck_knows(const struct lint_script *script);

/*
 * Append the script with its shell named and its variables exported; line 1 of
 * the script proper is line *first_line of the text.
 */
void shellcheck_text(struct buf *out, const struct lint_script *script,
		     unsigned *first_line);

/* Lines and columns of the script proper, from 1; columns count characters. */
struct span shellcheck_span(const struct lint_script *script, unsigned line,
			    unsigned column, unsigned end_line,
			    unsigned end_column);

#endif
