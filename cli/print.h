/*
 * What commands print: on stdout and stderr, made safe for a terminal by
 * text.h; and whether it got there.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/str.h"
#include "cli/text.h"

/* Lines for stdout and stderr. */
__attribute__((format(printf, 1, 2))) void print_out(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void print_err(const char *fmt, ...);
/* Text that is made already. */
void print_text(struct str text, enum text_as as);
void print_messages(struct str text, enum text_as as);
/*
 * The content of a file, for stdout: byte for byte, unless that is a terminal.
 */
void print_content(struct str content);
/*
 * At the end of a command that comes to status: what was printed on stdout is
 * written. EXIT_FAILED, with a message, where it could not be.
 */
int print_end(int status);

#endif
