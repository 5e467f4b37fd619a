/*
 * Which blanks of a script only separate words. What can't be told apart
 * without a whole shell (heredocs, case in a substitution, patterns of =~)
 * ends the search: everything behind it counts as meant.
 */
#include "parser/shell.h"

#include <string.h>

struct finder {
	struct str s;
	bool *separates;
	size_t i;
	unsigned depth;
	bool lost; /* what comes is not understood */
};

static char at(const struct finder *f, size_t i)
{
	return i < f->s.n ? f->s.p[i] : '\0';
}

static bool looking_at(const struct finder *f, const char *text)
{
	return str_starts(str_skip(f->s, f->i), text);
}

static void skip_single(struct finder *f, bool escapes)
{
	while (f->i < f->s.n && at(f, f->i) != '\'')
		f->i += escapes && at(f, f->i) == '\\' ? 2 : 1;
	f->i++;
}

static void skip_backticks(struct finder *f)
{
	while (f->i < f->s.n && at(f, f->i) != '`')
		f->i += at(f, f->i) == '\\' ? 2 : 1;
	f->i++;
}

static void scan(struct finder *f, char end, bool mark);

/* Behind $: what it expands, up to its end. Nothing in there is marked. */
static void skip_expansion(struct finder *f)
{
	char open = at(f, f->i);

	if (open != '(' && open != '{')
		return;
	f->i++;
	scan(f, open == '(' ? ')' : '}', false);
}

static void skip_double(struct finder *f)
{
	while (f->i < f->s.n && !f->lost && at(f, f->i) != '"') {
		char c = at(f, f->i++);

		if (c == '\\')
			f->i++;
		else if (c == '`')
			skip_backticks(f);
		else if (c == '$')
			skip_expansion(f);
	}
	f->i++;
}

/* What begins a quote or an expansion is skipped with all that is in it. */
static bool skip_quoted(struct finder *f)
{
	char c = at(f, f->i);

	if (c == '\\') {
		f->i += 2;
	} else if (c == '\'') {
		f->i++;
		skip_single(f, false);
	} else if (c == '"') {
		f->i++;
		skip_double(f);
	} else if (c == '`') {
		f->i++;
		skip_backticks(f);
	} else if (c == '$' && at(f, f->i + 1) == '\'') {
		f->i += 2;
		skip_single(f, true);
	} else if (c == '$') {
		f->i++;
		skip_expansion(f);
	} else {
		return false;
	}
	return true;
}

static bool is_hard(const struct finder *f, char end, bool word_start)
{
	char c = at(f, f->i);

	if (c == '\n' || looking_at(f, "<<") || looking_at(f, "=~"))
		return true;
	if (c == '#' && word_start && end != '}')
		return true;
	return end == ')' && word_start && looking_at(f, "case");
}

/* Up to end, which is skipped; '\0' is the script's own. */
static void scan(struct finder *f, char end, bool mark)
{
	bool word_start = true;
	unsigned n_open = 0;

	if (++f->depth > SHELL_MAX_DEPTH)
		f->lost = true;
	while (f->i < f->s.n && !f->lost) {
		char c = at(f, f->i);

		if (c == end && n_open == 0)
			break;
		if (is_hard(f, end, word_start)) {
			f->lost = true;
			break;
		}
		word_start = c && strchr(" \t;&|()", c);
		if (skip_quoted(f))
			continue;
		if (end == ')' && c == '(')
			n_open++;
		if (end == ')' && c == ')')
			n_open--;
		if (mark && (c == ' ' || c == '\t'))
			f->separates[f->i] = true;
		f->i++;
	}
	f->depth--;
	if (end)
		f->i++;
}

void shell_find_blanks(struct str script, bool *separates)
{
	struct finder f = {.s = script, .separates = separates};

	scan(&f, '\0', true);
}

void shell_add_normal(struct arena *a, struct buf *out, struct str script)
{
	bool *separates = arena_new_array(a, script.n + 1, bool);

	shell_find_blanks(script, separates);
	for (size_t i = 0; i < script.n; i++) {
		if (!separates[i])
			buf_add_char(out, script.p[i]);
		else if (i == 0 || !separates[i - 1])
			buf_add_char(out, ' ');
	}
}
