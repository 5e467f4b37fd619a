/*
 * The shell's grammar by recursive descent, for the simple commands in it.
 *
 *   list     = pipeline ((";" | "&" | "&&" | "||" | newline) pipeline)*
 *   pipeline = ("!" | "time")* command ("|" newline* command)*
 *   command  = simple | compound redirect* | name "()" command
 *   simple   = (assignment | redirect)* word (word | redirect)*
 */
#include "parser/shell.h"

#include "base/vec.h"
#include "parser/shell_lex.h"

#include <string.h>

struct pending_heredoc {
	struct str name;
	bool strip_tabs;
};

struct shell_parser {
	struct arena *arena;
	const char *base;
	const char *p;
	const char *limit;
	unsigned depth;
	const char *bad_at; /* the first mistake; NULL */
	VEC(struct shell_command) commands;
	VEC(struct shell_word) words; /* of the commands being read: a stack */
	VEC(struct shell_pipe) pipes;
	VEC(struct pending_heredoc) heredocs; /* bodies after the next newline */
	struct buf text; /* of the words being read: a stack */
};

static void parse_list(struct shell_parser *s);
static void parse_command(struct shell_parser *s);

static void fail(struct shell_parser *s, const char *at)
{
	if (!s->bad_at)
		s->bad_at = at;
	s->p = s->limit; /* every loop ends at the limit */
}

static bool enter(struct shell_parser *s)
{
	if (++s->depth <= SHELL_MAX_DEPTH)
		return true;
	fail(s, s->p);
	return false;
}

static uint32_t offset_of(const struct shell_parser *s, const char *p)
{
	return (uint32_t)(p - s->base);
}

static enum shell_token peek(struct shell_parser *s, const char **start)
{
	const char *at = s->p;
	enum shell_token token = shell_lex(&at, s->limit, start);

	return token;
}

static void skip_line(struct shell_parser *s, struct str *line)
{
	const char *end = s->p < s->limit
				  ? memchr(s->p, '\n',
					   (size_t)(s->limit - s->p))
				  : NULL;
	const char *next = end ? end + 1 : s->limit;

	*line = (struct str){s->p, (size_t)((end ? end : s->limit) - s->p)};
	s->p = next;
}

/* Behind a newline: the heredocs that were announced on the line before. */
static void skip_heredocs(struct shell_parser *s)
{
	for (size_t i = 0; i < s->heredocs.n; i++) {
		const struct pending_heredoc *h = &s->heredocs.v[i];
		struct str line;

		while (s->p < s->limit) {
			skip_line(s, &line);
			while (h->strip_tabs && str_starts(line, "\t"))
				line = str_skip(line, 1);
			if (str_eq(line, h->name))
				break;
		}
	}
	s->heredocs.n = 0;
}

static enum shell_token next(struct shell_parser *s, const char **start)
{
	enum shell_token token = shell_lex(&s->p, s->limit, start);

	if (token == SHELL_NEWLINE && s->heredocs.n)
		skip_heredocs(s);
	return token;
}

static void skip_newlines(struct shell_parser *s)
{
	const char *start;

	while (peek(s, &start) == SHELL_NEWLINE)
		(void)next(s, &start);
}

static void expect(struct shell_parser *s, enum shell_token token)
{
	const char *start;

	if (next(s, &start) != token)
		fail(s, start);
}

/* The bare word that begins at start, as long as it needs no unquoting. */
static struct str raw_word(const struct shell_parser *s, const char *start)
{
	const char *p = start;

	if (p < s->limit && shell_lex_word(&p, s->limit) != PIECE_TEXT)
		p = start;
	return (struct str){start, (size_t)(p - start)};
}

/* The next token is word, bare, and nothing more is behind it. */
static bool at_word(struct shell_parser *s, const char *word)
{
	const char *start;
	const char *end;

	if (peek(s, &start) != SHELL_WORD ||
	    !str_eq_c(raw_word(s, start), word))
		return false;
	end = start + strlen(word);
	return shell_lex_word(&end, s->limit) == PIECE_END;
}

static bool take_word(struct shell_parser *s, const char *word)
{
	const char *start;

	if (!at_word(s, word))
		return false;
	(void)peek(s, &start);
	s->p = start + strlen(word);
	return true;
}

