/* What a document is made of: stages, parts to fold, links to elsewhere. */
#include "cli/lsp/answers.h"
#include "cli/lsp/json.h"
#include "oci/reference.h"
#include "parser/utf8.h"

#include <jansson.h>
#include <string.h>
#include <sys/stat.h>

/* LSP's SymbolKind. */
enum { SYMBOL_MODULE = 2, SYMBOL_EVENT = 24 };

static json_t *range_of(const struct lsp_document *doc, struct span span)
{
	return lsp_json_range(lsp_text_range(&doc->text, span));
}

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

static struct span stage_span(const struct stage *stage)
{
	const struct instruction *last =
		stage->n_instructions
			? &stage->instructions[stage->n_instructions - 1]
			: stage->from;

	return (struct span){stage->from->span.offset, last->span.end};
}

static struct str stage_name(const struct stage *stage)
{
	return stage->from->from.alias_text.n ? stage->from->from.alias_text
					      : stage->name;
}

static json_t *stage_symbol(const struct lsp_document *doc,
			    const struct stage *stage)
{
	const struct from *from = &stage->from->from;
	json_t *children = json_array();
	json_t *json = symbol(doc, stage_name(stage), from->base.text,
			      SYMBOL_MODULE, stage_span(stage),
			      from->alias_text.n ? from->alias_span
						 : stage->from->keyword);

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

json_t *lsp_symbols(const struct lsp_question *q, struct err *e)
{
	const struct dockerfile *df = q->doc->lint.dockerfile;
	json_t *list = json_array();

	(void)e;
	for (size_t i = 0; i < df->n_stages; i++)
		json_array_append_new(list,
				      stage_symbol(q->doc, &df->stages[i]));
	return list;
}

/* Of all open documents: stages whose name or image has query in it. */

static bool has_nocase(struct str s, struct str part)
{
	for (size_t i = 0; i + part.n <= s.n; i++)
		if (str_eq_nocase(str_sub(s, i, i + part.n), part))
			return true;
	return false;
}

static void add_stages(json_t *list, struct lsp_document *doc, struct str query)
{
	const struct dockerfile *df = doc->lint.dockerfile;

	for (size_t i = 0; i < df->n_stages; i++) {
		const struct stage *stage = &df->stages[i];

		if (!has_nocase(stage_name(stage), query) &&
		    !has_nocase(stage->from->from.base.text, query))
			continue;
		json_array_append_new(
			list,
			json_pack("{s:o, s:i, s:o, s:{s:s, s:o}}", "name",
				  lsp_json_str(stage_name(stage)), "kind",
				  SYMBOL_MODULE, "containerName",
				  lsp_json_str(stage->from->from.base.text),
				  "location", "uri", doc->uri, "range",
				  range_of(doc, stage_span(stage))));
	}
}

json_t *lsp_workspace_symbols(const struct lsp_question *q, struct err *e)
{
	const struct lsp_documents *documents = &q->workspace->documents;
	json_t *list = json_array();
	struct str query = {0};

	(void)e;
	(void)lsp_read_str(q->params, "query", &query);
	for (size_t i = 0; i < documents->v.n; i++) {
		lsp_document_lint(documents, documents->v.v[i]);
		add_stages(list, documents->v.v[i], query);
	}
	return list;
}

/* Folding. */

struct folds {
	const struct lsp_document *doc;
	json_t *list;
};

static void add_fold(struct folds *f, uint32_t from, uint32_t to,
		     const char *kind)
{
	json_t *fold;

	if (from >= to)
		return;
	fold = json_pack("{s:I, s:I}", "startLine", (json_int_t)from, "endLine",
			 (json_int_t)to);
	if (kind)
		json_object_set_new(fold, "kind", json_string(kind));
	json_array_append_new(f->list, fold);
}

static uint32_t line_of(const struct folds *f, uint32_t offset)
{
	return lsp_text_position(&f->doc->text, offset).line;
}

/* An instruction's heredocs end with a newline, which is no line. */
static void fold_span(struct folds *f, struct span span)
{
	struct str text = buf_str(&f->doc->text.bytes);

	while (span.end > span.offset &&
	       (text.p[span.end - 1] == '\n' || text.p[span.end - 1] == '\r'))
		span.end--;
	add_fold(f, line_of(f, span.offset), line_of(f, span.end), NULL);
}

static bool is_comment_line(const struct folds *f, uint32_t line)
{
	struct str text =
		str_trim_space_left(lsp_text_line(&f->doc->text, line));

	return text.n && text.p[0] == '#';
}

/* Comments one below the other; those in an instruction fold with it. */
static void fold_comments(struct folds *f)
{
	const struct dockerfile *df = f->doc->lint.dockerfile;
	uint32_t first = 0;
	uint32_t last = 0;
	bool any = false;

	for (size_t i = 0; i < df->n_comments; i++) {
		uint32_t line = line_of(f, df->comments[i].span.offset);

		if (any && line == last + 1) {
			last = line;
			continue;
		}
		if (any)
			add_fold(f, first, last, "comment");
		first = last = line;
		any = is_comment_line(f, line);
	}
	if (any)
		add_fold(f, first, last, "comment");
}

json_t *lsp_folding(const struct lsp_question *q, struct err *e)
{
	const struct dockerfile *df = q->doc->lint.dockerfile;
	struct folds f = {q->doc, json_array()};

	(void)e;
	for (size_t i = 0; i < df->n_stages; i++)
		fold_span(&f, stage_span(&df->stages[i]));
	for (size_t i = 0; i < df->n_instructions; i++)
		fold_span(&f, df->instructions[i].span);
	fold_comments(&f);
	return f.list;
}

/* Links: an image of Docker Hub to its page, a file of the context to itself,
 * what ADD fetches to where it lies. */

struct links {
	const struct lsp_question *q;
	struct arena *arena;
	json_t *list;
};

static void add_link(struct links *l, struct span span, struct str target)
{
	json_array_append_new(l->list,
			      json_pack("{s:o, s:o}", "range",
					range_of(l->q->doc, span), "target",
					lsp_json_str(target)));
}

static bool is_plain(const struct word *word)
{
	return word->text.n &&
	       (!word->template || word_names(word->template).n == 0);
}

static bool is_stage(const struct dockerfile *df, const struct stage *until,
		     struct str name)
{
	for (const struct stage *s = df->stages; s < until; s++)
		if (str_eq_nocase(s->from->from.alias, name))
			return true;
	return false;
}

static void link_image(struct links *l, const struct stage *stage)
{
	const struct word *base = &stage->from->from.base;
	struct reference ref;
	struct err e;

	if (!is_plain(base) || str_eq_c(base->text, "scratch") ||
	    is_stage(l->q->doc->lint.dockerfile, stage, base->text) ||
	    reference_parse(l->arena, base->text, &ref, &e) < 0 ||
	    !str_eq_c(ref.domain, "docker.io"))
		return;
	if (str_starts(ref.path, "library/"))
		add_link(l, base->span,
			 arena_printf(l->arena, "https://hub.docker.com/_/%.*s",
				      STR_ARG(str_skip(ref.path, 8))));
	else
		add_link(l, base->span,
			 arena_printf(l->arena, "https://hub.docker.com/r/%.*s",
				      STR_ARG(ref.path)));
}

static void link_file(struct links *l, const struct word *source)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);
	SCOPED_BUF struct buf uri = BUF_INIT(256u << 10);
	struct stat st;

	if (!lsp_document_folder(l->q->doc, &path) ||
	    str_find(source->text, '\0') >= 0)
		return;
	buf_add_str(&path, source->text);
	if (path.over || stat(buf_c(&path), &st) < 0 || !S_ISREG(st.st_mode))
		return;
	lsp_uri_of_path(&uri, buf_str(&path));
	add_link(l, source->span, arena_str(l->arena, buf_str(&uri)));
}

static void link_sources(struct links *l, const struct instruction *in)
{
	for (size_t i = 0; i < in->copy.sources.n; i++) {
		const struct word *source = &in->copy.sources.v[i];

		if (!is_plain(source))
			continue;
		if (in->kind == INSTRUCTION_ADD &&
		    (str_starts(source->text, "https://") ||
		     str_starts(source->text, "http://")))
			add_link(l, source->span, source->text);
		else if (in->copy.from.text.n == 0)
			link_file(l, source);
	}
}

json_t *lsp_links(const struct lsp_question *q, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const struct dockerfile *df = q->doc->lint.dockerfile;
	struct links l = {q, &a, json_array()};

	(void)e;
	for (size_t i = 0; i < df->n_stages; i++)
		link_image(&l, &df->stages[i]);
	for (size_t i = 0; i < df->n_instructions; i++)
		if (df->instructions[i].kind == INSTRUCTION_COPY ||
		    df->instructions[i].kind == INSTRUCTION_ADD)
			link_sources(&l, &df->instructions[i]);
	return l.list;
}
