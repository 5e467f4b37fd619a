/* From a name to where it is defined and used, and to another name. */
#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "cli/lsp/names.h"

#include <ctype.h>
#include <jansson.h>

static json_t *range_of(const struct lsp_question *q, struct span span)
{
	return lsp_json_range(lsp_text_range(&q->doc->text, span));
}

static json_t *location(const struct lsp_question *q, struct span span)
{
	return json_pack("{s:s, s:o}", "uri", q->doc->uri, "range",
			 range_of(q, span));
}

static const struct lsp_use *use_at(const struct lsp_question *q)
{
	return lsp_names_at(lsp_document_names(q->doc), q->offset);
}

static bool is_same(const struct lsp_use *a, const struct lsp_use *b)
{
	return a->name_kind == b->name_kind && a->name == b->name;
}

json_t *lsp_definition(const struct lsp_question *q, struct err *e)
{
	const struct lsp_use *use = use_at(q);
	const struct lsp_use *def = NULL;

	(void)e;
	if (use)
		def = lsp_names_definition(lsp_document_names(q->doc), use);
	return def ? location(q, def->span) : NULL;
}

/* A stage without a name has a place, but nothing that is one. */
static bool is_written(const struct lsp_use *use)
{
	return use->name_kind != LSP_STAGE || use->kind != LSP_DEFINES ||
	       use->in->from.alias.n > 0;
}

json_t *lsp_references(const struct lsp_question *q, struct err *e)
{
	const struct lsp_use *use = use_at(q);
	bool declared = json_is_true(json_object_get(
		json_object_get(q->params, "context"), "includeDeclaration"));
	json_t *list = json_array();
	size_t n;
	const struct lsp_use *all =
		lsp_names_all(lsp_document_names(q->doc), &n);

	(void)e;
	for (size_t i = 0; use && i < n; i++)
		if (is_same(&all[i], use) &&
		    (declared || all[i].kind != LSP_DEFINES))
			json_array_append_new(list, location(q, all[i].span));
	return list;
}

json_t *lsp_highlight(const struct lsp_question *q, struct err *e)
{
	enum { HIGHLIGHT_READ = 2, HIGHLIGHT_WRITE = 3 };
	const struct lsp_use *use = use_at(q);
	json_t *list = json_array();
	size_t n;
	const struct lsp_use *all =
		lsp_names_all(lsp_document_names(q->doc), &n);

	(void)e;
	for (size_t i = 0; use && i < n; i++) {
		bool writes =
			all[i].kind == LSP_DEFINES || all[i].kind == LSP_SETS;

		if (is_same(&all[i], use) && is_written(&all[i]))
			json_array_append_new(
				list,
				json_pack("{s:o, s:i}", "range",
					  range_of(q, all[i].span), "kind",
					  writes ? HIGHLIGHT_WRITE
						 : HIGHLIGHT_READ));
	}
	return list;
}

/* The use at the cursor, where its name is one that can be another. */
static const struct lsp_use *renamed(const struct lsp_question *q)
{
	const struct lsp_use *use = use_at(q);

	if (!use || use->kind == LSP_NUMBERS || !is_written(use))
		return NULL;
	return use;
}

json_t *lsp_prepare_rename(const struct lsp_question *q, struct err *e)
{
	const struct lsp_use *use = renamed(q);

	(void)e;
	return use ? json_pack("{s:o, s:o}", "range", range_of(q, use->span),
			       "placeholder", lsp_json_str(use->text))
		   : NULL;
}

static bool is_variable_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c != '_' && !isalpha(c) && !(i && isdigit(c)))
			return false;
	}
	return s.n > 0;
}

/* Spec: BuildKit's ^[a-z][a-z0-9-_.]*$, which lower-cases first. */
static bool is_stage_name(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!isalpha(c) &&
		    !(i && (isdigit(c) || c == '-' || c == '_' || c == '.')))
			return false;
	}
	return s.n > 0;
}

static bool is_taken(const struct lsp_question *q, const struct lsp_use *use,
		     struct str name)
{
	size_t n;
	const struct lsp_use *all =
		lsp_names_all(lsp_document_names(q->doc), &n);

	for (size_t i = 0; i < n; i++)
		if (all[i].name_kind == use->name_kind &&
		    all[i].kind == LSP_DEFINES && !is_same(&all[i], use) &&
		    (use->name_kind == LSP_STAGE
			     ? is_written(&all[i]) &&
				       str_eq_nocase(all[i].text, name)
			     : str_eq(all[i].text, name)))
			return true;
	return false;
}

static int check_name(const struct lsp_question *q, const struct lsp_use *use,
		      struct str name, struct err *e)
{
	bool good = use->name_kind == LSP_STAGE ? is_stage_name(name)
						: is_variable_name(name);

	if (!good)
		return err_set(e, ERR_INVALID, "'%.*s' is no name of a %s",
			       STR_ARG(name),
			       use->name_kind == LSP_STAGE ? "stage"
							   : "variable");
	if (is_taken(q, use, name))
		return err_set(e, ERR_INVALID, "%.*s is defined already",
			       STR_ARG(name));
	return 0;
}

json_t *lsp_rename(const struct lsp_question *q, struct err *e)
{
	const struct lsp_use *use = renamed(q);
	struct str name;
	json_t *list;
	size_t n;
	const struct lsp_use *all;

	if (!use) {
		err_set(e, ERR_INVALID, "there is no name to change");
		return NULL;
	}
	if (!lsp_read_str(q->params, "newName", &name)) {
		err_set(e, ERR_INVALID, "rename wants a newName");
		return NULL;
	}
	if (check_name(q, use, name, e) < 0)
		return NULL;
	list = json_array();
	all = lsp_names_all(lsp_document_names(q->doc), &n);
	for (size_t i = 0; i < n; i++)
		if (is_same(&all[i], use) && all[i].kind != LSP_NUMBERS &&
		    is_written(&all[i]))
			json_array_append_new(
				list, json_pack("{s:o, s:o}", "range",
						range_of(q, all[i].span),
						"newText", lsp_json_str(name)));
	return json_pack("{s:{s:o}}", "changes", q->doc->uri, list);
}
