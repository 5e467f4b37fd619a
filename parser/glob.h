/*
 * The patterns of ${name#pattern} and its kin: * and ?, which match any
 * characters but a newline, and a backslash before * ? \ } or /.
 *
 * BuildKit turns them into regular expressions of Go; what those match, these
 * match. Reference: shell/lex.go, convertShellPatternToRegex.
 */
#ifndef PARSER_GLOB_H
#define PARSER_GLOB_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * All of these take what they do off *steps, about one for each character that
 * is looked at, and fail with ERR_LIMIT where none is left.
 */

/*
 * Set *out to value without the shortest (or, greedy, the longest) part at its
 * beginning that pattern matches; to value itself where none does.
 * -1 with ERR_INVALID for a bad pattern.
 */
int glob_trim_prefix(struct str pattern, struct str value, bool greedy,
		     size_t *steps, struct str *out, struct err *e);
int glob_trim_suffix(struct str pattern, struct str value, bool greedy,
		     size_t *steps, struct str *out, struct err *e);

/* Append value to out with the first match replaced, as it is. */
int glob_replace(struct buf *out, struct str pattern, struct str value,
		 struct str replacement, size_t *steps, struct err *e);

/*
 * The same for every match. Here a $ in replacement means something to Go: $0
 * is what matched, any other $name is nothing, $$ is a dollar.
 */
int glob_replace_all(struct buf *out, struct str pattern, struct str value,
		     struct str replacement, size_t *steps, struct err *e);

#endif
