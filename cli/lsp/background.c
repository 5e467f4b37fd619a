/*
 * The child is this process, forked: it has the linted document, adds
 * ShellCheck's findings to its copy as the lint command would, and writes
 * these as JSON:
 *
 *   {"missing": false, "findings": [{"id", "severity", "offset", "end",
 * "text"}]}
 */
#include "cli/lsp/background.h"

#include "base/io.h"
#include "cli/lint/shellcheck.h"
#include "cli/lsp/json.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX_BYTES = 64 << 20 };

void lsp_background_init(struct lsp_background *b)
{
	*b = (struct lsp_background){.fd = -1,
				     .answer = BUF_INIT(ANSWER_MAX_BYTES)};
}

static void forget(struct lsp_background *b)
{
	scoped_close(&b->fd);
	free(b->uri);
	b->uri = NULL;
	b->pid = 0;
	buf_clear(&b->answer);
}

void lsp_background_release(struct lsp_background *b)
{
	forget(b);
	buf_release(&b->answer);
}

struct lsp_document *lsp_background_next(const struct lsp_background *b,
					 const struct lsp_documents *documents)
{
	for (size_t i = 0; !b->missing && i < documents->v.n; i++)
		if (documents->v.v[i]->wants_shellcheck)
			return documents->v.v[i];
	return NULL;
}

/* The child. */

static json_t *findings_from(const struct diags *diags, size_t first)
{
	json_t *list = json_array();

	for (size_t i = first; i < diags->n; i++) {
		const struct diag *diag = &diags->v[i];

		json_array_append_new(
			list,
			json_pack("{s:s, s:i, s:I, s:I, s:o}", "id", diag->id,
				  "severity", (int)diag->severity, "offset",
				  (json_int_t)diag->span.offset, "end",
				  (json_int_t)diag->span.end, "text",
				  lsp_json_str(diag->text)));
	}
	return list;
}

/* The editor's streams are the server's alone. */
static void leave_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
	}
}

static void check(struct lsp_document *doc, int fd)
{
	struct lint_file *file = &doc->lint;
	size_t before = file->diags.n;
	struct err e;
	int result;
	char *text;

	leave_streams();
	result = lint_shellcheck(&file, 1, &e);
	text = json_dumps(json_pack("{s:b, s:o}", "missing", result == 0,
				    "findings",
				    findings_from(&file->diags, before)),
			  JSON_COMPACT);
	if (text)
		(void)io_write_all(fd, text, strlen(text), "pipe", &e);
}

void lsp_background_start(struct lsp_background *b, struct lsp_document *doc)
{
	int fds[2];

	doc->wants_shellcheck = false;
	if (doc->lint.n_scripts == 0 || pipe2(fds, O_CLOEXEC) < 0)
		return;
	b->pid = fork();
	if (b->pid == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		check(doc, fds[1]);
		_exit(0);
	}
	(void)close(fds[1]);
	b->fd = fds[0];
	if (b->pid < 0)
		forget(b);
	else
		b->uri = xstrdup(doc->uri);
}

/* The server. */

static bool read_finding(const json_t *json, struct lsp_finding *out)
{
	const char *id = json_string_value(json_object_get(json, "id"));
	struct str text;

	if (!id || !lsp_read_str(json, "text", &text))
		return false;
	*out = (struct lsp_finding){
		.severity = (enum diag_severity)json_integer_value(
			json_object_get(json, "severity")),
		.span = {(uint32_t)json_integer_value(
				 json_object_get(json, "offset")),
			 (uint32_t)json_integer_value(
				 json_object_get(json, "end"))},
		.text = str_dup(text),
	};
	(void)snprintf(out->id, sizeof(out->id), "%s", id);
	return true;
}

static void set_findings(struct lsp_document *doc, const json_t *list)
{
	VEC(struct lsp_finding) findings = {0};
	size_t i;
	json_t *json;

	json_array_foreach(list, i, json)
	{
		struct lsp_finding finding;

		if (read_finding(json, &finding))
			*vec_push(&findings) = finding;
	}
	lsp_document_set_shellcheck(doc, findings.v, findings.n);
	vec_release(&findings);
}

/* It has ended, and all that it wrote is here. */
static struct lsp_document *finish(struct lsp_background *b,
				   const struct lsp_documents *documents)
{
	struct lsp_document *doc =
		lsp_document_find(documents, str_from(b->uri));
	json_t *json = json_loadb(buf_c(&b->answer), b->answer.n, 0, NULL);

	while (waitpid(b->pid, NULL, 0) < 0 && errno == EINTR)
		;
	forget(b);
	b->missing = json_is_true(json_object_get(json, "missing"));
	/* it has another text by now, or none that could be checked */
	if (!json || b->missing || !doc || doc->wants_shellcheck)
		doc = NULL;
	else
		set_findings(doc, json_object_get(json, "findings"));
	json_decref(json);
	return doc;
}

struct lsp_document *lsp_background_take(struct lsp_background *b,
					 const struct lsp_documents *documents)
{
	char chunk[16 << 10];
	ssize_t n = read(b->fd, chunk, sizeof(chunk));

	if (n < 0 && errno == EINTR)
		return NULL;
	if (n > 0) {
		buf_add(&b->answer, chunk, (size_t)n);
		return NULL;
	}
	return finish(b, documents);
}
