#include "cli/lsp/server.h"

#include "cli/commands.h"
#include "cli/lsp/json.h"

#include <jansson.h>

static void send_text(struct lsp_server *s, struct str text)
{
	struct err e;

	if (lsp_wire_write(&s->wire, text, &e) < 0) {
		(void)report(&e);
		s->broken = true;
	}
}

/* Takes message. */
static void send_json(struct lsp_server *s, json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);

	if (text)
		send_text(s, str_from(text));
	free(text);
	json_decref(message);
}

void lsp_notify(struct lsp_server *s, const char *method, json_t *params)
{
	send_json(s, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method",
			       method, "params", params));
}

void lsp_send_request(struct lsp_server *s, const char *id, const char *method,
		      json_t *params)
{
	send_json(s, json_pack("{s:s, s:s, s:s, s:o}", "jsonrpc", "2.0", "id",
			       id, "method", method, "params", params));
}

void lsp_fail(struct lsp_reply *r, int code, const char *text)
{
	r->code = code;
	err_set(&r->e, ERR_INVALID, "%s", text);
}

/* Takes r's result. */
static void send_reply(struct lsp_server *s, const struct lsp_reply *r)
{
	json_t *message = json_pack("{s:s, s:O}", "jsonrpc", "2.0", "id",
				    r->id ? r->id : json_null());

	if (r->code) {
		json_decref(r->result);
		json_object_set_new(
			message, "error",
			json_pack("{s:i, s:o}", "code", r->code, "message",
				  lsp_json_str(str_from(r->e.msg))));
	} else {
		json_object_set_new(message, "result",
				    r->result ? r->result : json_null());
	}
	send_json(s, message);
}

void lsp_publish(struct lsp_server *s, struct lsp_document *doc)
{
	SCOPED_BUF struct buf text = BUF_INIT(LSP_FINDINGS_MAX_BYTES);

	if (s->pulls)
		return;
	lsp_document_lint(&s->workspace.documents, doc);
	buf_add_c(&text, "{\"jsonrpc\":\"2.0\",\"method\":"
			 "\"textDocument/publishDiagnostics\",\"params\":");
	lsp_add_diagnostics(&text, doc);
	buf_add_char(&text, '}');
	send_text(s, buf_str(&text));
}

/* A mistake in a notification has nobody to be told; unknown ones are fine. */
static void handle(struct lsp_server *s, json_t *message)
{
	const char *name =
		json_string_value(json_object_get(message, "method"));
	struct lsp_reply r = {.id = json_object_get(message, "id")};

	if (!name) {
		/* an answer to a request, which all are asked in passing */
		if (json_object_get(message, "result") ||
		    json_object_get(message, "error"))
			return;
		lsp_fail(&r, LSP_INVALID_REQUEST, "the message has no method");
		send_reply(s, &r);
		return;
	}
	lsp_call(s, name, json_object_get(message, "params"), &r);
	if (r.id)
		send_reply(s, &r);
	else
		json_decref(r.result);
}

void lsp_take_message(struct lsp_server *s, struct str text)
{
	struct lsp_reply r = {0};
	json_error_t problem;
	json_t *message =
		json_loadb(text.n ? text.p : "", text.n,
			   JSON_ALLOW_NUL | JSON_DECODE_ANY, &problem);

	if (message) {
		handle(s, message);
		json_decref(message);
		return;
	}
	lsp_fail(&r, LSP_PARSE_ERROR, problem.text);
	send_reply(s, &r);
}

void lsp_refuse_message(struct lsp_server *s, const char *why)
{
	struct lsp_reply r = {0};

	lsp_fail(&r, LSP_INVALID_REQUEST, why);
	send_reply(s, &r);
}