static void expect_word(struct shell_parser *s, const char *word)
{
	if (!take_word(s, word))
		fail(s, s->p);
}

/* Words. */

struct word_state {
	struct shell_word *word;
	bool copied; /* the text is no longer what stands in the script */
};

static void add_text(struct shell_parser *s, const char *from, const char *to)
{
	buf_add(&s->text, from, (size_t)(to - from));
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
		fail(s, s->limit);
	else
		s->p++;
}

static void parse_substitution(struct shell_parser *s, const char *from)
{
	const char *start;

	if (enter(s)) {
		parse_list(s);
		if (next(s, &start) != SHELL_CLOSE)
			fail(s, from);
	}
	s->depth--;
}

/* Behind ((: the end of the expression, or NULL where it is none. */
static const char *arithmetic_end(const struct shell_parser *s)
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

/* from is the $ of $((, which may also be $( ( list ) ). */
static void parse_arithmetic(struct shell_parser *s, const char *from)
{
	const char *end = arithmetic_end(s);

	if (end) {
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
	bool plain = true;

	while (end < limit && *end != '`') {
		if (*end == '\\') {
			plain = false;
			end++;
		}
		end++;
	}
	if (end >= limit) {
		fail(s, s->p);
		return;
	}
	if (plain && enter(s)) {
		s->limit = end;
		parse_list(s);
		if (s->p != end && !s->bad_at)
			fail(s, s->p);
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

	if (!enter(s)) {
		s->depth--;
		return;
	}
	while (s->p < s->limit && *s->p != '}') {
		const char *piece = s->p;

		switch (shell_lex_word(&s->p, s->limit)) {
		case PIECE_SINGLE: skip_single(s, false); break;
		case PIECE_ANSI: skip_single(s, true); break;
		case PIECE_DOUBLE: parse_double(s); break;
		case PIECE_PARAMETER: parse_parameter(s, piece); break;
		case PIECE_ARITHMETIC: parse_arithmetic(s, piece); break;
		case PIECE_COMMAND: parse_substitution(s, piece); break;
		case PIECE_BACKTICK: parse_backticks(s); break;
		case PIECE_TEXT: {
			const char *close = memchr(piece, '}',
						   (size_t)(s->p - piece));

			s->p = close ? close : s->p;
			break;
		}
		case PIECE_END:
		case PIECE_PROCESS: s->p = piece + 1; break;
		case PIECE_ESCAPE:
		case PIECE_JOIN:
		case PIECE_VARIABLE:
		case PIECE_DOLLAR: break;
		}
	}
	s->text.n = mark;
	if (s->p >= s->limit)
		fail(s, from);
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
	case PIECE_VARIABLE: add_text(s, from, s->p); return true;
	case PIECE_PARAMETER:
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
		fail(s, open);
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

/* The word at start. *out is set even where it is bad. */
static void parse_word(struct shell_parser *s, const char *start,
		       struct shell_word *out)
{
	struct word_state w = {out, false};
	size_t mark = s->text.n;

	s->p = start;
	*out = (struct shell_word){.constant = true};
	while (parse_piece(s, &w))
		;
	out->span = (struct span){offset_of(s, start), offset_of(s, s->p)};
	if (w.copied)
		out->text = arena_str(s->arena, str_skip(buf_str(&s->text),
							 mark));
	else
		out->text = (struct str){start, (size_t)(s->p - start)};
	s->text.n = mark;
	if (s->p == start) /* a byte that begins no word */
		fail(s, start);
}

static void push_word(struct shell_parser *s, const char *start)
{
	struct shell_word word;

	parse_word(s, start, &word);
	*vec_push(&s->words) = word;
}

/* The operand of a redirection. */
static void parse_target(struct shell_parser *s)
{
	struct shell_word ignored;
	const char *start;

	if (next(s, &start) == SHELL_WORD)
		parse_word(s, start, &ignored);
	else
		fail(s, start);
}

static void parse_heredoc(struct shell_parser *s)
{
	bool strip_tabs = s->p[-1] == '-';
	struct pending_heredoc *h;
	struct shell_word name;
	const char *start;

	if (next(s, &start) != SHELL_WORD) {
		fail(s, start);
		return;
	}
	parse_word(s, start, &name);
	h = vec_push(&s->heredocs);
	h->name = name.text;
	h->strip_tabs = strip_tabs;
}

/* Redirections where they come. */
static void parse_redirects(struct shell_parser *s)
{
	const char *start;

	for (;;) {
		enum shell_token token = peek(s, &start);

		if (token != SHELL_REDIRECT && token != SHELL_HEREDOC)
			return;
		(void)next(s, &start);
		if (token == SHELL_HEREDOC)
			parse_heredoc(s);
		else
			parse_target(s);
	}
}

/* Commands. */

/* "a=(" ... ")": the words of an array. */
static void parse_array(struct shell_parser *s)
{
	const char *start;
	struct shell_word ignored;

	for (;;) {
		enum shell_token token = next(s, &start);

		if (token == SHELL_CLOSE)
			return;
		if (token == SHELL_WORD) {
			parse_word(s, start, &ignored);
		} else if (token != SHELL_NEWLINE) {
			fail(s, start);
			return;
		}
	}
}

/* name= name+= name[...]= */
static bool is_assignment(const struct shell_parser *s, const char *start)
{
	const char *p = start;

	while (p < s->limit && (*p == '_' || (*p >= 'a' && *p <= 'z') ||
				(*p >= 'A' && *p <= 'Z') ||
				(p > start && *p >= '0' && *p <= '9')))
		p++;
	if (p == start || p == s->limit)
		return false;
	if (*p == '[') {
		while (p < s->limit && *p != ']' && *p != ' ' && *p != '\n')
			p++;
		if (p < s->limit && *p == ']')
			p++;
	}
	if (p < s->limit && *p == '+')
		p++;
	return p < s->limit && *p == '=';
}

static struct shell_word *copy_words(struct shell_parser *s, size_t from,
				     size_t n)
{
	struct shell_word *v = arena_new_array(s->arena, n, struct shell_word);

	if (n)
		memcpy(v, s->words.v + from, n * sizeof(*v));
	return v;
}

/* The rest of a simple command; its words are on the stack from mark on. */
static void finish_simple(struct shell_parser *s, size_t index, size_t mark,
			  size_t n_assignments, const char *from)
{
	struct shell_command *command = &s->commands.v[index];
	size_t n = s->words.n - mark;

	command->n_assignments = n_assignments;
	command->n_words = n - n_assignments;
	if (command->n_words) {
		command->assignments = copy_words(s, mark, n_assignments);
		command->words = copy_words(s, mark + n_assignments,
					    command->n_words);
		command->span.offset = offset_of(s, from);
		command->span.end = s->words.v[s->words.n - 1].span.end;
	}
	s->words.n = mark;
}

static void parse_function_body(struct shell_parser *s)
{
	skip_newlines(s);
	parse_command(s);
}

static void parse_simple(struct shell_parser *s, const char *from)
{
	size_t index = s->commands.n;
	size_t mark = s->words.n;
	size_t n_assignments = 0;
	const char *start;

	(void)vec_push(&s->commands);
	for (;;) {
		size_t n = s->words.n - mark;
		enum shell_token token;

		parse_redirects(s);
		token = peek(s, &start);
		if (token == SHELL_OPEN && n > n_assignments) {
			(void)next(s, &start);
			expect(s, SHELL_CLOSE); /* name(): the command is its body */
			s->words.n = mark;
			parse_function_body(s);
			return;
		}
		if (token != SHELL_WORD)
			break;
		if (n == n_assignments && is_assignment(s, start))
			n_assignments++;
		push_word(s, start);
		if (s->p < s->limit && *s->p == '(' && s->p > start &&
		    s->p[-1] == '=') {
			s->p++;
			parse_array(s);
		}
	}
	finish_simple(s, index, mark, n_assignments, from);
}

static void parse_do(struct shell_parser *s)
{
	skip_newlines(s);
	expect_word(s, "do");
	parse_list(s);
	expect_word(s, "done");
}

static void parse_if(struct shell_parser *s)
{
	do {
		parse_list(s);
		expect_word(s, "then");
		parse_list(s);
	} while (take_word(s, "elif"));
	if (take_word(s, "else"))
		parse_list(s);
	expect_word(s, "fi");
}

static void parse_loop(struct shell_parser *s)
{
	parse_list(s);
	parse_do(s);
}

/* Words up to a separator. */
static void skip_words(struct shell_parser *s)
{
	struct shell_word ignored;
	const char *start;

	while (peek(s, &start) == SHELL_WORD)
		parse_word(s, start, &ignored);
	if (peek(s, &start) == SHELL_SEMI)
		(void)next(s, &start);
}

/* Behind ((. False where no )) comes. */
static bool skip_arithmetic(struct shell_parser *s)
{
	const char *end = arithmetic_end(s);

	if (end)
		s->p = end;
	return end != NULL;
}

/* for, select: a name and words, or (( ; ; )). */
static void parse_for(struct shell_parser *s)
{
	struct shell_word name;
	const char *start;

	if (peek(s, &start) == SHELL_OPEN) {
		s->p = start + 2;
		if (s->p > s->limit || start[1] != '(' || !skip_arithmetic(s))
			fail(s, start);
	} else if (peek(s, &start) == SHELL_WORD) {
		parse_word(s, start, &name);
	} else {
		fail(s, start);
	}
	if (peek(s, &start) == SHELL_SEMI)
		(void)next(s, &start);
	skip_newlines(s);
	if (take_word(s, "in"))
		skip_words(s);
	skip_newlines(s);
	if (take_word(s, "{")) { /* bash's for name in words; { list; } */
		parse_list(s);
		expect_word(s, "}");
		return;
	}
	parse_do(s);
}

/* One "(a | b) list ;;" of case. */
static void parse_clause(struct shell_parser *s)
{
	struct shell_word pattern;
	const char *start;
	enum shell_token token = next(s, &start);

	if (token == SHELL_OPEN)
		token = next(s, &start);
	for (;;) {
		if (token != SHELL_WORD) {
			fail(s, start);
			return;
		}
		parse_word(s, start, &pattern);
		token = next(s, &start);
		if (token == SHELL_CLOSE)
			break;
		if (token != SHELL_PIPE) {
			fail(s, start);
			return;
		}
		token = next(s, &start);
	}
	parse_list(s);
	if (peek(s, &start) == SHELL_DSEMI)
		(void)next(s, &start);
	else if (!at_word(s, "esac"))
		fail(s, start);
}

static void parse_case(struct shell_parser *s)
{
	struct shell_word word;
	const char *start;

	if (next(s, &start) != SHELL_WORD) {
		fail(s, start);
		return;
	}
	parse_word(s, start, &word);
	skip_newlines(s);
	expect_word(s, "in");
	skip_newlines(s);
	while (!s->bad_at && !at_word(s, "esac")) {
		parse_clause(s);
		skip_newlines(s);
	}
	expect_word(s, "esac");
}

static void parse_group(struct shell_parser *s)
{
	parse_list(s);
	expect_word(s, "}");
}

static void parse_function(struct shell_parser *s)
{
	struct shell_word name;
	const char *start;

	if (next(s, &start) != SHELL_WORD) {
		fail(s, start);
		return;
	}
	parse_word(s, start, &name);
	if (peek(s, &start) == SHELL_OPEN) {
		(void)next(s, &start);
		expect(s, SHELL_CLOSE);
	}
	parse_function_body(s);
}

/* Behind [[: an expression of its own, up to ]]. */
static void parse_test(struct shell_parser *s)
{
	struct shell_word ignored;
	const char *start;

	while (!take_word(s, "]]")) {
		enum shell_token token = next(s, &start);

		if (token == SHELL_END) {
			fail(s, start);
			return;
		}
		if (token == SHELL_WORD)
			parse_word(s, start, &ignored);
	}
}

static const struct {
	const char *word;
	void (*parse)(struct shell_parser *s);
} compounds[] = {
	{"{", parse_group},      {"if", parse_if},
	{"while", parse_loop},   {"until", parse_loop},
	{"for", parse_for},      {"select", parse_for},
	{"case", parse_case},    {"[[", parse_test},
	{"function", parse_function},
};

static void parse_paren(struct shell_parser *s, const char *start)
{
	if (s->p < s->limit && *s->p == '(') {
		s->p++;
		if (skip_arithmetic(s))
			return;
		s->p = start + 1;
	}
	parse_list(s);
	expect(s, SHELL_CLOSE);
}

static void parse_compound_or_simple(struct shell_parser *s)
{
	const char *start;
	enum shell_token token = peek(s, &start);

	if (token == SHELL_OPEN) {
		(void)next(s, &start);
		parse_paren(s, start);
		parse_redirects(s);
		return;
	}
	for (size_t i = 0; token == SHELL_WORD && i < ARRAY_LEN(compounds); i++)
		if (take_word(s, compounds[i].word)) {
			compounds[i].parse(s);
			parse_redirects(s);
			return;
		}
	if (token == SHELL_WORD || token == SHELL_REDIRECT ||
	    token == SHELL_HEREDOC)
		parse_simple(s, start);
	else
		fail(s, start);
}

static void parse_command(struct shell_parser *s)
{
	if (enter(s))
		parse_compound_or_simple(s);
	s->depth--;
}

static void parse_pipeline(struct shell_parser *s)
{
	const char *start;

	while (take_word(s, "!") || take_word(s, "time"))
		;
	parse_command(s);
	while (peek(s, &start) == SHELL_PIPE) {
		struct shell_pipe *pipe = vec_push(&s->pipes);

		(void)next(s, &start);
		pipe->span = (struct span){offset_of(s, start),
					   offset_of(s, s->p)};
		pipe->n_before = s->commands.n;
		skip_newlines(s);
		parse_command(s);
	}
}

/* A word that ends the list inside a compound command. */
static bool at_list_end(struct shell_parser *s, const char *start)
{
	static const char *const words[] = {"then", "do",   "done", "fi",
					    "elif", "else", "esac", "}"};

	if (!strchr("tdfe}", *start))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (at_word(s, words[i]))
			return true;
	return false;
}

/* Up to the end, or to what only the caller knows: ), ;; or a closing word. */
static void parse_list(struct shell_parser *s)
{
	const char *start;

	for (;;) {
		enum shell_token token;

		skip_newlines(s);
		token = peek(s, &start);
		if (token == SHELL_END || token == SHELL_CLOSE ||
		    token == SHELL_DSEMI ||
		    (token == SHELL_WORD && at_list_end(s, start)))
			return;
		parse_pipeline(s);
		token = peek(s, &start);
		if (token == SHELL_SEMI || token == SHELL_AMP ||
		    token == SHELL_NEWLINE) {
			(void)next(s, &start);
		} else if (token == SHELL_AND || token == SHELL_OR) {
			(void)next(s, &start);
			skip_newlines(s);
			if (peek(s, &start) == SHELL_END)
				fail(s, start);
		} else if (token == SHELL_WORD) {
			fail(s, start); /* behind a compound command */
		}
	}
}

static void take_results(struct shell_parser *s, struct shell_script *out)
{
	struct shell_command *commands =
		arena_new_array(s->arena, s->commands.n, struct shell_command);
	struct shell_pipe *pipes =
		arena_new_array(s->arena, s->pipes.n, struct shell_pipe);
	size_t pipe = 0;

	for (size_t i = 0; i < s->commands.n; i++) {
		for (; pipe < s->pipes.n && s->pipes.v[pipe].n_before <= i;
		     pipe++)
			s->pipes.v[pipe].n_before = out->n_commands;
		if (s->commands.v[i].n_words)
			commands[out->n_commands++] = s->commands.v[i];
	}
	for (; pipe < s->pipes.n; pipe++)
		s->pipes.v[pipe].n_before = out->n_commands;
	if (s->pipes.n)
		memcpy(pipes, s->pipes.v, s->pipes.n * sizeof(*pipes));
	out->commands = commands;
	out->pipes = pipes;
	out->n_pipes = s->pipes.n;
}

void shell_parse(struct arena *a, struct str text, struct shell_script *out)
{
	struct shell_parser s = {
		.arena = a,
		.base = text.p,
		.p = text.p,
		.limit = text.p + text.n,
		.text = BUF_INIT(SOURCE_MAX_BYTES),
	};
	const char *start;

	*out = (struct shell_script){0};
	if (text.n == 0)
		return;
	parse_list(&s);
	if (next(&s, &start) != SHELL_END)
		fail(&s, start);
	if (s.bad_at) {
		out->bad = true;
		out->bad_offset = offset_of(&s, s.bad_at);
	} else {
		take_results(&s, out);
	}
	vec_release(&s.commands);
	vec_release(&s.words);
	vec_release(&s.pipes);
	vec_release(&s.heredocs);
	buf_release(&s.text);
}
