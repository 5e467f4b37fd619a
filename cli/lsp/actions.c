/* Code actions: mend a finding, mend all, or ignore a rule. */
#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "lint/fix.h"
#include "lint/rule.h"

#include "base/io.h"
#include "cli/lint/settings.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct actions {
	const struct lsp_question *q;
	const json_t *only; /* the kinds asked for; NULL: any */
	json_t *list;
};

static json_t *text_edit(const struct lsp_document *doc, struct span span,
			 struct str text)
{
	return json_pack("{s:o, s:o}", "range",
			 lsp_json_range(lsp_text_range(&doc->text, span)),
			 "newText", lsp_json_str(text));
}

static json_t *edits_of(const struct lsp_document *doc, const struct fix *fix)
{
	json_t *list = json_array();

	for (size_t i = 0; i < fix->n; i++)
		json_array_append_new(list, text_edit(doc, fix->edits[i].span,
						      fix->edits[i].text));
	return list;
}

/* Takes edits. */
static json_t *workspace_edit(const char *uri, json_t *edits)
{
	return json_pack("{s:{s:o}}", "changes", uri, edits);
}

/* A kind is asked for where it, or what it is a kind of, is listed. */
static bool is_asked(const json_t *only, const char *kind)
{
	size_t i;
	json_t *item;

	if (!json_is_array(only))
		return true;
	json_array_foreach(only, i, item)
	{
		const char *name = json_string_value(item);
		size_t n = name ? strlen(name) : 0;

		if (name && strncmp(kind, name, n) == 0 &&
		    (n == 0 || kind[n] == '\0' || kind[n] == '.'))
			return true;
	}
	return false;
}

/* Takes edit. */
static void add_action(struct actions *a, const struct diag *diag,
		       const char *title, bool preferred, json_t *edit)
{
	json_t *action = json_pack(
		"{s:s, s:s, s:[o], s:o}", "title", title, "kind", "quickfix",
		"diagnostics", lsp_diagnostic(a->q->doc, diag), "edit", edit);

	if (preferred)
		json_object_set_new(action, "isPreferred", json_true());
	json_array_append_new(a->list, action);
}

static bool touches(const struct actions *a, const struct diag *diag)
{
	return diag->span.offset <= a->q->span.end &&
	       diag->span.end >= a->q->span.offset;
}

/* Fixes. They are made when somebody asks: most texts are gone before that. */

static void add_fixes(struct actions *a)
{
	SCOPED_ARENA struct arena arena = {0};
	const struct lsp_document *doc = a->q->doc;
	struct lint_options options = doc->options;
	struct lint_file f;

	options.fixes = true;
	lint_begin(&f, &arena, &doc->source, &options);
	lint_finish(&f);
	for (size_t i = 0; i < f.diags.n; i++) {
		const struct diag *diag = &f.diags.v[i];
		SCOPED_BUF struct buf title = BUF_INIT(4096);

		if (!diag->fix || !touches(a, diag))
			continue;
		buf_printf(&title, "%s (%s)", diag->fix->title, diag->id);
		add_action(a, diag, buf_c(&title), true,
			   workspace_edit(doc->uri, edits_of(doc, diag->fix)));
	}
	lint_release(&f);
}

static void add_fix_all(struct actions *a)
{
	SCOPED_BUF struct buf fixed = BUF_INIT(SOURCE_MAX_BYTES);
	const struct lsp_document *doc = a->q->doc;

	if (fix_text(&fixed, buf_str(&doc->text.bytes), &doc->options) == 0)
		return;
	json_array_append_new(
		a->list,
		json_pack(
			"{s:s, s:s, s:o}", "title",
			"Fix all that is safe to fix", "kind",
			"source.fixAll.imgbuild", "edit",
			workspace_edit(doc->uri,
				       lsp_difference(doc, buf_str(&fixed)))));
}

/* Ignoring a rule: a comment above the instruction, one of the file, or a line
 * of the config file. */

static const struct instruction *instruction_of(const struct dockerfile *df,
						uint32_t offset)
{
	size_t low = 0;
	size_t high = df->n_instructions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (df->instructions[middle].span.end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == df->n_instructions ||
	    df->instructions[low].span.offset > offset)
		return NULL;
	return &df->instructions[low];
}

/* An id added to a comment's list that stands at offset (its line's end), or
 * the comment with its list as a line of its own before it. */
