/*
 * The shell scripts in RUN lines: POSIX sh, and bash as far as it is met
 * there. The parser gives every simple command of a script, those in
 * substitutions too, in the order written; it does not run or expand anything.
 *
 * Reference: POSIX.1-2017 XCU 2.10 (grammar), bash(1) for [[ ]], (( )),
 * function, select, <<<, <( ), $' ', ;& and |&.
 */
#ifndef PARSER_SHELL_H
#define PARSER_SHELL_H

#include "base/arena.h"
#include "parser/dockerfile.h"
#include "parser/source.h"

#include <stdbool.h>

/* Spans are offsets into the script; shell_text_span gives the source's. */
struct shell_word {
	/*
	 * Without quotes and escapes. $name and ${name} stay as written, other
	 * expansions read "${}" and substitutions "$()".
	 */
	struct str text;
	struct span span;
	bool constant; /* nothing in it is expanded */
	bool quoted;   /* a part of it was quoted */
};

struct shell_command {
	const struct shell_word *words; /* the first is its name */
	size_t n_words;
	const struct shell_word *assignments; /* NAME=value before the name */
	size_t n_assignments;
	struct span span;
};

struct shell_pipe {
	struct span span; /* of the | */
	size_t n_before;  /* commands of the script that begin before it */
};

struct shell_script {
	const struct shell_command *commands;
	size_t n_commands;
	const struct shell_pipe *pipes;
	size_t n_pipes;
	const struct span *reads; /* names of variables that are expanded */
	size_t n_reads;
	const struct span *assigns; /* names of variables that NAME= sets */
	size_t n_assigns;
	const struct span *operators; /* && || | |& */
	size_t n_operators;
	/* Lists in compound commands and substitutions, one in another: up to
	 * the word or sign that ends each. */
	const struct span *blocks;
	size_t n_blocks;
	/* No shell could run it: commands that can't be read are missing. */
	bool bad;
	uint32_t bad_offset;
};

/* Deeper nesting than this makes a script bad. */
enum { SHELL_MAX_DEPTH = 100 };

/*
 * Parse text, which out borrows from. Never fails; takes time linear in the
 * text (times SHELL_MAX_DEPTH at worst) for any bytes.
 */
void shell_parse(struct arena *a, struct str text, struct shell_script *out);

/*
 * Sets separates[i] (of script.n, all false) where the blank at i only keeps
 * words apart: how many blanks there are means nothing. Some such blanks may
 * not be recognized; none is set in quotes or comments.
 */
void shell_find_blanks(struct str script, bool *separates);

/* Append script with each run of such blanks as one. */
void shell_add_normal(struct arena *a, struct buf *out, struct str script);

/* From text_offset on, a script's text comes from source_offset on. */
struct shell_segment {
	uint32_t text_offset;
	uint32_t source_offset;
};

/* A script and where its bytes stand in the Dockerfile. */
struct shell_text {
	struct str text;
	const struct shell_segment *segments;
	size_t n_segments; /* 0: whole is all that is known */
	struct span whole;
};

/*
 * The script of a command in shell form: its line with continuations joined,
 * or, for a line that is nothing but <<NAME, the heredoc's body.
 */
void shell_text_of_command(struct arena *a, const struct dockerfile *df,
			   const struct command *command,
			   struct shell_text *out);

/* Where part of the script stands in the source. */
struct span shell_text_span(const struct shell_text *text, struct span part);

#endif
