#include "cli/lsp/documents.h"

#include "cli/dockerignore.h"

static void forget_lint(struct lsp_document *doc)
{
	lint_release(&doc->lint);
	arena_release(&doc->arena);
	doc->lint = (struct lint_file){0};
}

static void free_document(struct lsp_document *doc)
{
	forget_lint(doc);
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

void lsp_document_lint(const struct lsp_documents *d, struct lsp_document *doc)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);

	forget_lint(doc);
	doc->options = *d->options;
	doc->options.fixes = true;
	if (lsp_path_of_uri(&path, str_from(doc->uri)))
		doc->options.dockerignore =
			dockerignore_read(&doc->arena, buf_c(&path), NULL);
	source_init(&doc->source, &doc->arena, STR("Dockerfile"),
		    buf_str(&doc->text.bytes));
	lint_begin(&doc->lint, &doc->arena, &doc->source, &doc->options);
	lint_finish(&doc->lint);
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
