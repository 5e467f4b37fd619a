/*
 * The formatter: how a Dockerfile is laid out, and nothing of what it means.
 *
 *   - keywords and AS in upper case
 *   - one blank between the parts of an instruction, none at the ends of lines
 *   - lines that go on an instruction are four columns in; those that were
 *     further in stay that much further in
 *   - no empty lines in an instruction, one at most between two
 *   - JSON arrays as ["a", "b"]
 *   - a newline at the end of the file
 *
 * Comments, heredocs, and what is in quotes stay as they are. In the script of
 * a RUN only blanks that separate words are touched, and none at all where its
 * shell is no POSIX shell.
 */
#ifndef LINT_FMT_H
#define LINT_FMT_H

#include "base/buf.h"
#include "parser/diag.h"

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
			 struct diags *diags);

#endif
