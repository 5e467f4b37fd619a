/*
 * The shell's grammar by recursive descent, for the simple commands in it.
 *
 *   list     = pipeline ((";" | "&" | "&&" | "||" | newline) pipeline)*
 *   pipeline = ("!" | "time" "-p"?)* command ("|" newline* command)*
 *   command  = simple | compound redirect* | name "()" command
 *   simple   = (assignment | redirect)* word (word | redirect)*
 */
#include "parser/shell_parse.h"

#include <string.h>

static void parse_command(struct shell_parser *s);

void shell_fail(struct shell_parser *s, const char *at)
{
	if (!s->bad_at)
		s->bad_at = at;
	s->p = s->limit; /* every loop ends at the limit */
}

bool shell_enter(struct shell_parser *s)
{
	if (++s->depth <= SHELL_MAX_DEPTH)
		return true;
	shell_fail(s, s->p);
	return false;
}

uint32_t shell_offset(const struct shell_parser *s, const char *p)
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
	const char *end =
		s->p < s->limit ? memchr(s->p, '\n', (size_t)(s->limit - s->p))
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

enum shell_token shell_next(struct shell_parser *s, const char **start)
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
		(void)shell_next(s, &start);
}

static void expect(struct shell_parser *s, enum shell_token token)
{
	const char *start;

	if (shell_next(s, &start) != token)
		shell_fail(s, start);
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
		shell_fail(s, s->p);
}

static void push_word(struct shell_parser *s, const char *start)
{
	struct shell_word word;

	shell_parse_word(s, start, &word);
	*vec_push(&s->words) = word;
}

/* The operand of a redirection. */
static void parse_target(struct shell_parser *s)
{
	struct shell_word ignored;
	const char *start;

	if (shell_next(s, &start) == SHELL_WORD)
		shell_parse_word(s, start, &ignored);
	else
		shell_fail(s, start);
}

static void parse_heredoc(struct shell_parser *s)
{
	bool strip_tabs = s->p[-1] == '-';
	struct pending_heredoc *h;
	struct shell_word name;
	const char *start;

	if (shell_next(s, &start) != SHELL_WORD) {
		shell_fail(s, start);
		return;
	}
	shell_parse_word(s, start, &name);
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
		(void)shell_next(s, &start);
		if (token == SHELL_HEREDOC)
			parse_heredoc(s);
		else
			parse_target(s);
	}
}

/* From there up to the next token. */
static void note_block(struct shell_parser *s, uint32_t from)
{
	struct span *block = vec_push(&s->blocks);
	const char *start;

	(void)peek(s, &start);
	*block = (struct span){from, shell_offset(s, start)};
}

void shell_parse_block(struct shell_parser *s)
{
	uint32_t from = shell_offset(s, s->p);

	shell_parse_list(s);
	note_block(s, from);
}

static void note_operator(struct shell_parser *s, const char *start)
{
	*vec_push(&s->operators) =
		(struct span){shell_offset(s, start), shell_offset(s, s->p)};
}

/* Commands. */

