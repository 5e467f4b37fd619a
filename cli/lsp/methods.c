/* The methods, by name: what comes and goes, and what is asked. */
#include "cli/lsp/server.h"

#include "cli/lsp/json.h"
#include "cli/version.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static void show_message(struct lsp_server *s, const struct err *e)
{
	enum { MESSAGE_WARNING = 2 };

	lsp_notify(s, "window/showMessage",
		   json_pack("{s:i, s:o}", "type", MESSAGE_WARNING, "message",
			     lsp_json_str(str_from(e->msg))));
}

/* Settings. */

/* The client's have the keys of a config file: JSON is YAML. */
static int read_client_settings(struct lsp_server *s, struct err *e)
{
	SCOPED_PTR char *text = NULL;

	if (!json_is_object(s->settings_json))
		return 0;
	text = json_dumps(s->settings_json, JSON_COMPACT);
	if (!text)
		return err_set(e, ERR_INVALID,
			       "the editor's settings are no "
			       "text");
	return lint_settings_yaml(&s->settings, str_from(text),
				  "the editor's settings", e);
}

/* Its config is the workspace's; a broken one is said, and then not used. */
static void read_settings(struct lsp_server *s)
{
	enum diag_severity threshold;
	struct err e;

	lint_settings_release(&s->settings);
	s->settings = (struct lint_settings){0};
	if (lint_settings_environment(&s->settings, &e) == 0 &&
	    lint_settings_file(&s->settings, s->config, &e) == 0 &&
	    read_client_settings(s, &e) == 0 &&
	    lint_settings_apply(&s->settings, &s->options, &threshold, &e) == 0)
		return;
	s->options = (struct lint_options){.set = LINT_ALL};
	show_message(s, &e);
}

/* Settings or files are other than they were: so are the findings. */
static void refresh(struct lsp_server *s)
{
	struct lsp_documents *documents = &s->workspace.documents;

	read_settings(s);
	for (size_t i = 0; i < documents->v.n; i++) {
		lsp_document_forget(documents->v.v[i]);
		documents->v.v[i]->wants_shellcheck = true;
		lsp_publish(s, documents->v.v[i]);
	}
	if (s->pulls)
		lsp_send_request(s, "imgbuild-refresh",
				 "workspace/diagnostic/refresh", json_null());
}

/* {"imgbuild": {...}}, or the settings themselves. */
static void take_settings(struct lsp_server *s, const json_t *json)
{
	json_t *own = json_object_get(json, "imgbuild");

	json_decref(s->settings_json);
	s->settings_json = own ? json_incref(own) : json_incref((json_t *)json);
}

/* Beginning and end. */

typedef void method_function(struct lsp_server *s, const json_t *params,
			     struct lsp_reply *r);

static void enter_workspace(const json_t *params)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);
	const json_t *folder =
		json_array_get(json_object_get(params, "workspaceFolders"), 0);
	struct str uri;

	/* a folder that is not there changes nothing */
	if ((lsp_read_str(params, "rootUri", &uri) ||
	     lsp_read_str(folder, "uri", &uri)) &&
	    lsp_path_of_uri(&path, uri) && chdir(buf_c(&path)) < 0)
		return;
}

static const json_t *capability(const json_t *params, const char *group,
				const char *one, const char *part)
{
	return json_object_get(
		json_object_get(
			json_object_get(json_object_get(params, "capabilities"),
					group),
			one),
		part);
}

static bool has_string(const json_t *list, const char *wanted)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		const char *s = json_string_value(item);

		if (s && strcmp(s, wanted) == 0)
			return true;
	}
	return false;
}

static const char *const encodings[] = {
	[LSP_UTF16] = "utf-16",
	[LSP_UTF8] = "utf-8",
	[LSP_UTF32] = "utf-32",
};

/* The client's list is by preference; without one it is UTF-16. */
static enum lsp_encoding choose_encoding(const json_t *params)
{
	const json_t *list = json_object_get(
		json_object_get(json_object_get(params, "capabilities"),
				"general"),
		"positionEncodings");
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item)
	{
		const char *s = json_string_value(item);

		for (size_t k = 0; s && k < ARRAY_LEN(encodings); k++)
			if (strcmp(s, encodings[k]) == 0)
				return (enum lsp_encoding)k;
	}
	return LSP_UTF16;
}

