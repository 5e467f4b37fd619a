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
		buf_printf(out,
			   "https://github.com/hadolint/hadolint/wiki/%s", id);
	} else if (rule_is_buildkit(id)) {
		buf_add_c(out,
			  "https://docs.docker.com/reference/build-checks/");
		add_words(out, id);
		buf_add_char(out, '/');
	}
	return out->n > 0;
}

json_t *lsp_diagnostic(const struct lsp_document *doc, const struct diag *diag)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf href = BUF_INIT(512);
	json_t *json;

	buf_add_str(&text, diag->text);
	if (diag->hint.n)
		buf_printf(&text, "\nhint: %.*s", STR_ARG(diag->hint));
	json = json_pack("{s:o, s:i, s:s, s:s, s:o}", "range",
			 lsp_json_range(lsp_text_range(&doc->text, diag->span)),
			 "severity", severity_of(diag), "code", diag->id,
			 "source", "imgbuild", "message",
			 lsp_json_str(buf_str(&text)));
	if (add_href(&href, diag->id))
		json_object_set_new(
			json, "codeDescription",
			json_pack("{s:s}", "href", buf_c(&href)));
	return json;
}

static json_t *all_of(const struct lsp_document *doc)
{
	json_t *list = json_array();

	for (size_t i = 0; i < doc->lint.diags.n; i++)
		json_array_append_new(
			list, lsp_diagnostic(doc, &doc->lint.diags.v[i]));
	return list;
}

json_t *lsp_diagnostics(const struct lsp_document *doc)
{
	return json_pack("{s:s, s:I, s:o}", "uri", doc->uri, "version",
			 (json_int_t)doc->version, "diagnostics", all_of(doc));
}

json_t *lsp_no_diagnostics(struct str uri)
{
	return json_pack("{s:o, s:[]}", "uri", lsp_json_str(uri),
			 "diagnostics");
}

json_t *lsp_pull_diagnostics(const struct lsp_question *q, struct err *e)
{
	struct str previous;
	char id[16];

	(void)e;
	snprintf(id, sizeof(id), "%u", q->doc->revision);
	if (lsp_read_str(q->params, "previousResultId", &previous) &&
	    str_eq_c(previous, id))
		return json_pack("{s:s, s:s}", "kind", "unchanged", "resultId",
				 id);
	return json_pack("{s:s, s:s, s:o}", "kind", "full", "resultId", id,
			 "items", all_of(q->doc));
}
