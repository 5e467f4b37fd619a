/*
 * The formatter: how a Dockerfile is laid out, and nothing of what it means.
 *
 *   - keywords and AS in upper case, ONBUILD's triggers as other instructions
 *   - one blank between the parts of an instruction, none at the ends of lines
 *   - lines that go on an instruction are one step in, all alike; in the script
 *     of a RUN, what stands in a compound command is one step more, and so is
 *     what goes on a command that began on a line of its own
 *   - no empty lines in an instruction, one at most between two; lines with
 *     nothing but the escape stay
 *   - comments between instructions at the margin, those in one with its lines
 *   - JSON arrays as ["a", "b"]
 *   - a newline at the end of the file
 *
 * Heredocs, and what is in quotes, stay as they are, and so do all lines
 * between "# fmt: off" and "# fmt: on". In the script of a RUN only blanks that
 * separate words are touched, and none at all where its shell is no POSIX
 * shell. An instruction with a mistake in it stays as it is.
 */
#ifndef LINT_FMT_H
#define LINT_FMT_H

#include "base/buf.h"
#include "parser/diag.h"

#include <stdbool.h>

/* Where && || and | stand that a script's lines are broken at. */
enum fmt_operators {
	FMT_OPERATORS_STAY,
	FMT_OPERATORS_FIRST, /* a line begins with them */
	FMT_OPERATORS_LAST,  /* a line ends with them */
};

enum fmt_newline {
	FMT_NEWLINE_STAYS, /* as the first line has it */
	FMT_NEWLINE_LF,
	FMT_NEWLINE_CRLF,
};

struct fmt_options {
	unsigned indent; /* columns of a step; 0: 4 */
	bool tabs;	 /* a step is a tab */
	enum fmt_newline newline;
	enum fmt_operators operators;
	struct span range; /* only what touches it; end 0: all */
};

enum { FMT_INDENT_MAX = 32 };

enum fmt_result {
	FMT_OK,
	FMT_MISTAKES, /* the file does not parse: they are in the diags */
	FMT_REFUSED,  /* the result would mean something else: a bug */
};

/*
 * Append source's text to out, formatted. What is read from out is checked to
 * be what was read from source; a second time nothing changes.
 */
enum fmt_result fmt_text(struct buf *out, const struct source *source,
			 const struct fmt_options *options,
			 struct diags *diags);

/* Append what a line begins with that is steps further in. */
void fmt_add_indent(struct buf *out, const struct fmt_options *options,
		    unsigned steps);

#endif
