/*
 * The lexers that cut an instruction's line into pieces. Every piece is a
 * part of the line; nothing is copied. Internal to the parser.
 */
#ifndef PARSER_ARGUMENT_H
#define PARSER_ARGUMENT_H

#include "base/arena.h"
#include "base/str.h"

#include <stdbool.h>

/*
 * The next --flag at the beginning of *rest, quotes and escapes still in it,
 * into *flag; *rest moves behind it. False where no flag comes; a bare --
 * ends the flags and is dropped.
 */
bool argument_flag(struct str *rest, char escape, struct str *flag);

/* flag without its quotes and escapes; flag itself where it has none. */
struct str argument_unquote(struct arena *a, struct str flag, char escape);

/* The next word of ENV, LABEL and ARG: cut at blanks outside quotes. */
bool argument_word(struct str *rest, char escape, struct str *word);

/* The next word of COPY, EXPOSE, FROM...: cut at blanks, quoted or not. */
bool argument_blank(struct str *rest, struct str *word);

#endif
