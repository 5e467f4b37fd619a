/*
 * What the tests of cli/ share: a command line as text, and what was printed.
 */
#ifndef TESTS_CLI_SUPPORT_H
#define TESTS_CLI_SUPPORT_H

#include "tests/base/support.h"

enum { ARGV_MAX = 32 };

/* Words that single blanks part; '' is an empty one. */
struct command_line {
	char *text;
	char *argv[ARGV_MAX + 1];
	int argc;
};
void command_line_make(struct command_line *c, const char *text);
void command_line_release(struct command_line *c);
#define SCOPED_COMMAND SCOPED(command_line_release) struct command_line

/* Standard output or error goes to a file until it is read. */
struct captured {
	int fd; /* 1 or 2 */
	int saved;
	int file;
};
void capture(struct captured *c, int fd);
/* Give the stream back; what was printed is appended to out. */
void captured_read(struct captured *c, struct buf *out);

#endif
