#include "cli/print.h"

#include "base/mem.h"
#include "cli/commands.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first errno of stdout, which stdio forgets. */
static int out_error;

static void put(FILE *to, struct str s)
{
	if (s.n && fwrite(s.p, 1, s.n, to) < s.n && to == stdout && !out_error)
		out_error = errno;
}

static void put_as(FILE *to, struct str text, enum text_as as)
{
	/* each byte may become an escape of 6 */
	SCOPED_BUF struct buf safe = BUF_INIT(12 * text.n + 4096);

	text_add(&safe, text, as);
	put(to, buf_str(&safe));
}

static void put_format(FILE *to, const char *fmt, va_list args)
{
	SCOPED_PTR char *text = xvasprintf(fmt, args);

	put_as(to, str_from(text), TEXT_LINES);
}

void print_out(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_format(stdout, fmt, args);
	va_end(args);
}

void print_err(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	put_format(stderr, fmt, args);
	va_end(args);
}

void print_text(struct str text, enum text_as as)
{
	put_as(stdout, text, as);
}

void print_messages(struct str text, enum text_as as)
{
	put_as(stderr, text, as);
}

void print_content(struct str content)
{
	if (isatty(STDOUT_FILENO))
		put_as(stdout, content, TEXT_LINES);
	else
		put(stdout, content);
}

int print_end(int status)
{
	if (fflush(stdout) != 0 && !out_error)
		out_error = errno;
	/* some file systems say only now that there is no room */
	if (close(STDOUT_FILENO) < 0 && !out_error)
		out_error = errno;
	if (!out_error)
		return status;
	print_err("imgbuild: stdout: %s\n", strerror(out_error));
	return status == EXIT_OK ? EXIT_FAILED : status;
}
