#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "lint/rule.h"

#include <jansson.h>
#include <string.h>

static int severity_of(const struct diag *diag)
{
	static const int severities[] = {
		[DIAG_ERROR] = 1,
		[DIAG_WARNING] = 2,
		[DIAG_INFO] = 3,
		[DIAG_STYLE] = 4,
	};

	return severities[diag->severity];
}

/* BuildKit's pages are called as the checks are, in words: from-as-casing. */
static void add_words(struct buf *out, const char *id)
{
	for (const char *p = id; *p; p++) {
		bool upper = *p >= 'A' && *p <= 'Z';
		bool starts = upper && p > id &&
			      ((p[-1] >= 'a' && p[-1] <= 'z') ||
			       (p[1] >= 'a' && p[1] <= 'z'));

		if (starts)
			buf_add_char(out, '-');
		buf_add_char(out, upper ? (char)(*p | 0x20) : *p);
	}
}

/* Where the rule is explained; false for what is nobody's rule. */
static bool add_href(struct buf *out, const char *id)
{
	if (strncmp(id, "SC", 2) == 0) {
		buf_printf(out, "https://www.shellcheck.net/wiki/%s", id);
	} else if (strncmp(id, "DL", 2) == 0) {
		buf_printf(out, "https://github.com/hadolint/hadolint/wiki/%s",
			   id);
	} else if (rule_is_buildkit(id)) {
		buf_add_c(out,
			  "https://docs.docker.com/reference/build-checks/");
		add_words(out, id);
		buf_add_char(out, '/');
	}
	return out->n > 0;
}

/* "{"line":0,"character":0}" */
static void add_position(struct buf *out, struct lsp_position at)
{
	buf_printf(out, "{\"line\":%u,\"character\":%u}", at.line,
		   at.character);
}

/*
 * As text: a file may have thousands of findings, all of which are sent anew
 * whenever a key is pressed, and trees of JSON cost ten times as much.
 */
static void add_diagnostic(struct buf *out, const struct lsp_document *doc,
			   const struct diag *diag)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf href = BUF_INIT(512);
	struct lsp_range range = lsp_text_range(&doc->text, diag->span);

	buf_add_str(&text, diag->text);
	if (diag->hint.n)
		buf_printf(&text, "\nhint: %.*s", STR_ARG(diag->hint));
	buf_add_c(out, "{\"range\":{\"start\":");
	add_position(out, range.start);
	buf_add_c(out, ",\"end\":");
	add_position(out, range.end);
	buf_printf(out,
		   "},\"severity\":%d,\"code\":\"%s\","
		   "\"source\":\"imgbuild\",\"message\":",
		   severity_of(diag), diag->id);
	buf_add_json_string(out, buf_str(&text));
	if (add_href(&href, diag->id))
		buf_printf(out, ",\"codeDescription\":{\"href\":\"%s\"}",
			   buf_c(&href));
	buf_add_char(out, '}');
}

static void add_all(struct buf *out, const struct lsp_document *doc)
{
	buf_add_char(out, '[');
	for (size_t i = 0; i < doc->lint.diags.n; i++) {
		if (i)
			buf_add_char(out, ',');
		add_diagnostic(out, doc, &doc->lint.diags.v[i]);
	}
	buf_add_char(out, ']');
}

static json_t *loaded(const struct buf *text)
{
	return json_loadb(buf_c(text), text->n, 0, NULL);
}

json_t *lsp_diagnostic(const struct lsp_document *doc, const struct diag *diag)
{
	SCOPED_BUF struct buf text = BUF_INIT(8u << 20);

	add_diagnostic(&text, doc, diag);
	return loaded(&text);
}

void lsp_add_diagnostics(struct buf *out, const struct lsp_document *doc)
{
	buf_add_c(out, "{\"uri\":");
	buf_add_json_string(out, str_from(doc->uri));
	buf_printf(out, ",\"version\":%lld,\"diagnostics\":",
		   (long long)doc->version);
	add_all(out, doc);
	buf_add_char(out, '}');
}

json_t *lsp_no_diagnostics(struct str uri)
{
	return json_pack("{s:o, s:[]}", "uri", lsp_json_str(uri),
			 "diagnostics");
}

json_t *lsp_pull_diagnostics(const struct lsp_question *q, struct err *e)
{
	SCOPED_BUF struct buf items = BUF_INIT(LSP_FINDINGS_MAX_BYTES);
	struct str previous;
	char id[16];

	(void)e;
	snprintf(id, sizeof(id), "%u", q->doc->revision);
	if (lsp_read_str(q->params, "previousResultId", &previous) &&
	    str_eq_c(previous, id))
		return json_pack("{s:s, s:s}", "kind", "unchanged", "resultId",
				 id);
	add_all(&items, q->doc);
	return json_pack("{s:s, s:s, s:o}", "kind", "full", "resultId", id,
			 "items", loaded(&items));
}
