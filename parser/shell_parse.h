/*
 * What the two halves of the shell's parser share: words (shell_word.c) and
 * commands (shell.c), which hold each other. Internal to the parser.
 */
#ifndef PARSER_SHELL_PARSE_H
#define PARSER_SHELL_PARSE_H

#include "base/buf.h"
#include "base/vec.h"
#include "parser/shell.h"
#include "parser/shell_lex.h"

struct pending_heredoc {
	struct str name;
	bool strip_tabs;
};

struct shell_parser {
	struct arena *arena;
	const char *base;
	const char *p;
	const char *limit;
	unsigned depth;
	const char *bad_at; /* the first mistake; NULL */
	VEC(struct shell_command) commands;
	VEC(struct shell_word) words; /* of the commands being read: a stack */
	VEC(struct shell_pipe) pipes;
	VEC(struct span) reads;
	VEC(struct span) assigns;
	VEC(struct span) operators;
	VEC(struct span) blocks;
	VEC(struct pending_heredoc)
	heredocs;	 /* bodies after the next newline */
	struct buf text; /* of the words being read: a stack */
};

/* Note the first mistake and go to the end, where every loop stops. */
void shell_fail(struct shell_parser *s, const char *at);
/* One level deeper; false (and failed) where that is too deep. */
bool shell_enter(struct shell_parser *s);
uint32_t shell_offset(const struct shell_parser *s, const char *p);
enum shell_token shell_next(struct shell_parser *s, const char **start);

void shell_parse_list(struct shell_parser *s);
/* The same as a block. */
void shell_parse_block(struct shell_parser *s);
/* The word at start. *out is set even where it is bad. */
void shell_parse_word(struct shell_parser *s, const char *start,
		      struct shell_word *out);
/* Behind ((: the end of the expression, or NULL where it is none. */
const char *shell_arithmetic_end(const struct shell_parser *s);

#endif
