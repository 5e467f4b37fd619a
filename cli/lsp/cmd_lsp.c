/*
 * imgbuild lsp: a language server on stdin and stdout (LSP 3.17). It reads a
 * message, answers it, and keeps nothing but the open documents; while it
 * waits, ShellCheck's findings come in.
 */
#include "cli/commands.h"

#include "cli/lsp/json.h"
#include "cli/lsp/server.h"
#include "cli/options.h"

#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

/* ShellCheck is run when nothing was typed for so long. */
enum { QUIET_MS = 150 };

static void start_shellcheck(struct lsp_server *s)
{
	struct lsp_document *doc =
		lsp_background_next(&s->background, &s->workspace.documents);

	if (!doc)
		return;
	doc->wants_shellcheck = false;
	if (!lint_settings_shellcheck(&s->settings, &s->options))
		return;
	lsp_document_lint(&s->workspace.documents, doc);
	lsp_background_start(&s->background, doc);
}

static void take_shellcheck(struct lsp_server *s)
{
	struct lsp_document *doc =
		lsp_background_take(&s->background, &s->workspace.documents);

	if (!doc)
		return;
	lsp_publish(s, doc);
	if (s->pulls)
		lsp_send_request(s, "imgbuild-refresh",
				 "workspace/diagnostic/refresh", json_null());
}

static void wait_for_input(void *ctx)
{
	struct lsp_server *s = ctx;

	for (;;) {
		struct pollfd fds[] = {
			{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = s->background.fd, .events = POLLIN},
		};
		bool starts = s->background.pid == 0 &&
			      lsp_background_next(&s->background,
						  &s->workspace.documents);
		int n = poll(fds, ARRAY_LEN(fds), starts ? QUIET_MS : -1);

		if (fds[0].revents || s->broken)
			return;
		if (n == 0)
			start_shellcheck(s);
		else if (n > 0 && fds[1].revents)
			take_shellcheck(s);
	}
}

static int serve(struct lsp_server *s)
{
	SCOPED_BUF struct buf text = BUF_INIT(LSP_MAX_BYTES);
	struct err e;

	while (!s->done && !s->broken) {
		switch (lsp_wire_read(&s->wire, &text, &e)) {
		case LSP_MESSAGE: lsp_take_message(s, buf_str(&text)); break;
		case LSP_TOO_LARGE:
			lsp_refuse_message(s, "the message is too large");
			break;
		case LSP_END: return s->shut_down ? EXIT_OK : EXIT_FAILED;
		case LSP_BROKEN: return report(&e);
		}
	}
	return s->shut_down && !s->broken ? EXIT_OK : EXIT_FAILED;
}

static void release(struct lsp_server *s)
{
	lsp_wire_release(&s->wire);
	lsp_background_release(&s->background);
	lsp_documents_release(&s->workspace.documents);
	lint_settings_release(&s->settings);
	json_decref(s->settings_json);
}

int cmd_lsp(int argc, char **argv)
{
	struct lsp_server s = {0};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_STRING, &s.config, "FILE",
		 "the linter's config file (default: the workspace's)"},
	};
	const struct command_help help = {
		"imgbuild lsp [OPTIONS]",
		"Serves an editor on stdin and stdout: findings, fixes, "
		"completion, names, formatting\nand more of the Dockerfiles "
		"that it has open.",
		rows,
		ARRAY_LEN(rows),
		0,
		0};
	string_list arguments = {0};
	int status = EXIT_OK;

	s.workspace.documents.options = &s.options;
	s.workspace.settings = &s.settings;
	lsp_background_init(&s.background);
	lsp_wire_init(&s.wire, STDIN_FILENO, STDOUT_FILENO, wait_for_input, &s);
	switch (options_parse(&help, argc, argv, &arguments)) {
	case OPTIONS_OK:
		/* an editor that is gone is an error of writing */
		(void)signal(SIGPIPE, SIG_IGN);
		status = serve(&s);
		break;
	case OPTIONS_HELP: break;
	case OPTIONS_WRONG: status = EXIT_MISTAKE; break;
	}
	vec_release(&arguments);
	release(&s);
	return status;
}
