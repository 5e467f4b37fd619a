/*
 * Two terminals joined: the user's, and that of a command.
 */
#ifndef BUILDER_SANDBOX_TERMINAL_H
#define BUILDER_SANDBOX_TERMINAL_H

#include "base/err.h"
#include "builder/sandbox/executor.h"

#include <stdbool.h>
#include <sys/ioctl.h>
#include <termios.h>

struct terminal {
	struct run_terminal user;
	int fd; /* the command's terminal, its other end; owned; -1: none */
	bool raw;
	struct termios before;
	struct winsize size;
};

#define TERMINAL_NONE ((struct terminal){.fd = -1})

/* How often to call terminal_follow_size. */
enum { TERMINAL_SIZE_MS = 200 };

/*
 * Join user with the terminal whose other end fd is. The user's keys all go to
 * the command from then on.
 */
int terminal_join(struct terminal *t, const struct run_terminal *user, int fd,
		  struct err *e);
/* The user's terminal is again as it was. */
void terminal_release(struct terminal *t);

/* Both: false where there is nothing more to come. */
bool terminal_pass_keys(struct terminal *t);
bool terminal_pass_output(struct terminal *t);
void terminal_follow_size(struct terminal *t);

/* The descriptor that a child sent by SCM_RIGHTS; -1 where it sent none. */
int terminal_receive(int socket_fd);

#endif