static json_t *list_edit(const struct lsp_document *doc, uint32_t offset,
			 const char *comment, const char *id)
{
	SCOPED_BUF struct buf text = BUF_INIT(4096);

	if (comment)
		buf_printf(&text, "%s%s%s", comment, id,
			   str_find(buf_str(&doc->text.bytes), '\r') >= 0
				   ? "\r\n"
				   : "\n");
	else
		buf_printf(&text, ",%s", id);
	return workspace_edit(
		doc->uri,
		json_pack("[o]", text_edit(doc, (struct span){offset, offset},
					   buf_str(&text))));
}

/* Where the list of a comment "# PREFIXID,ID # why" ends; 0 for another. */
static size_t end_of_list(struct str line, const char *prefix)
{
	size_t n = strlen(prefix);

	if (!str_starts(line, prefix))
		return 0;
	while (n < line.n && line.p[n] != ' ' && line.p[n] != '#' &&
	       line.p[n] != ';')
		n++;
	return n;
}

static json_t *ignore_here(const struct lsp_document *doc,
			   const struct diag *diag)
{
	const struct instruction *in =
		instruction_of(doc->lint.dockerfile, diag->span.offset);
	uint32_t offset = in ? in->span.offset : diag->span.offset;
	uint32_t line = lsp_text_position(&doc->text, offset).line;
	size_t n;

	if (line > 0) {
		n = end_of_list(lsp_text_line(&doc->text, line - 1),
				"# hadolint ignore=");
		if (n)
			return list_edit(
				doc, doc->text.lines.v[line - 1] + (uint32_t)n,
				NULL, diag->id);
	}
	return list_edit(doc, doc->text.lines.v[line],
			 "# hadolint ignore=", diag->id);
}

/* BuildKit reads its own directive; the other ids stand in hadolint's. */
static json_t *ignore_in_file(const struct lsp_document *doc,
			      const struct diag *diag)
{
	const struct dockerfile *df = doc->lint.dockerfile;
	const char *prefix = rule_is_buildkit(diag->id)
				     ? "# check=skip="
				     : "# hadolint global ignore=";
	uint32_t line = 0;
	size_t n = 0;

	for (uint32_t i = 0; n == 0 && i < doc->text.lines.n; i++) {
		struct str text = lsp_text_line(&doc->text, i);

		if (text.n && text.p[0] != '#')
			break;
		n = end_of_list(text, prefix);
		line = i;
	}
	if (n)
		return list_edit(doc, doc->text.lines.v[line] + (uint32_t)n,
				 NULL, diag->id);
	line = 0;
	if (df->n_directives)
		line = lsp_text_position(
			       &doc->text,
			       df->directives[df->n_directives - 1].span.offset)
			       .line +
		       1;
	if (line >= doc->text.lines.n)
		return NULL;
	return list_edit(doc, doc->text.lines.v[line], prefix, diag->id);
}

/* Where in a config's text the id goes, and with what around it. */
struct config_place {
	size_t offset;
	const char *before;
	const char *after;
};

static struct config_place place_in_line(struct str text, size_t at,
					 struct str line)
{
	ptrdiff_t close = str_rfind(line, ']');
	struct str rest = str_trim(str_skip(line, strlen("ignored:")));
	size_t end = at + line.n;

	if (close >= 0) {
		ptrdiff_t open = str_find(line, '[');
		struct str within = str_trim(
			str_sub(line, (size_t)open + 1, (size_t)close));

		return (struct config_place){at + (size_t)close,
					     within.n ? ", " : "", ""};
	}
	if (rest.n || end >= text.n)
		return (struct config_place){SIZE_MAX, "", ""};
	return (struct config_place){
		end + 1,
		str_starts(str_skip(text, end + 1), "- ") ? "- " : "  - ",
		"\n"};
}

static struct config_place find_place(struct str text)
{
	size_t at = 0;

	while (at < text.n) {
		struct str rest = str_skip(text, at);
		ptrdiff_t end = str_find(rest, '\n');
		struct str line =
			str_sub(rest, 0, end < 0 ? rest.n : (size_t)end);

		if (str_starts(line, "ignored:"))
			return place_in_line(text, at, line);
		at += line.n + 1;
	}
	return (struct config_place){text.n,
				     text.n && text.p[text.n - 1] != '\n'
					     ? "\nignored: ["
					     : "ignored: [",
				     "]\n"};
}

