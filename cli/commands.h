/*
 * The commands: one cmd_*.c each. argv[0] is the command's name. Each returns
 * the exit status: 0, 1 for what failed, 2 for a mistake of the user's.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "base/buf.h"
#include "base/err.h"

enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,
	EXIT_MISTAKE = 2,
};

int cmd_build(int argc, char **argv);
int cmd_copy(int argc, char **argv);
int cmd_fmt(int argc, char **argv);
int cmd_history(int argc, char **argv);
int cmd_images(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_lint(int argc, char **argv);
int cmd_load(int argc, char **argv);
int cmd_login(int argc, char **argv);
int cmd_logout(int argc, char **argv);
int cmd_lsp(int argc, char **argv);
int cmd_parse(int argc, char **argv);
int cmd_pull(int argc, char **argv);
int cmd_push(int argc, char **argv);
int cmd_rmi(int argc, char **argv);
int cmd_save(int argc, char **argv);
int cmd_shell(int argc, char **argv);
int cmd_tag(int argc, char **argv);
int cmd_why(int argc, char **argv);

/* Print "imgbuild: <message>" on stderr; returns EXIT_FAILED. */
int report(const struct err *e);
/* The same as text. */
void report_add(struct buf *out, const struct err *e);

#endif
