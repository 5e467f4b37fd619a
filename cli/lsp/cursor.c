#include "cli/lsp/cursor.h"

#include "parser/utf8.h"

#include <string.h>

static bool goes_on(const struct lsp_document *doc, struct str line)
{
	struct str s = str_trim(line);

	return s.n && s.p[s.n - 1] == doc->lint.dockerfile->escape &&
	       s.p[0] != '#';
}

static bool is_comment(struct str line)
{
	struct str s = str_trim_space_left(line);

	return s.n && s.p[0] == '#';
}

/* The line that the instruction of that line begins at. */
static uint32_t first_line(const struct lsp_document *doc, uint32_t line)
{
	uint32_t first = line;

	while (line > 0) {
		struct str above = lsp_text_line(&doc->text, --line);

		if (goes_on(doc, above))
			first = line;
		else if (!is_comment(above) && str_trim(above).n)
			break;
	}
	return first;
}

/* The instruction's text up to offset, on one line. */
static struct str joined(struct arena *a, const struct lsp_document *doc,
			 uint32_t first, uint32_t offset)
{
	SCOPED_BUF struct buf out = BUF_INIT(SOURCE_MAX_BYTES);

	for (uint32_t i = first; i < doc->text.lines.n; i++) {
		struct str line = lsp_text_line(&doc->text, i);
		uint32_t at = doc->text.lines.v[i];

		if (at > offset)
			break;
		if (offset - at <= line.n) {
			buf_add_str(&out, str_sub(line, 0, offset - at));
			break;
		}
		if (i > first && is_comment(line))
			continue;
		line = str_sub(
			line, 0,
			(size_t)str_rfind(line, doc->lint.dockerfile->escape));
		buf_add_str(&out, line);
	}
	return arena_str(a, buf_str(&out));
}

/* In the body of one, as far as the text parses. */
static bool in_heredoc(const struct lsp_document *doc, uint32_t offset)
{
	const struct dockerfile *df = doc->lint.dockerfile;

	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];
		struct heredocs h = {0};

		if (in->span.offset > offset)
			break;
		if (in->span.end < offset)
			continue;
		if (in->kind == INSTRUCTION_RUN)
			h = in->run.command.heredocs;
		if (in->kind == INSTRUCTION_COPY || in->kind == INSTRUCTION_ADD)
			h = in->copy.heredocs;
		for (size_t k = 0; k < h.n; k++)
			if (offset >= h.v[k].body.offset &&
			    offset < h.v[k].body.end)
				return true;
	}
	return false;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The next word of *s, which ends at a blank; blanks before it are taken. */
static struct str take_word(struct str *s)
{
	size_t n = 0;
	struct str word;

	*s = str_trim_space_left(*s);
	while (n < s->n && !is_blank(s->p[n]))
		n++;
	word = str_sub(*s, 0, n);
	*s = str_skip(*s, n);
	return word;
}

/* rest begins right behind the keyword. */
static void read_arguments(struct lsp_cursor *c, struct str rest)
{
	c->kind = LSP_IN_ARGUMENTS;
	for (;;) {
		struct str word = take_word(&rest);

		if (rest.n == 0) {
			c->word = word;
			return;
		}
		c->has_from |= str_starts(word, "--from=");
		if (c->n_words == 0 && str_starts(word, "--"))
			continue;
		if (c->n_words < ARRAY_LEN(c->words))
			c->words[c->n_words] = word;
		c->n_words++;
	}
}

static void read_instruction(struct lsp_cursor *c, struct str text)
{
	struct str rest = text;
	struct str keyword = take_word(&rest);

	c->word = keyword;
	if (rest.n == 0) {
		c->kind = LSP_IN_KEYWORD;
		return;
	}
	c->info = instruction_find(keyword);
	if (!c->info) {
		c->kind = LSP_IN_HEREDOC;
	} else if (c->info->kind == INSTRUCTION_ONBUILD && !c->onbuild) {
		c->onbuild = true;
		c->info = NULL;
		read_instruction(c, str_trim_space_left(rest));
	} else {
		read_arguments(c, rest);
	}
}

void lsp_cursor_find(struct arena *a, const struct lsp_document *doc,
		     uint32_t offset, struct lsp_cursor *out)
{
	uint32_t line = lsp_text_position(&doc->text, offset).line;
	uint32_t at = doc->text.lines.v[line];
	struct str text = lsp_text_line(&doc->text, line);

	*out = (struct lsp_cursor){.kind = LSP_IN_HEREDOC, .offset = offset};
	if (in_heredoc(doc, offset))
		return;
	if (is_comment(str_sub(text, 0, offset - at))) {
		out->kind = LSP_IN_COMMENT;
		out->line = str_sub(text, 0, offset - at);
		return;
	}
	read_instruction(out, joined(a, doc, first_line(doc, line), offset));
}