static void read_capabilities(struct lsp_server *s, const json_t *params)
{
	const json_t *workspace = json_object_get(
		json_object_get(params, "capabilities"), "workspace");

	s->workspace.documents.encoding = choose_encoding(params);
	s->workspace.document_changes = json_is_true(capability(
		params, "workspace", "workspaceEdit", "documentChanges"));
	s->workspace.creates_files =
		s->workspace.document_changes &&
		has_string(capability(params, "workspace", "workspaceEdit",
				      "resourceOperations"),
			   "create");
	s->watches = json_is_true(capability(params, "workspace",
					     "didChangeWatchedFiles",
					     "dynamicRegistration"));
	s->pulls =
		json_object_get(
			json_object_get(json_object_get(params, "capabilities"),
					"textDocument"),
			"diagnostic") &&
		json_is_true(json_object_get(
			json_object_get(workspace, "diagnostics"),
			"refreshSupport"));
}

static json_t *capabilities(const struct lsp_server *s)
{
	enum { SYNC_INCREMENTAL = 2 };
	json_t *json = json_pack(
		"{s:s, s:{s:b, s:i}, s:{s:[s, s]}, s:{s:[s, s, s, s, s, s, s, "
		"s]}, "
		"s:{s:[s], s:[s]}, s:{s:b}, s:{s:s}, s:{s:b, s:b}}",
		"positionEncoding", encodings[s->workspace.documents.encoding],
		"textDocumentSync", "openClose", 1, "change", SYNC_INCREMENTAL,
		"codeActionProvider", "codeActionKinds", "quickfix",
		"source.fixAll.imgbuild", "completionProvider",
		"triggerCharacters", "$", "{", "-", "=", ",", "/", "#", " ",
		"signatureHelpProvider", "triggerCharacters", " ",
		"retriggerCharacters", " ", "renameProvider", "prepareProvider",
		1, "documentOnTypeFormattingProvider", "firstTriggerCharacter",
		"\n", "diagnosticProvider", "interFileDependencies", 0,
		"workspaceDiagnostics", 0);
	static const char *const simple[] = {
		"hoverProvider",
		"definitionProvider",
		"referencesProvider",
		"documentHighlightProvider",
		"documentFormattingProvider",
		"documentRangeFormattingProvider",
		"documentSymbolProvider",
		"workspaceSymbolProvider",
		"foldingRangeProvider",
	};

	for (size_t i = 0; i < ARRAY_LEN(simple); i++)
		json_object_set_new(json, simple[i], json_true());
	json_object_set_new(json, "documentLinkProvider", json_object());
	json_object_set_new(json, "semanticTokensProvider",
			    json_pack("{s:{s:o, s:[]}, s:b}", "legend",
				      "tokenTypes", lsp_token_legend(),
				      "tokenModifiers", "full", 1));
	return json;
}

static void initialize(struct lsp_server *s, const json_t *params,
		       struct lsp_reply *r)
{
	if (s->initialized) {
		lsp_fail(r, LSP_INVALID_REQUEST, "initialize came before");
		return;
	}
	s->initialized = true;
	enter_workspace(params);
	read_capabilities(s, params);
	take_settings(s, json_object_get(params, "initializationOptions"));
	read_settings(s);
	r->result = json_pack("{s:o, s:{s:s, s:s}}", "capabilities",
			      capabilities(s), "serverInfo", "name", "imgbuild",
			      "version", IMGBUILD_VERSION);
}

/* Files whose change changes findings. */
static void initialized(struct lsp_server *s, const json_t *params,
			struct lsp_reply *r)
{
	static const char *const globs[] = {
		"**/.imgbuild.{yaml,yml}",
		"**/.hadolint.{yaml,yml}",
		"**/*.dockerignore",
		"**/.dockerignore",
	};
	json_t *watchers = json_array();

