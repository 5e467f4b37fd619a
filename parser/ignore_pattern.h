/*
 * One pattern of a .dockerignore file, compiled. Internal to the parser.
 *
 * moby/patternmatcher turns a pattern into a regular expression of Go, with
 * three short cuts (an exact path, a prefix, a suffix). What that expression
 * matches, its oddities included, is what this matches: "[^a]" takes a slash,
 * and "*" inside brackets is not itself.
 */
#ifndef PARSER_IGNORE_PATTERN_H
#define PARSER_IGNORE_PATTERN_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

struct ignore_pattern; /* in the arena */

/* text is clean and without its "!". -1 with ERR_INVALID for a malformed one.
 */
int ignore_pattern_parse(struct arena *a, struct str text,
			 const struct ignore_pattern **out, struct err *e);

bool ignore_pattern_match(const struct ignore_pattern *p, struct str path);

/* Some path below directory may match. False only where none can. */
bool ignore_pattern_may_match_below(const struct ignore_pattern *p,
				    struct str directory);

#endif
