#include "parser/tokens.h"

#include "parser/argument.h"
#include "parser/heredoc.h"
#include "parser/instruction.h"
#include "parser/json.h"
#include "parser/line.h"
#include "parser/utf8.h"

struct dump {
	struct buf *out;
	const struct source *source;
	const struct logical_line *line;
	char escape;
};

static void put(const struct dump *d, const char *kind, struct span span,
		struct str text)
{
	struct position at = source_position(d->source, span.offset);

	buf_printf(d->out, "%u:%u %s ", at.line, at.column, kind);
	buf_add_json_string(d->out, text);
	buf_add_char(d->out, '\n');
}

static void put_part(const struct dump *d, const char *kind, struct str part)
{
	put(d, kind, line_span(d->line, part), part);
}

static void put_words(const struct dump *d, struct str args, bool quoted)
{
	struct str word;

	for (;;) {
		bool more = quoted ? argument_word(&args, d->escape, &word)
				   : argument_blank(&args, &word);

		if (!more)
			return;
		put_part(d, "word", word);
	}
}

static void put_heredocs(const struct dump *d, struct line_reader *r,
			 struct str args)
{
	struct json_strings strings;
	struct heredocs heredocs;
	struct str mixed;

	if (json_parse_strings(r->arena, args, &strings, &mixed) ==
	    JSON_STRINGS)
		return;
	(void)heredocs_read(r, d->line, &heredocs);
	for (size_t i = 0; i < heredocs.n; i++) {
		put(d, "heredoc", heredocs.v[i].span, heredocs.v[i].name);
		put(d, "body", heredocs.v[i].body, heredocs.v[i].raw);
	}
}

static void put_line(const struct dump *d, struct line_reader *r)
{
	const struct instruction_info *info;
	struct str rest = str_trim_space(d->line->text);
	struct str keyword = {0};
	struct str flag;

	put_part(d, "line", d->line->text);
	(void)argument_blank(&rest, &keyword);
	put_part(d, "keyword", keyword);
	while (argument_flag(&rest, d->escape, &flag))
		put_part(d, "flag", flag);
	rest = str_trim_space(rest);
	if (rest.n)
		put_part(d, "arguments", rest);
	info = instruction_find(keyword);
	if (!info)
		return;
	if (info->shape == ARGUMENTS_PAIRS || info->shape == ARGUMENTS_NAMES)
		put_words(d, rest, true);
	else if (info->shape == ARGUMENTS_WORDS ||
		 info->shape == ARGUMENTS_WORDS_OR_JSON)
		put_words(d, rest, false);
	if (info->heredocs)
		put_heredocs(d, r, rest);
}

void tokens_dump(struct buf *out, const struct source *src)
{
	SCOPED_ARENA struct arena a = {0};
	struct diags ignored;
	struct line_reader r;
	struct logical_line line;

	diags_init(&ignored, &a);
	line_reader_init(&r, &a, src, &ignored);
	while (line_next(&r, &line)) {
		struct dump d = {out, src, &line, r.escape};

		put_line(&d, &r);
	}
	for (size_t i = 0; i < r.comments.n; i++) {
		struct dump d = {out, src, NULL, r.escape};

		put(&d, "comment", r.comments.v[i].span, r.comments.v[i].text);
	}
	line_reader_release(&r);
	diags_release(&ignored);
}