static bool config_path(const struct lsp_workspace *w, struct buf *out)
{
	const char *path =
		w->settings->path ? w->settings->path : ".imgbuild.yaml";
	char *folder = getcwd(NULL, 0);

	if (path[0] != '/')
		buf_printf(out, "%s/", folder ? folder : "");
	buf_add_c(out, path);
	free(folder);
	return !out->over;
}

static json_t *config_edit(const struct lsp_workspace *w, struct str text,
			   const char *id, const char *uri)
{
	SCOPED_BUF struct buf added = BUF_INIT(4096);
	struct config_place place = find_place(text);
	struct lsp_text lines = {.encoding = w->documents.encoding};
	struct lsp_range range;
	struct err e;

	if (place.offset == SIZE_MAX || lsp_text_set(&lines, text, &e) < 0)
		return NULL;
	range = lsp_text_range(&lines, (struct span){(uint32_t)place.offset,
						     (uint32_t)place.offset});
	lsp_text_release(&lines);
	buf_printf(&added, "%s%s%s", place.before, id, place.after);
	return json_pack("{s:{s:s, s:n}, s:[{s:o, s:o}]}", "textDocument",
			 "uri", uri, "version", "edits", "range",
			 lsp_json_range(range), "newText",
			 lsp_json_str(buf_str(&added)));
}

/* A config file that is not there yet is made, where the client can. */
static json_t *ignore_in_config(const struct lsp_workspace *w,
				const struct diag *diag)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);
	SCOPED_BUF struct buf uri = BUF_INIT(256u << 10);
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	json_t *changes;
	json_t *edit;
	struct err e;
	int found;

	if (!config_path(w, &path))
		return NULL;
	lsp_uri_of_path(&uri, buf_str(&path));
	found = io_read_file(AT_FDCWD, buf_c(&path), &text, &e);
	if (found < 0 || text.over || (!found && !w->creates_files))
		return NULL;
	edit = config_edit(w, buf_str(&text), diag->id, buf_c(&uri));
	if (!edit)
		return NULL;
	if (!w->document_changes) {
		changes = json_pack("{s:{s:O}}", "changes", buf_c(&uri),
				    json_object_get(edit, "edits"));
		json_decref(edit);
		return changes;
	}
	changes = json_array();
	if (!found)
		json_array_append_new(
			changes, json_pack("{s:s, s:s, s:{s:b}}", "kind",
					   "create", "uri", buf_c(&uri),
					   "options", "ignoreIfExists", 1));
	json_array_append_new(changes, edit);
	return json_pack("{s:o}", "documentChanges", changes);
}

static void add_ignore(struct actions *a, const struct diag *diag,
		       const char *where, json_t *edit)
{
	SCOPED_BUF struct buf title = BUF_INIT(4096);

	if (!edit)
		return;
	buf_printf(&title, "Ignore %s %s", diag->id, where);
	add_action(a, diag, buf_c(&title), false, edit);
}

/* What does not parse can't be ignored. */
static bool can_ignore(const struct actions *a, size_t i)
{
	const struct diags *diags = &a->q->doc->lint.diags;
	const struct diag *diag = &diags->v[i];

	if (!touches(a, diag) || strcmp(diag->id, "DL1000") == 0)
		return false;
	for (size_t k = 0; k < i; k++)
		if (touches(a, &diags->v[k]) &&
		    strcmp(diags->v[k].id, diag->id) == 0)
			return false;
	return true;
}

static void add_ignores(struct actions *a)
{
	const struct lsp_document *doc = a->q->doc;

	for (size_t i = 0; i < doc->lint.diags.n; i++) {
		const struct diag *diag = &doc->lint.diags.v[i];

		if (!can_ignore(a, i))
			continue;
		add_ignore(a, diag, "here", ignore_here(doc, diag));
		add_ignore(a, diag, "in this file", ignore_in_file(doc, diag));
		add_ignore(a, diag, "in the config file",
			   ignore_in_config(a->q->workspace, diag));
	}
}

json_t *lsp_code_actions(const struct lsp_question *q, struct err *e)
{
	struct actions a = {
		q,
		json_object_get(json_object_get(q->params, "context"), "only"),
		json_array()};

	(void)e;
	if (is_asked(a.only, "quickfix")) {
		add_fixes(&a);
		add_ignores(&a);
	}
	if (is_asked(a.only, "source.fixAll.imgbuild"))
		add_fix_all(&a);
	return a.list;
}
