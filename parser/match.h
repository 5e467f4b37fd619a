/*
 * Patterns of names in COPY and ADD: Go's path/filepath.Match on Unix
 * (* ? [a-z] [^a-z] and backslash; * and ? never match a slash, [^a] does).
 */
#ifndef PARSER_MATCH_H
#define PARSER_MATCH_H

#include "base/str.h"

#include <stdbool.h>

enum match_result {
	MATCH_NO,
	MATCH_YES,
	MATCH_BAD_PATTERN,
};

/* Linear in name for a pattern with one *, never exponential. */
enum match_result match_name(struct str pattern, struct str name);

/* BuildKit's containsWildcards: * ? or [ that no backslash escapes. */
bool match_has_wildcard(struct str pattern);

#endif
