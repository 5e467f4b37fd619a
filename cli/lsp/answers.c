#include "cli/lsp/answers.h"

#include "cli/lsp/json.h"
#include "lint/fix.h"
#include "lint/fmt.h"
#include "lint/rule.h"
#include "parser/instruction.h"

#include <jansson.h>
#include <string.h>

/* LSP's numbers: DiagnosticSeverity, SymbolKind. */
enum { SYMBOL_MODULE = 2, SYMBOL_EVENT = 24 };

static json_t *range_of(const struct lsp_document *doc, struct span span)
{
	return lsp_json_range(lsp_text_range(&doc->text, span));
}

/* Diagnostics. */

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

static json_t *diagnostic(const struct lsp_document *doc,
			  const struct diag *diag)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);

	buf_add_str(&text, diag->text);
	if (diag->hint.n)
		buf_printf(&text, "\nhint: %.*s", STR_ARG(diag->hint));
	return json_pack("{s:o, s:i, s:s, s:s, s:o}", "range",
			 range_of(doc, diag->span), "severity",
			 severity_of(diag), "code", diag->id, "source",
			 "imgbuild", "message", lsp_json_str(buf_str(&text)));
}

json_t *lsp_diagnostics(const struct lsp_document *doc)
{
	json_t *list = json_array();

	for (size_t i = 0; i < doc->lint.diags.n; i++)
		json_array_append_new(list,
				      diagnostic(doc, &doc->lint.diags.v[i]));
	return json_pack("{s:s, s:I, s:o}", "uri", doc->uri, "version",
			 (json_int_t)doc->version, "diagnostics", list);
}

json_t *lsp_no_diagnostics(struct str uri)
{
	return json_pack("{s:o, s:[]}", "uri", lsp_json_str(uri),
			 "diagnostics");
}

/* Hover. */

static void describe_rule(struct buf *out, const struct diag *diag)
{
	const struct rule *rule = rule_find(str_from(diag->id));

	if (!rule) {
		buf_printf(out, "**%s**\n\n", diag->id);
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

static bool holds(struct span span, uint32_t offset)
{
	return offset >= span.offset &&
	       (offset < span.end || span.offset == span.end);
}

/* The keyword's; ONBUILD's trigger has one of its own. */
static const struct instruction *keyword_at(const struct dockerfile *df,
					    uint32_t offset)
{
	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];

		if (holds(in->keyword, offset))
			return in;
		if (in->kind == INSTRUCTION_ONBUILD && in->onbuild.trigger &&
		    holds(in->onbuild.trigger->keyword, offset))
			return in->onbuild.trigger;
	}
	return NULL;
}

json_t *lsp_hover(const struct lsp_document *doc, struct lsp_position at)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	uint32_t offset = lsp_text_offset(&doc->text, at);
	const struct instruction *in = keyword_at(doc->lint.dockerfile, offset);

	for (size_t i = 0; i < doc->lint.diags.n; i++)
		if (holds(doc->lint.diags.v[i].span, offset))
			describe_rule(&text, &doc->lint.diags.v[i]);
	if (in)
		describe_instruction(&text, instruction_info(in->kind));
	if (text.n == 0)
		return NULL;
	return json_pack("{s:{s:s, s:o}}", "contents", "kind", "markdown",
			 "value", lsp_json_str(buf_str(&text)));
}

/* Code actions. */

