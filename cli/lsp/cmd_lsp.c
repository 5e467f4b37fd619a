/*
 * imgbuild lsp: a language server on stdin and stdout (LSP 3.17). It reads a
 * message, answers it, and keeps nothing but the open documents.
 */
#include "cli/commands.h"

#include "base/io.h"
#include "cli/lint/settings.h"
#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "cli/lsp/wire.h"
#include "cli/options.h"
#include "cli/version.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* JSON-RPC's error codes, and LSP's. */
enum {
	PARSE_ERROR = -32700,
	INVALID_REQUEST = -32600,
	METHOD_NOT_FOUND = -32601,
	INVALID_PARAMS = -32602,
	REQUEST_FAILED = -32803,
	NOT_INITIALIZED = -32002,
};

struct server {
	struct lsp_wire wire;
	struct lint_settings settings;
	struct lint_options options;
	struct lsp_documents documents;
	const char *config;
	bool initialized;
	bool shut_down;
	bool done;   /* exit came */
	bool broken; /* stdout can't be written */
};

/* Sending. Each function takes the JSON that it is given. */

static void send_json(struct server *s, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	struct err e;

	if (text && lsp_wire_write(&s->wire, str_from(text), &e) < 0) {
		(void)report(&e);
		s->broken = true;
	}
	free(text);
	json_decref(message);
}

static void notify(struct server *s, const char *method, json_t *params)
{
	send_json(s, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method",
			       method, "params", params));
}

/* A request: its id, and what came of it. */
struct reply {
	json_t *id; /* borrowed; NULL for a notification */
	json_t *result;
	int code; /* 0, or an error's */
	struct err e;
};

static void fail(struct reply *r, int code, const char *text)
{
	r->code = code;
	err_set(&r->e, ERR_INVALID, "%s", text);
}

static void send_reply(struct server *s, const struct reply *r)
{
	json_t *message = json_pack("{s:s, s:O}", "jsonrpc", "2.0", "id",
				    r->id ? r->id : json_null());

	if (r->code)
		json_object_set_new(
			message, "error",
			json_pack("{s:i, s:o}", "code", r->code, "message",
				  lsp_json_str(str_from(r->e.msg))));
	else
		json_object_set_new(message, "result",
				    r->result ? r->result : json_null());
	send_json(s, message);
}

static void show_message(struct server *s, const struct err *e)
{
	enum { MESSAGE_WARNING = 2 };

	notify(s, "window/showMessage",
	       json_pack("{s:i, s:o}", "type", MESSAGE_WARNING, "message",
			 lsp_json_str(str_from(e->msg))));
}

/* Methods. */

typedef void method_function(struct server *s, const json_t *params,
			     struct reply *r);

/* Its config is the workspace's; a broken one is said, and then not used. */
static void read_settings(struct server *s)
{
	enum diag_severity threshold;
	struct err e;

	if (lint_settings_environment(&s->settings, &e) == 0 &&
	    lint_settings_file(&s->settings, s->config, &e) == 0 &&
	    lint_settings_apply(&s->settings, &s->options, &threshold, &e) == 0)
		return;
	s->options = (struct lint_options){.set = LINT_ALL};
	show_message(s, &e);
}

static void enter_workspace(const json_t *params)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);
	struct str uri;

	/* a folder that is not there changes nothing */
	if (lsp_read_str(params, "rootUri", &uri) &&
	    lsp_path_of_uri(&path, uri) && chdir(buf_c(&path)) < 0)
		return;
}

static void initialize(struct server *s, const json_t *params, struct reply *r)
{
	enum { SYNC_INCREMENTAL = 2 };

	if (s->initialized) {
		fail(r, INVALID_REQUEST, "initialize came before");
		return;
	}
	s->initialized = true;
	enter_workspace(params);
	read_settings(s);
	r->result = json_pack(
		"{s:{s:s, s:{s:b, s:i}, s:b, s:b, s:b, s:{s:[s, s]}}, "
		"s:{s:s, s:s}}",
		"capabilities", "positionEncoding", "utf-16",
		"textDocumentSync", "openClose", 1, "change", SYNC_INCREMENTAL,
		"hoverProvider", 1, "documentFormattingProvider", 1,
		"documentSymbolProvider", 1, "codeActionProvider",
		"codeActionKinds", "quickfix", "source.fixAll.imgbuild",
		"serverInfo", "name", "imgbuild", "version", IMGBUILD_VERSION);
}

