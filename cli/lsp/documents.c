#include "cli/lsp/documents.h"

#include "cli/dockerignore.h"
#include "cli/lsp/names.h"

#include <ctype.h>
#include <string.h>

static void forget_findings(struct lsp_document *doc)
{
	for (size_t i = 0; i < doc->shellcheck.n; i++)
		free(doc->shellcheck.v[i].text);
	doc->shellcheck.n = 0;
}

void lsp_document_forget(struct lsp_document *doc)
{
	if (doc->linted)
		lint_release(&doc->lint);
	arena_release(&doc->arena);
	doc->lint = (struct lint_file){0};
	doc->names = NULL;
	doc->linted = false;
}

static void free_document(struct lsp_document *doc)
{
	lsp_document_forget(doc);
	forget_findings(doc);
	vec_release(&doc->shellcheck);
	lsp_text_release(&doc->text);
	free(doc->uri);
	free(doc);
}

void lsp_documents_release(struct lsp_documents *d)
{
	for (size_t i = 0; i < d->v.n; i++)
		free_document(d->v.v[i]);
	vec_release(&d->v);
}

static size_t index_of(const struct lsp_documents *d, struct str uri)
{
	size_t i = 0;

	while (i < d->v.n && !str_eq_c(uri, d->v.v[i]->uri))
		i++;
	return i;
}

struct lsp_document *lsp_document_find(const struct lsp_documents *d,
				       struct str uri)
{
	size_t i = index_of(d, uri);

	return i < d->v.n ? d->v.v[i] : NULL;
}

struct lsp_document *lsp_document_open(struct lsp_documents *d, struct str uri,
				       struct err *e)
{
	struct lsp_document *doc = lsp_document_find(d, uri);

	if (doc)
		return doc;
	if (d->v.n == LSP_DOCUMENTS_MAX) {
		err_set(e, ERR_LIMIT, "%d documents are open already",
			LSP_DOCUMENTS_MAX);
		return NULL;
	}
	doc = xcalloc(1, sizeof(*doc));
	doc->uri = str_dup(uri);
	doc->text.encoding = d->encoding;
	*vec_push(&d->v) = doc;
	return doc;
}

void lsp_document_close(struct lsp_documents *d, struct str uri)
{
	size_t i = index_of(d, uri);

	if (i == d->v.n)
		return;
	free_document(d->v.v[i]);
	d->v.v[i] = d->v.v[--d->v.n];
}

/* The n bytes at offset became n_now bytes: findings move, or go. */
static void move_findings(struct lsp_document *doc, uint32_t offset, uint32_t n,
			  uint32_t n_now)
{
	size_t n_left = 0;

	for (size_t i = 0; i < doc->shellcheck.n; i++) {
		struct lsp_finding *f = &doc->shellcheck.v[i];

		if (f->span.end > offset && f->span.offset < offset + n) {
			free(f->text);
			continue;
		}
		if (f->span.offset >= offset + n && f->span.end > offset) {
			f->span.offset += n_now - n;
			f->span.end += n_now - n;
		}
		doc->shellcheck.v[n_left++] = *f;
	}
	doc->shellcheck.n = n_left;
}

/* The whole text is a new one: what is alike at both ends stays. */
static void move_findings_to(struct lsp_document *doc, struct str to)
{
	struct str from = buf_str(&doc->text.bytes);
	size_t n = from.n < to.n ? from.n : to.n;
	size_t begin = 0;
	size_t end = 0;

	while (begin < n && from.p[begin] == to.p[begin])
		begin++;
	while (end < n - begin &&
	       from.p[from.n - 1 - end] == to.p[to.n - 1 - end])
		end++;
	move_findings(doc, (uint32_t)begin, (uint32_t)(from.n - begin - end),
		      (uint32_t)(to.n - begin - end));
}

static int replace_range(struct lsp_document *doc,
			 const struct lsp_range *range, struct str text,
			 struct err *e)
{
	uint32_t from = lsp_text_offset(&doc->text, range->start);
	uint32_t to = lsp_text_offset(&doc->text, range->end);

	if (lsp_text_replace(&doc->text, *range, text, e) < 0)
		return -1;
	move_findings(doc, from, to - from, (uint32_t)text.n);
	return 0;
}

int lsp_document_change(struct lsp_document *doc, const struct lsp_range *range,
			struct str text, struct err *e)
{
	lsp_document_forget(doc);
	doc->wants_shellcheck = true;
	if (range)
		return replace_range(doc, range, text, e);
	if (text.n <= SOURCE_MAX_BYTES)
		move_findings_to(doc, text);
	return lsp_text_set(&doc->text, text, e);
}

static void add_findings(struct lsp_document *doc)
{
	for (size_t i = 0; i < doc->shellcheck.n; i++) {
		const struct lsp_finding *f = &doc->shellcheck.v[i];

		(void)diag_add(&doc->lint.diags, f->id, f->severity, f->span,
			       "%s", f->text);
	}
}

void lsp_document_lint(const struct lsp_documents *d, struct lsp_document *doc)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);

	if (doc->linted)
		return;
	doc->linted = true;
	doc->revision++;
	doc->options = *d->options;
	if (lsp_path_of_uri(&path, str_from(doc->uri)))
		doc->options.dockerignore =
			dockerignore_read(&doc->arena, buf_c(&path), NULL);
	source_init(&doc->source, &doc->arena, STR("Dockerfile"),
		    buf_str(&doc->text.bytes));
	lint_begin(&doc->lint, &doc->arena, &doc->source, &doc->options);
	add_findings(doc);
	lint_finish(&doc->lint);
}

struct lsp_names *lsp_document_names(struct lsp_document *doc)
{
	if (!doc->names)
		doc->names = lsp_names_make(&doc->arena, doc->lint.dockerfile);
	return doc->names;
}

void lsp_document_set_shellcheck(struct lsp_document *doc,
				 struct lsp_finding *findings, size_t n)
{
	lsp_document_forget(doc);
	forget_findings(doc);
	for (size_t i = 0; i < n; i++)
		*vec_push(&doc->shellcheck) = findings[i];
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool lsp_path_of_uri(struct buf *out, struct str uri)
{
	struct str path;

	if (!str_starts(uri, "file:///"))
		return false;
	path = str_skip(uri, 7);
	for (size_t i = 0; i < path.n; i++) {
		char c = path.p[i];

		if (c == '%' && i + 2 < path.n &&
		    hex_digit(path.p[i + 1]) >= 0 &&
		    hex_digit(path.p[i + 2]) >= 0) {
			c = (char)(hex_digit(path.p[i + 1]) * 16 +
				   hex_digit(path.p[i + 2]));
			i += 2;
		}
		if (c == '\0')
			return false;
		buf_add_char(out, c);
	}
	return !out->over;
}

void lsp_uri_of_path(struct buf *out, struct str path)
{
	buf_add_c(out, "file://");
	for (size_t i = 0; i < path.n; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (isalnum(c) || strchr("/-._~", c))
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}

bool lsp_document_folder(const struct lsp_document *doc, struct buf *out)
{
	if (!lsp_path_of_uri(out, str_from(doc->uri)))
		return false;
	out->n = (size_t)(str_rfind(buf_str(out), '/') + 1);
	return out->n > 0;
}
