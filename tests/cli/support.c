#include "tests/cli/support.h"

#include "base/io.h"
#include "cli/commands.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* As cli/main.c has it, which is not linked here. */
int report(const struct err *e)
{
	fprintf(stderr, "imgbuild: %s\n", e->msg);
	return EXIT_FAILED;
}

void command_line_make(struct command_line *c, const char *text)
{
	char *rest;
	char *word;

	*c = (struct command_line){.text = xstrdup(text)};
	rest = c->text;
	while ((word = strsep(&rest, " "))) {
		assert_true(c->argc < ARGV_MAX);
		c->argv[c->argc++] = strcmp(word, "''") == 0 ? word + 2 : word;
	}
}

void command_line_release(struct command_line *c)
{
	free(c->text);
}

void capture(struct captured *c, int fd)
{
	c->fd = fd;
	(void)fflush(NULL);
	c->saved = fcntl(fd, F_DUPFD_CLOEXEC, 10);
	c->file = memfd_create("captured", MFD_CLOEXEC);
	assert_true(c->saved >= 0 && c->file >= 0);
	assert_true(dup2(c->file, fd) >= 0);
}

void captured_read(struct captured *c, struct buf *out)
{
	struct err e;

	(void)fflush(NULL);
	assert_true(dup2(c->saved, c->fd) >= 0);
	(void)close(c->saved);
	assert_int_equal(lseek(c->file, 0, SEEK_SET), 0);
	assert_ok(io_read_fd(c->file, out, "captured", &e));
	(void)close(c->file);
}