	(void)params;
	(void)r;
	for (size_t i = 0; i < ARRAY_LEN(globs); i++)
		json_array_append_new(
			watchers, json_pack("{s:s}", "globPattern", globs[i]));
	if (s->watches)
		lsp_send_request(
			s, "imgbuild-watch", "client/registerCapability",
			json_pack("{s:[{s:s, s:s, s:{s:O}}]}", "registrations",
				  "id", "imgbuild-files", "method",
				  "workspace/didChangeWatchedFiles",
				  "registerOptions", "watchers", watchers));
	json_decref(watchers);
}

static void shut_down(struct lsp_server *s, const json_t *params,
		      struct lsp_reply *r)
{
	(void)params;
	(void)r;
	s->shut_down = true;
}

static void leave(struct lsp_server *s, const json_t *params,
		  struct lsp_reply *r)
{
	(void)params;
	(void)r;
	s->done = true;
}

static void files_changed(struct lsp_server *s, const json_t *params,
			  struct lsp_reply *r)
{
	(void)params;
	(void)r;
	refresh(s);
}

static void settings_changed(struct lsp_server *s, const json_t *params,
			     struct lsp_reply *r)
{
	(void)r;
	take_settings(s, json_object_get(params, "settings"));
	refresh(s);
}

/* Documents. */

static bool read_uri(const json_t *params, struct str *uri)
{
	return lsp_read_str(json_object_get(params, "textDocument"), "uri",
			    uri) &&
	       str_find(*uri, '\0') < 0;
}

/* The open document that params name; else NULL, and r says so. */
static struct lsp_document *
document_of(struct lsp_server *s, const json_t *params, struct lsp_reply *r)
{
	struct lsp_document *doc = NULL;
	struct str uri;

	if (read_uri(params, &uri))
		doc = lsp_document_find(&s->workspace.documents, uri);
	if (!doc)
		lsp_fail(r, LSP_INVALID_PARAMS, "no such document is open");
	return doc;
}

static int64_t version_of(const json_t *params)
{
	return json_integer_value(json_object_get(
		json_object_get(params, "textDocument"), "version"));
}

static void did_open(struct lsp_server *s, const json_t *params,
		     struct lsp_reply *r)
{
	struct lsp_documents *documents = &s->workspace.documents;
	struct lsp_document *doc;
	struct str uri;
	struct str text;

	if (!read_uri(params, &uri) ||
	    !lsp_read_str(json_object_get(params, "textDocument"), "text",
			  &text)) {
		lsp_fail(r, LSP_INVALID_PARAMS,
			 "didOpen wants a uri and a text");
		return;
	}
	doc = lsp_document_open(documents, uri, &r->e);
	if (!doc || lsp_document_change(doc, NULL, text, &r->e) < 0) {
		r->code = LSP_REQUEST_FAILED;
		lsp_document_close(documents, uri);
		return;
	}
	doc->version = version_of(params);
	lsp_publish(s, doc);
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
	return lsp_document_change(doc, json ? &range : NULL, text, e);
}

static void did_change(struct lsp_server *s, const json_t *params,
		       struct lsp_reply *r)
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
			r->code = LSP_INVALID_PARAMS;
			break;
		}
	}
	lsp_publish(s, doc);
}

static void did_close(struct lsp_server *s, const json_t *params,
		      struct lsp_reply *r)
{
	struct str uri;

	if (!document_of(s, params, r) || !read_uri(params, &uri))
		return;
	lsp_document_close(&s->workspace.documents, uri);
	if (!s->pulls)
		lsp_notify(s, "textDocument/publishDiagnostics",
			   lsp_no_diagnostics(uri));
}

/* Methods that change something. */
static const struct method {
	const char *name;
	method_function *function;
	bool any_time; /* before initialize, too */
} methods[] = {
	{"initialize", initialize, true},
	{"initialized", initialized, false},
	{"shutdown", shut_down, false},
	{"exit", leave, true},
	{"workspace/didChangeConfiguration", settings_changed, false},
	{"workspace/didChangeWatchedFiles", files_changed, false},
	{"textDocument/didOpen", did_open, false},
	{"textDocument/didChange", did_change, false},
	{"textDocument/didClose", did_close, false},
};

/* Questions. */

