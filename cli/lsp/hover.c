/* What stands under the cursor: findings, and what a thing is and comes to. */
#include "cli/lsp/answers.h"
#include "cli/lsp/images.h"
#include "cli/lsp/json.h"
#include "cli/lsp/names.h"
#include "lint/fix.h"
#include "lint/rule.h"
#include "parser/instruction.h"

#include <jansson.h>

static bool holds(struct span span, uint32_t offset)
{
	return offset >= span.offset &&
	       (offset < span.end || span.offset == span.end);
}

static void describe_rule(struct buf *out, const struct diag *diag)
{
	const struct rule *rule = rule_find(str_from(diag->id));

	if (!rule) {
		buf_printf(out, "**%s**: %.*s\n\n", diag->id,
			   STR_ARG(diag->text));
		return;
	}
	buf_printf(out, "**%s%s%s**: %s\n\n", rule->id, rule->alias ? ", " : "",
		   rule->alias ? rule->alias : "", rule->summary);
	if (*rule->why)
		buf_printf(out, "%s\n\n", rule->why);
	if (fix_title(rule->id))
		buf_printf(out, "Fix: %s.\n\n", fix_title(rule->id));
}

static void describe_instruction(struct buf *out,
				 const struct instruction_info *info)
{
	buf_printf(out, "**%s**\n\n```dockerfile\n%s\n```\n", info->name,
		   info->forms);
	for (size_t i = 0; i < info->n_flags; i++) {
		const struct flag_info *flag = &info->flags[i];

		buf_printf(
			out, "%s`--%s%s%s`", i ? ", " : "\nFlags: ", flag->name,
			flag->value ? "=" : "", flag->value ? flag->value : "");
	}
	if (info->n_flags)
		buf_add_c(out, "\n");
}

static void describe_flag(struct buf *out, const struct instruction *in,
			  const struct flag *flag)
{
	const struct instruction_info *info = instruction_info(in->kind);
	int i = instruction_find_flag(info, flag->name);

	if (i < 0)
		return;
	buf_printf(out, "**--%s**%s%s of %s%s\n\n", info->flags[i].name,
		   info->flags[i].value ? "=" : "",
		   info->flags[i].value ? info->flags[i].value : "", info->name,
		   info->flags[i].expands ? "; variables in it are expanded"
					  : "");
}

/* The instruction that offset is in; ONBUILD's trigger is one of its own. */
static const struct instruction *instruction_at(const struct dockerfile *df,
						uint32_t offset)
{
	size_t low = 0;
	size_t high = df->n_instructions;
	const struct instruction *in;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (df->instructions[middle].span.end <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == df->n_instructions)
		return NULL;
	in = &df->instructions[low];
	if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger &&
	    offset >= in->onbuild.trigger->keyword.offset)
		in = in->onbuild.trigger;
	return offset >= in->span.offset ? in : NULL;
}

static void describe_place(struct buf *out, const struct lsp_question *q,
			   uint32_t offset)
{
	buf_printf(out, " (line %u)",
		   source_position(&q->doc->source, offset).line);
}

/* ARG V, ENV V: the last that set it, its text, and what that comes to. */
static void describe_variable(struct buf *out, const struct lsp_question *q,
			      const struct lsp_use *use)
{
	struct lsp_names *names = lsp_document_names(q->doc);
	const struct lsp_use *def = lsp_names_definition(names, use);
	struct str value;

	if (use->kind == LSP_DEFINES)
		def = use;
	if (!def)
		return;
	buf_printf(out, "**%.*s**, an %s", STR_ARG(def->text),
		   def->in->kind == INSTRUCTION_ARG ? "ARG" : "ENV");
	if (def->stage == LSP_NO_STAGE)
		buf_add_c(out, " of the file");
	else
		buf_printf(out, " of stage %.*s",
			   STR_ARG(q->doc->lint.dockerfile->stages[def->stage]
					   .name));
	describe_place(out, q, def->span.offset);
	if (lsp_names_value(names, def, &value))
		buf_printf(out, "\n\nValue%s: `%.*s`",
			   def->in->kind == INSTRUCTION_ARG
				   ? " without --build-arg"
				   : "",
			   STR_ARG(value));
	else if (def->pair->has_value)
		buf_printf(out, "\n\nValue: `%.*s`",
			   STR_ARG(def->pair->value.text));
	else
		buf_add_c(out, "\n\nIts value comes with --build-arg.");
	if (def->pair->doc.n)
		buf_printf(out, "\n\n%.*s", STR_ARG(def->pair->doc));
	buf_add_c(out, "\n\n");
}

