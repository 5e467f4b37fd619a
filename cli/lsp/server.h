/*
 * The server: what it knows, how it sends, and how a message finds its method.
 */
#ifndef CLI_LSP_SERVER_H
#define CLI_LSP_SERVER_H

#include "cli/lint/settings.h"
#include "cli/lsp/answers.h"
#include "cli/lsp/background.h"
#include "cli/lsp/wire.h"

/* JSON-RPC's error codes, and LSP's. */
enum {
	LSP_PARSE_ERROR = -32700,
	LSP_INVALID_REQUEST = -32600,
	LSP_METHOD_NOT_FOUND = -32601,
	LSP_INVALID_PARAMS = -32602,
	LSP_REQUEST_FAILED = -32803,
	LSP_NOT_INITIALIZED = -32002,
};

struct lsp_server {
	struct lsp_wire wire;
	struct lint_settings settings;
	struct lint_options options;
	struct lsp_workspace workspace;
	struct lsp_background background;
	const char *config;	      /* --config */
	struct json_t *settings_json; /* the client's own; NULL */
	bool pulls;   /* the client asks for findings, and can be told to */
	bool watches; /* it tells of files, where it is asked to */
	bool initialized;
	bool shut_down;
	bool done;   /* exit came */
	bool broken; /* stdout can't be written */
};

/* A request: its id, and what came of it. */
struct lsp_reply {
	struct json_t *id; /* borrowed; NULL for a notification */
	struct json_t *result;
	int code; /* 0, or an error's */
	struct err e;
};

/* Both take params. */
void lsp_notify(struct lsp_server *s, const char *method,
		struct json_t *params);
void lsp_send_request(struct lsp_server *s, const char *id, const char *method,
		      struct json_t *params);
void lsp_fail(struct lsp_reply *r, int code, const char *text);

/* Answer one message, whatever it is. */
void lsp_take_message(struct lsp_server *s, struct str text);
void lsp_refuse_message(struct lsp_server *s, const char *why);

/* Tell the editor what is found in doc now. */
void lsp_publish(struct lsp_server *s, struct lsp_document *doc);

/* methods.c: call a method by its name; r is filled. */
void lsp_call(struct lsp_server *s, const char *name,
	      const struct json_t *params, struct lsp_reply *r);

#endif
