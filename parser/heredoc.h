/*
 * Heredocs: finding them on an instruction's line and reading their bodies.
 * Internal to the parser. Reference: BuildKit parser/parser.go (ParseHeredoc,
 * heredocsFromLine).
 */
#ifndef PARSER_HEREDOC_H
#define PARSER_HEREDOC_H

#include "parser/line.h"

/* << stands somewhere in s: quick, to look no further where it does not. */
bool heredoc_possible(struct str s);

/*
 * word as it stands, quotes in it, is [0-9]* "<<" "-"? name. True with *out's
 * name, expand, strip_tabs and fd set.
 */
bool heredoc_parse_word(struct arena *a, struct str word, struct heredoc *out);

/*
 * Find the heredocs on line and read their bodies from r, which moves behind
 * the last delimiter. False where one is not closed (noted in the diags).
 */
bool heredocs_read(struct line_reader *r, const struct logical_line *line,
		   struct heredocs *out);

#endif
