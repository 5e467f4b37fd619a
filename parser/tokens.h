/*
 * The lexer's result as text, for golden tests and for people who wonder what
 * the parser sees: one logical line after the other, cut into its pieces.
 *
 *   3:1 line "RUN --mount=type=cache,target=/x make"
 *   3:1 keyword "RUN"
 *   3:5 flag "--mount=type=cache,target=/x"
 *   3:34 arguments "make"
 *   3:34 word "make"
 */
#ifndef PARSER_TOKENS_H
#define PARSER_TOKENS_H

#include "base/buf.h"
#include "parser/source.h"

void tokens_dump(struct buf *out, const struct source *src);

#endif
