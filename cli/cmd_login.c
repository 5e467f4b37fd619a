/* login and logout: credentials for a registry, kept where docker keeps them.
 */
#include "cli/commands.h"

#include "base/io.h"
#include "cli/cancel.h"
#include "cli/options.h"
#include "cli/print.h"
#include "registry/client.h"
#include "registry/credentials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { SECRET_MAX_BYTES = 64 << 10 };

struct login {
	struct arena arena;
	string_list arguments;
	string_list insecure;
	const char *user;
	char *password; /* of the command line; wiped once it is read */
	bool password_stdin;
};

static void login_release(struct login *l)
{
	vec_release(&l->arguments);
	vec_release(&l->insecure);
	arena_release(&l->arena);
}

/* "https://HOST/v1/" is what docker calls some. */
static struct str host_of(const struct login *l)
{
	struct str host = STR("docker.io");
	struct str path;

	if (l->arguments.n)
		auth_key_parse(str_from(l->arguments.v[0]), &host, &path);
	return host;
}

/* One line from the terminal, or stdin where there is none. */
static int ask(struct arena *a, const char *prompt, bool hidden,
	       struct str *out, struct err *e)
{
	struct termios shown;
	bool is_terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
	char line[1024];

	if (!is_terminal)
		return err_set(
			e, ERR_INVALID,
			"stdin is no terminal to ask on: give --username "
			"and --password-stdin");
	print_err("%s: ", prompt);
	if (hidden) {
		struct termios quiet = shown;

		quiet.c_lflag &= ~(tcflag_t)ECHO;
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	line[0] = '\0';
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	if (hidden) {
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
		fputc('\n', stderr);
	}
	*out = arena_str(a, str_trim(str_from(line)));
	return out->n ? 0 : err_set(e, ERR_INVALID, "no %s", prompt);
}

/* All of stdin but the end of its line. */
static int read_password(struct arena *a, struct str *out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(SECRET_MAX_BYTES);
	struct str s;

	if (io_read_fd(STDIN_FILENO, &text, "the password", e) < 0)
		return -1;
	s = buf_str(&text);
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	*out = arena_str(a, s);
	return out->n ? 0 : err_set(e, ERR_INVALID, "stdin has no password");
}

static int get_credential(struct login *l, struct credential *c, struct err *e)
{
	struct arena *a = &l->arena;

	*c = (struct credential){0};
	if (l->password_stdin && !l->user)
		return err_set(e, ERR_INVALID,
			       "--password-stdin needs --username");
	if (l->user)
		c->user = str_from(l->user);
	else if (ask(a, "Username", false, &c->user, e) < 0)
		return -1;
	if (l->password_stdin)
		return read_password(a, &c->password, e);
	if (!l->password)
		return ask(a, "Password", true, &c->password, e);
	print_err("imgbuild: --password is seen by others on this "
		  "machine; --password-stdin is not\n");
	c->password = arena_str(a, str_from(l->password));
	memset(l->password, 'x', strlen(l->password));
	return 0;
}

static struct registry *open_client(struct login *l)
{
	struct registry_options opt = {.cancel_fd = cancel_on_signals()};

	for (size_t i = 0; i < l->insecure.n; i++)
		opt.insecure = str_list_add(&l->arena, opt.insecure,
					    str_from(l->insecure.v[i]));
	return registry_open(&opt);
}

static int log_in(struct login *l, struct credential *c, struct err *e)
{
	struct str host = host_of(l);
	struct registry *r = open_client(l);
	struct str where;
	int result = registry_login(r, &l->arena, host, c, e);
	registry_close(r);
	if (result < 0)
		return -1;
	if (credentials_store(&l->arena, host, c, &where, e) < 0)
		return -1;
	print_out("logged in to %.*s, kept in %.*s\n", STR_ARG(host),
		  STR_ARG(where));
	return 0;
}

static int begin(struct login *l, const struct command_help *help, int argc,
		 char **argv, int *status)
{
	switch (options_parse(help, argc, argv, &l->arguments)) {
	case OPTIONS_OK: return 1;
	case OPTIONS_HELP: *status = EXIT_OK; break;
	case OPTIONS_WRONG: *status = EXIT_MISTAKE; break;
	}
	return 0;
}

int cmd_login(int argc, char **argv)
{
	SCOPED(login_release) struct login l = {0};
	const struct option_row rows[] = {
		{"insecure-registry", 0, OPTION_LIST, &l.insecure,
		 "HOST[:PORT]", "without TLS, or with any certificate"},
		{"password", 'p', OPTION_STRING, &l.password, "PASSWORD",
		 "better: --password-stdin, which nobody else sees"},
		{"password-stdin", 0, OPTION_FLAG, &l.password_stdin, NULL,
		 "read the password from stdin"},
		{"username", 'u', OPTION_STRING, &l.user, "NAME",
		 "else it is asked for"},
	};
	const struct command_help help = {
		"imgbuild login [OPTIONS] [HOST[:PORT]]",
		"Checks a user name and password with a registry (docker.io "
		"where none is named)\nand keeps them where docker does: in "
		"config.json, or with its credential helper.",
		rows,
		ARRAY_LEN(rows),
		0,
		1};
	struct credential c;
	struct err e;
	int status = EXIT_OK;

	if (!begin(&l, &help, argc, argv, &status))
		return status;
	if (get_credential(&l, &c, &e) < 0) {
		(void)report(&e);
		return EXIT_MISTAKE;
	}
	return log_in(&l, &c, &e) < 0 ? report(&e) : EXIT_OK;
}

int cmd_logout(int argc, char **argv)
{
	SCOPED(login_release) struct login l = {0};
	const struct command_help help = {
		"imgbuild logout [HOST[:PORT]]",
		"Forgets the credentials for a registry (docker.io where none "
		"is named).",
		NULL,
		0,
		0,
		1};
	struct str host;
	struct err e;
	int erased;
	int status = EXIT_OK;

	if (!begin(&l, &help, argc, argv, &status))
		return status;
	host = host_of(&l);
	erased = credentials_erase(&l.arena, host, &e);
	if (erased < 0)
		return report(&e);
	print_out(erased ? "logged out of %.*s\n" : "not logged in to %.*s\n",
		  STR_ARG(host));
	return EXIT_OK;
}