static void nothing(struct server *s, const json_t *params, struct reply *r)
{
	(void)s;
	(void)params;
	(void)r;
}

static void shut_down(struct server *s, const json_t *params, struct reply *r)
{
	(void)params;
	(void)r;
	s->shut_down = true;
}

static void leave(struct server *s, const json_t *params, struct reply *r)
{
	(void)params;
	(void)r;
	s->done = true;
}

static bool read_uri(const json_t *params, struct str *uri)
{
	return lsp_read_str(json_object_get(params, "textDocument"), "uri",
			    uri) &&
	       str_find(*uri, '\0') < 0;
}

/* The open document that params name; else NULL, and r says so. */
static struct lsp_document *document_of(struct server *s, const json_t *params,
					struct reply *r)
{
	struct lsp_document *doc = NULL;
	struct str uri;

	if (read_uri(params, &uri))
		doc = lsp_document_find(&s->documents, uri);
	if (!doc)
		fail(r, INVALID_PARAMS, "no such document is open");
	return doc;
}

static void publish(struct server *s, struct lsp_document *doc)
{
	lsp_document_lint(&s->documents, doc);
	notify(s, "textDocument/publishDiagnostics", lsp_diagnostics(doc));
}

static int64_t version_of(const json_t *params)
{
	return json_integer_value(json_object_get(
		json_object_get(params, "textDocument"), "version"));
}

static void did_open(struct server *s, const json_t *params, struct reply *r)
{
	struct lsp_document *doc;
	struct str uri;
	struct str text;

	if (!read_uri(params, &uri) ||
	    !lsp_read_str(json_object_get(params, "textDocument"), "text",
			  &text)) {
		fail(r, INVALID_PARAMS, "didOpen wants a uri and a text");
		return;
	}
	doc = lsp_document_open(&s->documents, uri, &r->e);
	if (!doc || lsp_text_set(&doc->text, text, &r->e) < 0) {
		r->code = REQUEST_FAILED;
		lsp_document_close(&s->documents, uri);
		return;
	}
	doc->version = version_of(params);
	publish(s, doc);
}

static int apply_change(struct lsp_document *doc, const json_t *change,
			struct err *e)
{
	const json_t *json = json_object_get(change, "range");
	struct lsp_range range;
	struct str text;

	if (!lsp_read_str(change, "text", &text) ||
	    (json && !lsp_read_range(json, &range)))
		return err_set(e, ERR_INVALID,
			       "a change is a text and maybe a range");
	if (json)
		return lsp_text_replace(&doc->text, range, text, e);
	return lsp_text_set(&doc->text, text, e);
}

static void did_change(struct server *s, const json_t *params, struct reply *r)
{
	struct lsp_document *doc = document_of(s, params, r);
	size_t i;
	json_t *change;

	if (!doc)
		return;
	doc->version = version_of(params);
	json_array_foreach(json_object_get(params, "contentChanges"), i, change)
	{
		if (apply_change(doc, change, &r->e) < 0) {
			r->code = INVALID_PARAMS;
			break;
		}
	}
	publish(s, doc);
}

static void did_close(struct server *s, const json_t *params, struct reply *r)
{
	struct str uri;

	if (!document_of(s, params, r) || !read_uri(params, &uri))
		return;
	lsp_document_close(&s->documents, uri);
	notify(s, "textDocument/publishDiagnostics", lsp_no_diagnostics(uri));
}

static void hover(struct server *s, const json_t *params, struct reply *r)
{
	struct lsp_document *doc = document_of(s, params, r);
	struct lsp_position at;

	if (!doc)
		return;
	if (!lsp_read_position(json_object_get(params, "position"), &at))
		fail(r, INVALID_PARAMS, "hover wants a position");
	else
		r->result = lsp_hover(doc, at);
}

static void code_action(struct server *s, const json_t *params, struct reply *r)
{
	struct lsp_document *doc = document_of(s, params, r);
	struct lsp_range range;

	if (!doc)
		return;
	if (!lsp_read_range(json_object_get(params, "range"), &range))
		fail(r, INVALID_PARAMS, "codeAction wants a range");
	else
		r->result = lsp_code_actions(
			doc, range,
			json_object_get(json_object_get(params, "context"),
					"only"));
}

static void formatting(struct server *s, const json_t *params, struct reply *r)
{
	struct lsp_document *doc = document_of(s, params, r);

	if (doc)
		r->result = lsp_formatting(doc);
}