static json_t *text_edit(const struct lsp_document *doc, struct span span,
			 struct str text)
{
	return json_pack("{s:o, s:o}", "range", range_of(doc, span), "newText",
			 lsp_json_str(text));
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
static json_t *workspace_edit(const struct lsp_document *doc, json_t *edits)
{
	return json_pack("{s:{s:o}}", "changes", doc->uri, edits);
}

static json_t *quick_fix(const struct lsp_document *doc,
			 const struct diag *diag)
{
	SCOPED_BUF struct buf title = BUF_INIT(4096);

	buf_printf(&title, "%s (%s)", diag->fix->title, diag->id);
	return json_pack("{s:s, s:s, s:b, s:[o], s:o}", "title", buf_c(&title),
			 "kind", "quickfix", "isPreferred", 1, "diagnostics",
			 diagnostic(doc, diag), "edit",
			 workspace_edit(doc, edits_of(doc, diag->fix)));
}

static bool begins_line(struct str s, size_t at)
{
	return at == 0 || s.p[at - 1] == '\n';
}

/* The part of the text that differs, in whole lines, as one edit. */
static json_t *difference(const struct lsp_document *doc, struct str to)
{
	struct str from = buf_str(&doc->text.bytes);
	size_t n = from.n < to.n ? from.n : to.n;
	size_t begin = 0;
	size_t end = 0;

	while (begin < n && from.p[begin] == to.p[begin])
		begin++;
	while (!begins_line(from, begin))
		begin--;
	while (end < n - begin &&
	       from.p[from.n - 1 - end] == to.p[to.n - 1 - end])
		end++;
	while (end && !(begins_line(from, from.n - end) &&
			begins_line(to, to.n - end)))
		end--;
	if (begin + end == from.n && begin + end == to.n)
		return json_array();
	return json_pack("[o]",
			 text_edit(doc,
				   (struct span){(uint32_t)begin,
						 (uint32_t)(from.n - end)},
				   str_sub(to, begin, to.n - end)));
}

static json_t *fix_all(const struct lsp_document *doc)
{
	SCOPED_BUF struct buf fixed = BUF_INIT(SOURCE_MAX_BYTES);

	if (fix_text(&fixed, buf_str(&doc->text.bytes), &doc->options) == 0)
		return NULL;
	return json_pack("{s:s, s:s, s:o}", "title",
			 "Fix all that is safe to fix", "kind",
			 "source.fixAll.imgbuild", "edit",
			 workspace_edit(doc, difference(doc, buf_str(&fixed))));
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

json_t *lsp_code_actions(const struct lsp_document *doc, struct lsp_range range,
			 const json_t *only)
{
	json_t *list = json_array();
	uint32_t from = lsp_text_offset(&doc->text, range.start);
	uint32_t to = lsp_text_offset(&doc->text, range.end);

	for (size_t i = 0; i < doc->lint.diags.n; i++) {
		const struct diag *diag = &doc->lint.diags.v[i];

		if (diag->fix && is_asked(only, "quickfix") &&
		    diag->span.offset <= to && diag->span.end >= from)
			json_array_append_new(list, quick_fix(doc, diag));
	}
	if (is_asked(only, "source.fixAll.imgbuild")) {
		json_t *all = fix_all(doc);

		if (all)
			json_array_append_new(list, all);
	}
	return list;
}

json_t *lsp_formatting(const struct lsp_document *doc)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	struct diags ignored;
	enum fmt_result result;

	diags_init(&ignored, &a);
	result = fmt_text(&text, &doc->source, &ignored);
	diags_release(&ignored);
	return result == FMT_OK ? difference(doc, buf_str(&text)) : NULL;
}

/* Symbols. */

static json_t *symbol(const struct lsp_document *doc, struct str name,
		      struct str detail, int kind, struct span span,
		      struct span selection)
{
	return json_pack("{s:o, s:o, s:i, s:o, s:o}", "name",
			 lsp_json_str(name), "detail", lsp_json_str(detail),
			 "kind", kind, "range", range_of(doc, span),
			 "selectionRange", range_of(doc, selection));
}

enum { DETAIL_MAX = 80 };

/* What an instruction says, cut between characters. */
static struct str detail_of(const struct instruction *in)
{
	struct str text = str_trim(
		str_skip(in->text, in->keyword.end - in->keyword.offset));

	if (text.n <= DETAIL_MAX)
		return text;
	text.n = DETAIL_MAX;
	while (text.n && ((unsigned char)text.p[text.n] & 0xc0) == 0x80)
		text.n--;
	return text;
}

static json_t *stage_symbol(const struct lsp_document *doc,
			    const struct stage *stage)
{
	const struct instruction *from = stage->from;
	const struct instruction *last =
		stage->n_instructions
			? &stage->instructions[stage->n_instructions - 1]
			: from;
	json_t *children = json_array();
	json_t *json = symbol(doc,
			      from->from.alias_text.n ? from->from.alias_text
						      : stage->name,
			      from->from.base.text, SYMBOL_MODULE,
			      (struct span){from->span.offset, last->span.end},
			      from->from.alias_text.n ? from->from.alias_span
						      : from->keyword);

	for (size_t i = 0; i < stage->n_instructions; i++) {
		const struct instruction *in = &stage->instructions[i];

		json_array_append_new(
			children,
			symbol(doc, str_from(instruction_name(in->kind)),
			       detail_of(in), SYMBOL_EVENT, in->span,
			       in->keyword));
	}
	json_object_set_new(json, "children", children);
	return json;
}

json_t *lsp_symbols(const struct lsp_document *doc)
{
	const struct dockerfile *df = doc->lint.dockerfile;
	json_t *list = json_array();

	for (size_t i = 0; i < df->n_stages; i++)
		json_array_append_new(list, stage_symbol(doc, &df->stages[i]));
	return list;
}