static void describe_stage(struct buf *out, const struct lsp_question *q,
			   const struct lsp_use *use)
{
	const struct lsp_use *def =
		lsp_names_definition(lsp_document_names(q->doc), use);
	const struct stage *stage;

	if (!def || def->in->from.alias.n == 0)
		return;
	stage = &q->doc->lint.dockerfile->stages[def->stage];
	buf_printf(out, "**%.*s**, stage %zu from `%.*s`",
		   STR_ARG(def->in->from.alias_text), stage->index,
		   STR_ARG(def->in->from.base.text));
	describe_place(out, q, def->in->span.offset);
	if (def->in->from.doc.n)
		buf_printf(out, "\n\n%.*s", STR_ARG(def->in->from.doc));
	buf_add_c(out, "\n\n");
}

static void describe_name(struct buf *out, const struct lsp_question *q)
{
	const struct lsp_use *use =
		lsp_names_at(lsp_document_names(q->doc), q->offset);

	if (!use)
		return;
	if (use->name_kind == LSP_VARIABLE)
		describe_variable(out, q, use);
	else
		describe_stage(out, q, use);
}

/* FROM's image, where it is none of the stages. */
static void describe_image(struct buf *out, const struct lsp_question *q,
			   const struct instruction *in)
{
	const struct lsp_use *use =
		lsp_names_at(lsp_document_names(q->doc), q->offset);

	if (in->kind == INSTRUCTION_FROM && !use &&
	    holds(in->from.base.span, q->offset))
		(void)lsp_image_describe(out, in->from.base.text);
}

static void describe_directive(struct buf *out, const struct lsp_question *q)
{
	static const char *const texts[][2] = {
		{"syntax", "the image of the frontend that BuildKit reads the "
			   "file with; imgbuild reads it itself"},
		{"escape", "the character that goes on a line and takes a "
			   "character's meaning: \\ or `"},
		{"check", "which build checks are left out (skip=), run "
			  "(experimental=), or are errors (error=true)"},
	};
	const struct dockerfile *df = q->doc->lint.dockerfile;

	for (size_t i = 0; i < df->n_directives; i++)
		for (size_t k = 0; k < ARRAY_LEN(texts); k++)
			if (holds(df->directives[i].span, q->offset) &&
			    str_eq_c(df->directives[i].name, texts[k][0]))
				buf_printf(out, "**# %s=**: %s\n\n",
					   texts[k][0], texts[k][1]);
}

static void describe_in(struct buf *out, const struct lsp_question *q,
			const struct instruction *in)
{
	if (holds(in->keyword, q->offset))
		describe_instruction(out, instruction_info(in->kind));
	for (size_t i = 0; i < in->flags.n; i++)
		if (holds(in->flags.v[i].span, q->offset))
			describe_flag(out, in, &in->flags.v[i]);
	describe_image(out, q, in);
}

json_t *lsp_hover(const struct lsp_question *q, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	const struct instruction *in =
		instruction_at(q->doc->lint.dockerfile, q->offset);

	(void)e;
	for (size_t i = 0; i < q->doc->lint.diags.n; i++)
		if (holds(q->doc->lint.diags.v[i].span, q->offset))
			describe_rule(&text, &q->doc->lint.diags.v[i]);
	describe_name(&text, q);
	describe_directive(&text, q);
	if (in)
		describe_in(&text, q, in);
	if (text.n == 0)
		return NULL;
	return json_pack("{s:{s:s, s:o}}", "contents", "kind", "markdown",
			 "value", lsp_json_str(buf_str(&text)));
}
