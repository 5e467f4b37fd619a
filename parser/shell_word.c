/* Words of shell scripts: quotes, expansions, substitutions. POSIX
 * XCU 2.2, 2.6. */
#include "parser/shell_parse.h"

#include <string.h>

struct word_state {
	struct shell_word *word;
	bool copied; /* the text is no longer what stands in the script */
};

static void add_text(struct shell_parser *s, const char *from, const char *to)
{
	buf_add(&s->text, from, (size_t)(to - from));
}

static bool is_name_byte(char c)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* $name, ${name... or ${#name... at from: the name is read. */
static void note_read(struct shell_parser *s, const char *from)
{
	const char *name = from + 1;
	const char *end;
	struct span *read;

	if (name < s->limit && *name == '{')
		name++;
	if (name < s->limit && (*name == '#' || *name == '!'))
		name++;
	end = name;
	while (end < s->limit && is_name_byte(*end))
		end++;
	if (end == name || (*name >= '0' && *name <= '9'))
		return;
	read = vec_push(&s->reads);
	read->offset = shell_offset(s, name);
	read->end = shell_offset(s, end);
}

static void skip_single(struct shell_parser *s, bool ansi)
{
	const char *from = s->p;

	while (s->p < s->limit && *s->p != '\'') {
		if (ansi && *s->p == '\\' && s->p + 1 < s->limit) {
			add_text(s, from, s->p);
			from = ++s->p;
		}
		s->p++;
	}
	add_text(s, from, s->p);
	if (s->p == s->limit)
		shell_fail(s, s->limit);
	else
		s->p++;
}

static void parse_substitution(struct shell_parser *s, const char *from)
{
	const char *start;

	if (shell_enter(s)) {
		shell_parse_block(s);
		if (shell_next(s, &start) != SHELL_CLOSE)
			shell_fail(s, from);
	}
	s->depth--;
}

const char *shell_arithmetic_end(const struct shell_parser *s)
{
	size_t depth = 0;

	for (const char *p = s->p; p < s->limit; p++) {
		if (*p == '\\' || *p == '\'' || *p == '"' || *p == '\n')
			continue;
		if (*p == '(') {
			depth++;
		} else if (*p == ')') {
			if (depth == 0)
				return p + 1 < s->limit && p[1] == ')' ? p + 2
								       : NULL;
			depth--;
		}
	}
	return NULL;
}

/* Those of an expression that ends at end. */
static void note_reads(struct shell_parser *s, const char *end)
{
	for (const char *p = s->p; p < end;) {
		const char *piece = p;
		enum shell_piece kind = shell_lex_quoted(&p, end);

		if (kind == PIECE_VARIABLE || kind == PIECE_PARAMETER)
			note_read(s, piece);
		if (kind == PIECE_END)
			p++;
	}
}

/* from is the $ of $((, which may also be $( ( list ) ). */
static void parse_arithmetic(struct shell_parser *s, const char *from)
{
	const char *end = shell_arithmetic_end(s);

	if (end) {
		note_reads(s, end);
		s->p = end;
		return;
	}
	s->p = from + 2;
	parse_substitution(s, from);
}

/* Behind `: the script up to the next one. */
static void parse_backticks(struct shell_parser *s)
{
	const char *end = s->p;
	const char *limit = s->limit;
	const char *start;
	bool plain = true;

	while (end < limit && *end != '`') {
		if (*end == '\\') {
			plain = false;
			end++;
		}
		end++;
	}
	if (end >= limit) {
		shell_fail(s, s->p);
		return;
	}
	if (plain && shell_enter(s)) {
		s->limit = end;
		shell_parse_list(s);
		if (shell_next(s, &start) != SHELL_END)
			shell_fail(s, start);
		s->limit = limit;
		s->depth--;
	}
	s->p = s->bad_at ? limit : end + 1;
}

static void parse_double(struct shell_parser *s);

/* Behind ${: up to its }. What it holds is text, but for substitutions. */
static void parse_parameter(struct shell_parser *s, const char *from)
{
	size_t mark = s->text.n;

	if (!shell_enter(s)) {
		s->depth--;
		return;
	}
	while (s->p < s->limit && *s->p != '}') {
		const char *piece = s->p;

		switch (shell_lex_word(&s->p, s->limit)) {
		case PIECE_SINGLE: skip_single(s, false); break;
		case PIECE_ANSI: skip_single(s, true); break;
		case PIECE_DOUBLE: parse_double(s); break;
		case PIECE_PARAMETER:
			note_read(s, piece);
			parse_parameter(s, piece);
			break;
		case PIECE_ARITHMETIC: parse_arithmetic(s, piece); break;
		case PIECE_COMMAND: parse_substitution(s, piece); break;
		case PIECE_BACKTICK: parse_backticks(s); break;
		case PIECE_TEXT: {
			const char *close =
				memchr(piece, '}', (size_t)(s->p - piece));

			s->p = close ? close : s->p;
			break;
		}
		case PIECE_END:
		case PIECE_PROCESS: s->p = piece + 1; break;
		case PIECE_VARIABLE: note_read(s, piece); break;
		case PIECE_ESCAPE:
		case PIECE_JOIN:
		case PIECE_DOLLAR: break;
		}
	}
	s->text.n = mark;
	if (s->p >= s->limit)
		shell_fail(s, from);
	else
		s->p++;
	s->depth--;
}

/* A piece that both bare and quoted words have. False for any other. */
static bool parse_expansion(struct shell_parser *s, enum shell_piece kind,
			    const char *from)
{
	size_t mark = s->text.n;
	const char *text = "$()";

	switch (kind) {
	case PIECE_VARIABLE:
		note_read(s, from);
		add_text(s, from, s->p);
		return true;
	case PIECE_PARAMETER:
		note_read(s, from);
		parse_parameter(s, from);
		text = "${}";
		break;
	case PIECE_ARITHMETIC:
		parse_arithmetic(s, from);
		text = "${}";
		break;
	case PIECE_COMMAND:
	case PIECE_PROCESS: parse_substitution(s, from); break;
	case PIECE_BACKTICK: parse_backticks(s); break;
	case PIECE_END:
	case PIECE_TEXT:
	case PIECE_ESCAPE:
	case PIECE_JOIN:
	case PIECE_SINGLE:
	case PIECE_ANSI:
	case PIECE_DOUBLE:
	case PIECE_DOLLAR: return false;
	}
	s->text.n = mark;
	buf_add(&s->text, text, 3);
	return true;
}

static bool add_plain(struct shell_parser *s, enum shell_piece kind,
		      const char *from)
{
	if (kind == PIECE_JOIN)
		return true;
	if (kind != PIECE_TEXT && kind != PIECE_ESCAPE && kind != PIECE_DOLLAR)
		return false;
	add_text(s, from + (kind == PIECE_ESCAPE), s->p);
	return true;
}

/* Behind ": the text up to the next one. Whether it is constant. */
static bool parse_double_text(struct shell_parser *s)
{
	const char *open = s->p;
	bool constant = true;

	for (;;) {
		const char *from = s->p;
		enum shell_piece kind = shell_lex_quoted(&s->p, s->limit);

		if (kind == PIECE_END)
			break;
		if (!add_plain(s, kind, from)) {
			constant = false;
			(void)parse_expansion(s, kind, from);
		}
	}
	if (s->p >= s->limit)
		shell_fail(s, open);
	else
		s->p++;
	return constant;
}

static void parse_double(struct shell_parser *s)
{
	(void)parse_double_text(s);
}

/* One piece; false at the end of the word. */
static bool parse_piece(struct shell_parser *s, struct word_state *w)
{
	const char *from = s->p;
	enum shell_piece kind = shell_lex_word(&s->p, s->limit);

	if (kind == PIECE_END)
		return false;
	if (add_plain(s, kind, from)) {
		w->copied |= kind == PIECE_ESCAPE || kind == PIECE_JOIN;
		w->word->quoted |= kind == PIECE_ESCAPE;
		return true;
	}
	w->copied = true;
	if (parse_expansion(s, kind, from)) {
		w->word->constant = false;
		return true;
	}
	w->word->quoted = true;
	if (kind == PIECE_DOUBLE)
		w->word->constant &= parse_double_text(s);
	else
		skip_single(s, kind == PIECE_ANSI);
	return true;
}

void shell_parse_word(struct shell_parser *s, const char *start,
		      struct shell_word *out)
{
	struct word_state w = {out, false};
	size_t mark = s->text.n;

	s->p = start;
	*out = (struct shell_word){.constant = true};
	while (parse_piece(s, &w))
		;
	out->span =
		(struct span){shell_offset(s, start), shell_offset(s, s->p)};
	if (w.copied)
		out->text =
			arena_str(s->arena, str_skip(buf_str(&s->text), mark));
	else
		out->text = (struct str){start, (size_t)(s->p - start)};
	s->text.n = mark;
	if (s->p == start) /* a byte that begins no word */
		shell_fail(s, start);
}
