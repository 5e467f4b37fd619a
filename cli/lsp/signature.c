/* How the instruction at the cursor is written. */
#include "cli/lsp/answers.h"
#include "cli/lsp/cursor.h"
#include "cli/lsp/json.h"

#include <jansson.h>

/* Parameters are a form's words, as offsets into its (ASCII) label. */
static json_t *signature(struct str form)
{
	json_t *parameters = json_array();
	size_t at = 0;

	while (at < form.n) {
		size_t from = at;

		while (at < form.n && form.p[at] != ' ')
			at++;
		if (from > 0)
			json_array_append_new(parameters,
					      json_pack("{s:[i, i]}", "label",
							(int)from, (int)at));
		at++;
	}
	return json_pack("{s:o, s:o}", "label", lsp_json_str(form),
			 "parameters", parameters);
}

static bool begins_with_flags(struct str form)
{
	struct str keyword;
	struct str rest;

	return str_cut(form, ' ', &keyword, &rest) &&
	       str_starts(rest, "[flags]");
}

/* The form that is being written: one in JSON begins with a bracket. */
static int form_of(const struct lsp_cursor *c)
{
	bool json = str_starts(c->n_words ? c->words[0] : c->word, "[");
	struct str rest = str_from(c->info->forms);
	struct str form;

	for (int i = 0; rest.n; i++) {
		struct str keyword;
		struct str arguments;

		(void)str_cut(rest, '\n', &form, &rest);
		(void)str_cut(form, ' ', &keyword, &arguments);
		if (begins_with_flags(form))
			(void)str_cut(arguments, ' ', &keyword, &arguments);
		if (json == str_starts(arguments, "[\""))
			return i;
	}
	return 0;
}

static int parameter_of(const struct lsp_cursor *c)
{
	bool flags = begins_with_flags(str_from(c->info->forms));

	if (c->n_words == 0 && str_starts(c->word, "--"))
		return 0;
	return (int)c->n_words + flags;
}

json_t *lsp_signature(const struct lsp_question *q, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct lsp_cursor cursor;
	struct str rest;
	json_t *list;

	(void)e;
	lsp_cursor_find(&a, q->doc, q->offset, &cursor);
	if (cursor.kind != LSP_IN_ARGUMENTS)
		return NULL;
	list = json_array();
	rest = str_from(cursor.info->forms);
	while (rest.n) {
		struct str form;

		(void)str_cut(rest, '\n', &form, &rest);
		json_array_append_new(list, signature(form));
	}
	return json_pack("{s:o, s:i, s:i}", "signatures", list,
			 "activeSignature", form_of(&cursor), "activeParameter",
			 parameter_of(&cursor));
}
