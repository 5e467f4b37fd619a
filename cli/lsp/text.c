#include "cli/lsp/text.h"

#include "parser/utf8.h"

void lsp_text_release(struct lsp_text *t)
{
	buf_release(&t->bytes);
	vec_release(&t->lines);
}

/* A line ends with \n, \r\n or \r alone. */
static void find_lines(struct lsp_text *t)
{
	struct str s = buf_str(&t->bytes);

	t->lines.n = 0;
	*vec_push(&t->lines) = 0;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '\n' ||
		    (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n')))
			*vec_push(&t->lines) = (uint32_t)i + 1;
}

int lsp_text_set(struct lsp_text *t, struct str text, struct err *e)
{
	if (text.n > SOURCE_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "a document of %zu bytes", text.n);
	if (t->bytes.max_bytes == 0)
		t->bytes = BUF_INIT(SOURCE_MAX_BYTES);
	buf_clear(&t->bytes);
	buf_add_str(&t->bytes, text);
	find_lines(t);
	return 0;
}

int lsp_text_replace(struct lsp_text *t, struct lsp_range range,
		     struct str text, struct err *e)
{
	uint32_t from = lsp_text_offset(t, range.start);
	uint32_t to = lsp_text_offset(t, range.end);
	SCOPED_BUF struct buf now = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	struct str old = buf_str(&t->bytes);

	if (from > to)
		return err_set(e, ERR_INVALID,
			       "a range that ends before it begins");
	if (text.n > SOURCE_MAX_BYTES)
		return err_set(e, ERR_LIMIT, "a change of %zu bytes", text.n);
	buf_add_str(&now, str_sub(old, 0, from));
	buf_add_str(&now, text);
	buf_add_str(&now, str_skip(old, to));
	return lsp_text_set(t, buf_str(&now), e);
}

/* The line without its end. */
static struct str line_text(const struct lsp_text *t, size_t line)
{
	struct str s = buf_str(&t->bytes);
	size_t end = line + 1 < t->lines.n ? t->lines.v[line + 1] : s.n;

	s = str_sub(s, t->lines.v[line], end);
	while (s.n && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

struct str lsp_text_line(const struct lsp_text *t, uint32_t line)
{
	return line < t->lines.n ? line_text(t, line) : (struct str){0};
}

static uint32_t units_of(const struct lsp_text *t, struct rune rune)
{
	switch (t->encoding) {
	case LSP_UTF8: return rune.n;
	case LSP_UTF16: return rune.value >= 0x10000 ? 2 : 1;
	case LSP_UTF32: break;
	}
	return 1;
}

uint32_t lsp_text_offset(const struct lsp_text *t, struct lsp_position at)
{
	struct str rest;
	uint32_t units = 0;
	uint32_t offset;

	if (at.line >= t->lines.n)
		return (uint32_t)t->bytes.n;
	rest = line_text(t, at.line);
	offset = t->lines.v[at.line];
	while (rest.n) {
		struct rune rune = rune_at(rest);

		units += units_of(t, rune);
		if (units > at.character)
			break;
		offset += rune.n;
		rest = str_skip(rest, rune.n);
	}
	return offset;
}

struct lsp_position lsp_text_position(const struct lsp_text *t, uint32_t offset)
{
	size_t low = 0;
	size_t high = t->lines.n;
	struct lsp_position at = {0};
	struct str rest;

	if (offset > t->bytes.n)
		offset = (uint32_t)t->bytes.n;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (t->lines.v[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	at.line = (uint32_t)low;
	rest = line_text(t, low);
	if (offset - t->lines.v[low] < rest.n)
		rest.n = offset - t->lines.v[low];
	while (rest.n) {
		struct rune rune = rune_at(rest);

		at.character += units_of(t, rune);
		rest = str_skip(rest, rune.n);
	}
	return at;
}

struct lsp_range lsp_text_range(const struct lsp_text *t, struct span span)
{
	return (struct lsp_range){lsp_text_position(t, span.offset),
				  lsp_text_position(t, span.end)};
}