enum wanted {
	WANTS_NOTHING,
	WANTS_DOCUMENT,
	WANTS_POSITION,
	WANTS_RANGE,
};

static const struct question {
	const char *name;
	lsp_answer *answer;
	enum wanted wanted;
} questions[] = {
	{"textDocument/codeAction", lsp_code_actions, WANTS_RANGE},
	{"textDocument/completion", lsp_completion, WANTS_POSITION},
	{"textDocument/definition", lsp_definition, WANTS_POSITION},
	{"textDocument/diagnostic", lsp_pull_diagnostics, WANTS_DOCUMENT},
	{"textDocument/documentHighlight", lsp_highlight, WANTS_POSITION},
	{"textDocument/documentLink", lsp_links, WANTS_DOCUMENT},
	{"textDocument/documentSymbol", lsp_symbols, WANTS_DOCUMENT},
	{"textDocument/foldingRange", lsp_folding, WANTS_DOCUMENT},
	{"textDocument/formatting", lsp_formatting, WANTS_DOCUMENT},
	{"textDocument/hover", lsp_hover, WANTS_POSITION},
	{"textDocument/onTypeFormatting", lsp_on_type_formatting,
	 WANTS_POSITION},
	{"textDocument/prepareRename", lsp_prepare_rename, WANTS_POSITION},
	{"textDocument/rangeFormatting", lsp_range_formatting, WANTS_RANGE},
	{"textDocument/references", lsp_references, WANTS_POSITION},
	{"textDocument/rename", lsp_rename, WANTS_POSITION},
	{"textDocument/semanticTokens/full", lsp_semantic_tokens,
	 WANTS_DOCUMENT},
	{"textDocument/signatureHelp", lsp_signature, WANTS_POSITION},
	{"workspace/symbol", lsp_workspace_symbols, WANTS_NOTHING},
};

static bool read_place(const struct question *question, struct lsp_question *q)
{
	struct lsp_position at;
	struct lsp_range range;

	if (question->wanted == WANTS_POSITION) {
		if (!lsp_read_position(json_object_get(q->params, "position"),
				       &at))
			return false;
		q->offset = lsp_text_offset(&q->doc->text, at);
	}
	if (question->wanted == WANTS_RANGE) {
		if (!lsp_read_range(json_object_get(q->params, "range"),
				    &range))
			return false;
		q->span.offset = lsp_text_offset(&q->doc->text, range.start);
		q->span.end = lsp_text_offset(&q->doc->text, range.end);
	}
	return true;
}

static void ask(struct lsp_server *s, const struct question *question,
		const json_t *params, struct lsp_reply *r)
{
	struct lsp_question q = {.workspace = &s->workspace, .params = params};

	if (question->wanted != WANTS_NOTHING) {
		q.doc = document_of(s, params, r);
		if (!q.doc)
			return;
		lsp_document_lint(&s->workspace.documents, q.doc);
	}
	if (!read_place(question, &q)) {
		lsp_fail(r, LSP_INVALID_PARAMS,
			 question->wanted == WANTS_RANGE
				 ? "the method wants a range"
				 : "the method wants a position");
		return;
	}
	r->e.code = ERR_NONE;
	r->result = question->answer(&q, &r->e);
	if (r->e.code)
		r->code = LSP_INVALID_PARAMS;
}

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static const struct question *find_question(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(questions); i++)
		if (strcmp(questions[i].name, name) == 0)
			return &questions[i];
	return NULL;
}

void lsp_call(struct lsp_server *s, const char *name, const json_t *params,
	      struct lsp_reply *r)
{
	const struct method *method = find_method(name);
	const struct question *question = find_question(name);

	if (!method && !question)
		lsp_fail(r, LSP_METHOD_NOT_FOUND, "there is no such method");
	else if (!s->initialized && !(method && method->any_time))
		lsp_fail(r, LSP_NOT_INITIALIZED, "initialize comes first");
	else if (s->shut_down && !(method && method->function == leave))
		lsp_fail(r, LSP_INVALID_REQUEST,
			 "after shutdown only exit may come");
	else if (method)
		method->function(s, params, r);
	else if (r->id) /* a question that nobody waits for is none */
		ask(s, question, params, r);
}
