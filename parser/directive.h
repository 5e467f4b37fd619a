/* The lexer for directives: "# name = value". Internal to the parser. */
#ifndef PARSER_DIRECTIVE_H
#define PARSER_DIRECTIVE_H

#include "base/str.h"

#include <stdbool.h>

/* line is without its end. True with *name and *value where it has the form. */
bool directive_parse(struct str line, struct str *name, struct str *value);

#endif
