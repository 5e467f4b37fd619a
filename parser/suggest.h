/* "Did you mean": the nearest of a list of known names. */
#ifndef PARSER_SUGGEST_H
#define PARSER_SUGGEST_H

#include "base/str.h"

/*
 * The name nearest to word, letters compared without case, or NULL where none
 * is near: at most a third of the letters may differ, and never all of them.
 * Swapped neighbours count as one difference.
 */
const char *suggest(struct str word, const char *const *names, size_t n_names);

#endif