/* "a=(" ... ")": the words of an array. */
static void parse_array(struct shell_parser *s)
{
	const char *start;
	struct shell_word ignored;

	for (;;) {
		enum shell_token token = shell_next(s, &start);

		if (token == SHELL_CLOSE)
			return;
		if (token == SHELL_WORD) {
			shell_parse_word(s, start, &ignored);
		} else if (token != SHELL_NEWLINE) {
			shell_fail(s, start);
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

/* Of the assignment at start: what stands before its =, + or [. */
static void note_assignment(struct shell_parser *s, const char *start)
{
	struct span *assigns = vec_push(&s->assigns);
	const char *end = start;

	while (*end != '=' && *end != '+' && *end != '[')
		end++;
	*assigns = (struct span){shell_offset(s, start), shell_offset(s, end)};
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

	/* what can't be read is no command */
	command->n_assignments = n_assignments;
	command->n_words = s->bad_at ? 0 : n - n_assignments;
	if (command->n_words) {
		command->assignments = copy_words(s, mark, n_assignments);
		command->words =
			copy_words(s, mark + n_assignments, command->n_words);
		command->span.offset = shell_offset(s, from);
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
			(void)shell_next(s, &start);
			expect(s, SHELL_CLOSE); /* name(): the command is its
						   body */
			s->words.n = mark;
			parse_function_body(s);
			return;
		}
		if (token != SHELL_WORD)
			break;
		if (n == n_assignments && is_assignment(s, start)) {
			n_assignments++;
			note_assignment(s, start);
		}
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
	shell_parse_block(s);
	expect_word(s, "done");
}

static void parse_if(struct shell_parser *s)
{
	do {
		shell_parse_list(s);
		expect_word(s, "then");
		shell_parse_block(s);
	} while (take_word(s, "elif"));
	if (take_word(s, "else"))
		shell_parse_block(s);
	expect_word(s, "fi");
}

static void parse_loop(struct shell_parser *s)
{
	shell_parse_list(s);
	parse_do(s);
}

/* Words up to a separator. */
static void skip_words(struct shell_parser *s)
{
	struct shell_word ignored;
	const char *start;

	while (peek(s, &start) == SHELL_WORD)
		shell_parse_word(s, start, &ignored);
	if (peek(s, &start) == SHELL_SEMI)
		(void)shell_next(s, &start);
}

/* Behind ((. False where no )) comes. */
static bool skip_arithmetic(struct shell_parser *s)
{
	const char *end = shell_arithmetic_end(s);

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
		s->p = s->limit - start > 2 ? start + 2 : s->limit;
		if (s->p == s->limit || start[1] != '(' || !skip_arithmetic(s))
			shell_fail(s, start);
	} else if (peek(s, &start) == SHELL_WORD) {
		shell_parse_word(s, start, &name);
	} else {
		shell_fail(s, start);
	}
	if (peek(s, &start) == SHELL_SEMI)
		(void)shell_next(s, &start);
	skip_newlines(s);
	if (take_word(s, "in"))
		skip_words(s);
	skip_newlines(s);
	if (take_word(s, "{")) { /* bash's for name in words; { list; } */
		shell_parse_block(s);
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
	enum shell_token token = shell_next(s, &start);
	uint32_t from;

	if (token == SHELL_OPEN)
		token = shell_next(s, &start);
	for (;;) {
		if (token != SHELL_WORD) {
			shell_fail(s, start);
			return;
		}
		shell_parse_word(s, start, &pattern);
		token = shell_next(s, &start);
		if (token == SHELL_CLOSE)
			break;
		if (token != SHELL_PIPE) {
			shell_fail(s, start);
			return;
		}
		token = shell_next(s, &start);
	}
	from = shell_offset(s, s->p);
	shell_parse_list(s);
	if (peek(s, &start) == SHELL_DSEMI)
		(void)shell_next(s, &start);
	else if (!at_word(s, "esac"))
		shell_fail(s, start);
	note_block(s, from); /* ;; stands in it */
}

static void parse_case(struct shell_parser *s)
{
	struct shell_word word;
	const char *start;
	uint32_t from;

	if (shell_next(s, &start) != SHELL_WORD) {
		shell_fail(s, start);
		return;
	}
	shell_parse_word(s, start, &word);
	skip_newlines(s);
	expect_word(s, "in");
	from = shell_offset(s, s->p);
	skip_newlines(s);
	while (!s->bad_at && !at_word(s, "esac")) {
		parse_clause(s);
		skip_newlines(s);
	}
	note_block(s, from);
	expect_word(s, "esac");
}

static void parse_group(struct shell_parser *s)
{
	shell_parse_block(s);
	expect_word(s, "}");
}

static void parse_function(struct shell_parser *s)
{
	struct shell_word name;
	const char *start;

	if (shell_next(s, &start) != SHELL_WORD) {
		shell_fail(s, start);
		return;
	}
	shell_parse_word(s, start, &name);
	if (peek(s, &start) == SHELL_OPEN) {
		(void)shell_next(s, &start);
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
		enum shell_token token = shell_next(s, &start);

		if (token == SHELL_END) {
			shell_fail(s, start);
			return;
		}
		if (token == SHELL_WORD)
			shell_parse_word(s, start, &ignored);
	}
}

static const struct {
	const char *word;
	void (*parse)(struct shell_parser *s);
} compounds[] = {
	{"{", parse_group},    {"if", parse_if},   {"while", parse_loop},
	{"until", parse_loop}, {"for", parse_for}, {"select", parse_for},
	{"case", parse_case},  {"[[", parse_test}, {"function", parse_function},
};

static void parse_paren(struct shell_parser *s, const char *start)
{
	if (s->p < s->limit && *s->p == '(') {
		s->p++;
		if (skip_arithmetic(s))
			return;
		s->p = start + 1;
	}
	shell_parse_block(s);
	expect(s, SHELL_CLOSE);
}

static void parse_compound_or_simple(struct shell_parser *s)
{
	const char *start;
	enum shell_token token = peek(s, &start);

	if (token == SHELL_OPEN) {
		(void)shell_next(s, &start);
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
		shell_fail(s, start);
}

static void parse_command(struct shell_parser *s)
{
	if (shell_enter(s))
		parse_compound_or_simple(s);
	s->depth--;
}

static bool take_pipeline_prefix(struct shell_parser *s)
{
	if (!take_word(s, "time"))
		return take_word(s, "!");
	(void)take_word(s, "-p");
	return true;
}

static void parse_pipeline(struct shell_parser *s)
{
	const char *start;

	while (take_pipeline_prefix(s))
		;
	parse_command(s);
	while (peek(s, &start) == SHELL_PIPE) {
		struct shell_pipe *pipe = vec_push(&s->pipes);

		(void)shell_next(s, &start);
		note_operator(s, start);
		pipe->span = (struct span){shell_offset(s, start),
					   shell_offset(s, s->p)};
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
void shell_parse_list(struct shell_parser *s)
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
			(void)shell_next(s, &start);
		} else if (token == SHELL_AND || token == SHELL_OR) {
			(void)shell_next(s, &start);
			note_operator(s, start);
			skip_newlines(s);
			if (peek(s, &start) == SHELL_END)
				shell_fail(s, start);
		} else if (token == SHELL_WORD) {
			/* behind a compound command only "fi fi" may come */
			if (!at_list_end(s, start))
				shell_fail(s, start);
			return;
		}
	}
}

static struct span *copy_spans(struct shell_parser *s, const struct span *from,
			       size_t n)
{
	struct span *v = arena_new_array(s->arena, n, struct span);

	if (n)
		memcpy(v, from, n * sizeof(*v));
	return v;
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
	out->reads = copy_spans(s, s->reads.v, s->reads.n);
	out->n_reads = s->reads.n;
	out->assigns = copy_spans(s, s->assigns.v, s->assigns.n);
	out->n_assigns = s->assigns.n;
	out->operators = copy_spans(s, s->operators.v, s->operators.n);
	out->n_operators = s->operators.n;
	out->blocks = copy_spans(s, s->blocks.v, s->blocks.n);
	out->n_blocks = s->blocks.n;
}

/* false where something can't be read, at s->bad_at. */
static bool parse_rest(struct shell_parser *s)
{
	const char *start;

	shell_parse_list(s);
	if (shell_next(s, &start) != SHELL_END)
		shell_fail(s, start);
	return s->bad_at == NULL;
}

/*
 * What can't be read costs the command that it is in: go on behind the next
 * separator. Words of commands that were begun are dropped.
 */
static void recover(struct shell_parser *s)
{
	const char *p = s->bad_at;

	while (p < s->limit && !strchr(";&|\n", *p))
		p++;
	s->p = p < s->limit ? p + 1 : p;
	s->bad_at = NULL;
	s->depth = 0;
	s->words.n = 0;
	s->heredocs.n = 0;
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

	*out = (struct shell_script){0};
	if (text.n == 0)
		return;
	while (!parse_rest(&s)) {
		if (!out->bad)
			out->bad_offset = shell_offset(&s, s.bad_at);
		out->bad = true;
		recover(&s);
	}
	take_results(&s, out);
	vec_release(&s.commands);
	vec_release(&s.words);
	vec_release(&s.pipes);
	vec_release(&s.reads);
	vec_release(&s.assigns);
	vec_release(&s.operators);
	vec_release(&s.blocks);
	vec_release(&s.heredocs);
	buf_release(&s.text);
}