static void symbols(struct server *s, const json_t *params, struct reply *r)
{
	struct lsp_document *doc = document_of(s, params, r);

	if (doc)
		r->result = lsp_symbols(doc);
}

static const struct method {
	const char *name;
	method_function *function;
	bool any_time; /* before initialize, too */
} methods[] = {
	{"initialize", initialize, true},
	{"initialized", nothing, false},
	{"shutdown", shut_down, false},
	{"exit", leave, true},
	{"textDocument/didOpen", did_open, false},
	{"textDocument/didChange", did_change, false},
	{"textDocument/didClose", did_close, false},
	{"textDocument/hover", hover, false},
	{"textDocument/codeAction", code_action, false},
	{"textDocument/formatting", formatting, false},
	{"textDocument/documentSymbol", symbols, false},
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static void call(struct server *s, const char *name, const json_t *params,
		 struct reply *r)
{
	const struct method *method = find_method(name);

	if (!method)
		fail(r, METHOD_NOT_FOUND, "there is no such method");
	else if (!s->initialized && !method->any_time)
		fail(r, NOT_INITIALIZED, "initialize comes first");
	else if (s->shut_down && method->function != leave)
		fail(r, INVALID_REQUEST, "after shutdown only exit may come");
	else
		method->function(s, params, r);
}

/* A mistake in a notification has nobody to be told; unknown ones are fine. */
static void handle(struct server *s, json_t *message)
{
	const char *name =
		json_string_value(json_object_get(message, "method"));
	struct reply r = {.id = json_object_get(message, "id")};

	if (!name) {
		/* an answer to a request: there was none */
		if (json_object_get(message, "result") ||
		    json_object_get(message, "error"))
			return;
		fail(&r, INVALID_REQUEST, "the message has no method");
		send_reply(s, &r);
		return;
	}
	call(s, name, json_object_get(message, "params"), &r);
	if (r.id)
		send_reply(s, &r);
	else
		json_decref(r.result);
}

static void take_message(struct server *s, struct str text)
{
	struct reply r = {0};
	json_error_t problem;
	json_t *message =
		json_loadb(text.n ? text.p : "", text.n,
			   JSON_ALLOW_NUL | JSON_DECODE_ANY, &problem);

	if (message) {
		handle(s, message);
		json_decref(message);
		return;
	}
	fail(&r, PARSE_ERROR, problem.text);
	send_reply(s, &r);
}

static int serve(struct server *s)
{
	SCOPED_BUF struct buf text = BUF_INIT(LSP_MAX_BYTES);
	struct reply r = {0};
	struct err e;

	while (!s->done && !s->broken) {
		switch (lsp_wire_read(&s->wire, &text, &e)) {
		case LSP_MESSAGE: take_message(s, buf_str(&text)); break;
		case LSP_TOO_LARGE:
			fail(&r, INVALID_REQUEST, "the message is too large");
			send_reply(s, &r);
			break;
		case LSP_END: return s->shut_down ? EXIT_OK : EXIT_FAILED;
		case LSP_BROKEN: return report(&e);
		}
	}
	return s->shut_down && !s->broken ? EXIT_OK : EXIT_FAILED;
}

int cmd_lsp(int argc, char **argv)
{
	struct server s = {.documents = {.options = NULL}};
	const struct option_row rows[] = {
		{"config", 'c', OPTION_STRING, &s.config, "FILE",
		 "the linter's config file (default: the workspace's)"},
	};
	const struct command_help help = {
		"imgbuild lsp [OPTIONS]",
		"Serves an editor on stdin and stdout: findings, quick fixes, "
		"formatting, hover\nand stages of the Dockerfiles that it has "
		"open.",
		rows,
		ARRAY_LEN(rows),
		0,
		0};
	string_list arguments = {0};
	int status = EXIT_OK;

	s.documents.options = &s.options;
	switch (options_parse(&help, argc, argv, &arguments)) {
	case OPTIONS_OK:
		lsp_wire_init(&s.wire, STDIN_FILENO, STDOUT_FILENO);
		status = serve(&s);
		lsp_wire_release(&s.wire);
		break;
	case OPTIONS_HELP: break;
	case OPTIONS_WRONG: status = EXIT_MISTAKE; break;
	}
	vec_release(&arguments);
	lsp_documents_release(&s.documents);
	lint_settings_release(&s.settings);
	return status;
}
