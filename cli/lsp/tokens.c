/* Semantic tokens: what each part of the text is, for colours. */
#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "cli/lsp/names.h"

#include <jansson.h>
#include <stdlib.h>

enum token_type {
	TOKEN_COMMENT,
	TOKEN_MACRO, /* directives */
	TOKEN_KEYWORD,
	TOKEN_PARAMETER, /* flags' names */
	TOKEN_NAMESPACE, /* stages */
	TOKEN_VARIABLE,
	TOKEN_STRING, /* heredocs */
	TOKEN_TYPE_N,
};

struct token {
	enum token_type type;
	struct span span;
};

struct tokens {
	const struct lsp_document *doc;
	VEC(struct token) v;
};

json_t *lsp_token_legend(void)
{
	static const char *const names[TOKEN_TYPE_N] = {
		[TOKEN_COMMENT] = "comment",
		[TOKEN_MACRO] = "macro",
		[TOKEN_KEYWORD] = "keyword",
		[TOKEN_PARAMETER] = "parameter",
		[TOKEN_NAMESPACE] = "namespace",
		[TOKEN_VARIABLE] = "variable",
		[TOKEN_STRING] = "string",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < TOKEN_TYPE_N; i++)
		json_array_append_new(list, json_string(names[i]));
	return list;
}

static void add(struct tokens *t, enum token_type type, struct span span)
{
	if (span.end > span.offset)
		*vec_push(&t->v) = (struct token){type, span};
}

static void add_heredocs(struct tokens *t, struct heredocs heredocs)
{
	for (size_t i = 0; i < heredocs.n; i++)
		add(t, TOKEN_STRING, heredocs.v[i].span);
}

/* "--name" without its value */
static void add_flags(struct tokens *t, struct flags flags)
{
	for (size_t i = 0; i < flags.n; i++) {
		struct span span = flags.v[i].span;

		span.end = span.offset + 2 + (uint32_t)flags.v[i].name.n;
		add(t, TOKEN_PARAMETER, span);
	}
}

static void add_instruction(struct tokens *t, const struct instruction *in)
{
	add(t, TOKEN_KEYWORD, in->keyword);
	add_flags(t, in->flags);
	switch (in->kind) {
	case INSTRUCTION_FROM: {
		const struct from *from = &in->from;
		const struct source *source = &t->doc->source;

		/* AS stands where it can be found without another parser */
		if (from->as_text.n && from->as_text.p >= source->text.p &&
		    from->as_text.p < source->text.p + source->text.n) {
			uint32_t at =
				(uint32_t)(from->as_text.p - source->text.p);

			add(t, TOKEN_KEYWORD, (struct span){at, at + 2});
		}
		break;
	}
	case INSTRUCTION_ONBUILD:
		if (in->onbuild.trigger)
			add_instruction(t, in->onbuild.trigger);
		break;
	case INSTRUCTION_RUN: add_heredocs(t, in->run.command.heredocs); break;
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY: add_heredocs(t, in->copy.heredocs); break;
	case INSTRUCTION_ARG:
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_ENV:
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_HEALTHCHECK:
	case INSTRUCTION_LABEL:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_SHELL:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_VOLUME:
	case INSTRUCTION_WORKDIR:
	case INSTRUCTION_N: break;
	}
}

static void add_names(struct tokens *t, const struct lsp_names *names)
{
	size_t n;
	const struct lsp_use *all = lsp_names_all(names, &n);

	for (size_t i = 0; i < n; i++)
		if (all[i].name_kind == LSP_VARIABLE)
			add(t, TOKEN_VARIABLE, all[i].span);
		else if (all[i].kind != LSP_DEFINES || all[i].in->from.alias.n)
			add(t, TOKEN_NAMESPACE, all[i].span);
}

static int by_place(const void *a, const void *b)
{
	const struct token *x = a;
	const struct token *y = b;

	if (x->span.offset != y->span.offset)
		return x->span.offset < y->span.offset ? -1 : 1;
	return 0;
}

/* Each as five numbers, places relative to the token before. */
static json_t *encode(const struct tokens *t)
{
	struct lsp_position before = {0};
	uint32_t end = 0;
	json_t *data = json_array();

	for (size_t i = 0; i < t->v.n; i++) {
		const struct token *token = &t->v.v[i];
		struct lsp_range range =
			lsp_text_range(&t->doc->text, token->span);
		uint32_t lines = range.start.line - before.line;

		/* a token is of one line, and none is in another */
		if (token->span.offset < end ||
		    range.start.line != range.end.line)
			continue;
		end = token->span.end;
		json_array_append_new(data, json_integer(lines));
		json_array_append_new(
			data, json_integer(range.start.character -
					   (lines ? 0 : before.character)));
		json_array_append_new(data,
				      json_integer(range.end.character -
						   range.start.character));
		json_array_append_new(data, json_integer(token->type));
		json_array_append_new(data, json_integer(0));
		before = range.start;
	}
	return data;
}

json_t *lsp_semantic_tokens(const struct lsp_question *q, struct err *e)
{
	const struct dockerfile *df = q->doc->lint.dockerfile;
	struct tokens t = {.doc = q->doc};
	json_t *data;

	(void)e;
	for (size_t i = 0; i < df->n_directives; i++)
		add(&t, TOKEN_MACRO, df->directives[i].span);
	for (size_t i = 0; i < df->n_comments; i++)
		add(&t, TOKEN_COMMENT, df->comments[i].span);
	for (size_t i = 0; i < df->n_instructions; i++)
		add_instruction(&t, &df->instructions[i]);
	add_names(&t, lsp_document_names(q->doc));
	if (t.v.n)
		qsort(t.v.v, t.v.n, sizeof(*t.v.v), by_place);
	data = encode(&t);
	vec_release(&t.v);
	return json_pack("{s:o}", "data", data);
}
