#include "parser/heredoc.h"

#include "parser/utf8.h"
#include "parser/word.h"

#include <string.h>

bool heredoc_possible(struct str s)
{
	ptrdiff_t at = str_find(s, '<');

	return at >= 0 && memmem(s.p + at, s.n - (size_t)at, "<<", 2);
}

/* What shell quoting leaves of a delimiter; variables stay as they stand. */
struct unquoted {
	char *to;
	size_t n;
	bool quoted;
};

static size_t unquote_single(struct unquoted *u, struct str s, size_t i)
{
	u->quoted = true;
	for (i++; i < s.n && s.p[i] != '\''; i++)
		u->to[u->n++] = s.p[i];
	return i;
}

static size_t unquote_double(struct unquoted *u, struct str s, size_t i)
{
	u->quoted = true;
	for (i++; i < s.n && s.p[i] != '"'; i++) {
		if (s.p[i] == '\\' && i + 1 < s.n &&
		    memchr("\"$\\", s.p[i + 1], 3))
			i++;
		u->to[u->n++] = s.p[i];
	}
	return i;
}

static struct unquoted unquote(struct arena *a, struct str s)
{
	struct unquoted u = {arena_alloc(a, s.n + 1), 0, false};

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			i = unquote_single(&u, s, i);
		else if (s.p[i] == '"')
			i = unquote_double(&u, s, i);
		else if (s.p[i] != '\\')
			u.to[u.n++] = s.p[i];
		else if (++i < s.n)
			u.to[u.n++] = s.p[i];
	}
	return u;
}

/* s is one shell word: it parses, and no blank stands bare in it. */
static bool is_one_word(struct arena *a, struct str s)
{
	const struct word_template *t;
	struct word_error we;
	struct str *fields;
	size_t n;
	struct err e;

	if (word_parse(a, s, '\\', &t, &we) < 0)
		return false;
	if (word_names(t).n > 0)
		return true; /* stays as written: it has no value here */
	if (word_expand_fields(a, t, NULL, NULL, &fields, &n, &e) < 0)
		return false;
	return n == 1;
}

bool heredoc_parse_word(struct arena *a, struct str word, struct heredoc *out)
{
	struct str s = word;
	struct unquoted name;
	uint64_t fd = 0;
	size_t digits = 0;

	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	s = str_skip(s, digits);
	if (!str_starts(s, "<<"))
		return false;
	s = str_skip(s, 2);
	*out = (struct heredoc){.strip_tabs = str_starts(s, "-")};
	s = str_trim_space_left(str_skip(s, out->strip_tabs));
	if (s.n == 0 || str_find(s, '<') >= 0 || !is_one_word(a, s))
		return false;
	(void)str_to_u64(str_sub(word, 0, digits), UINT32_MAX, &fd);
	name = unquote(a, s);
	out->name = (struct str){name.to, name.n};
	out->expand = !name.quoted;
	out->fd = (uint32_t)fd;
	return true;
}

/* The end of the quoted text that begins at i, its closing quote included. */
static size_t skip_quoted(struct str s, size_t i)
{
	char quote = s.p[i++];

	for (; i < s.n && s.p[i] != quote; i++)
		if (s.p[i] == '\\' && quote == '"')
			i++;
	return i < s.n ? i + 1 : s.n;
}

/* Behind << blanks belong to the word: << EOF is a heredoc too. */
static size_t skip_arrows(struct str s, size_t i)
{
	i += 2;
	while (i < s.n && (s.p[i] == ' ' || s.p[i] == '\t'))
		i++;
	return i;
}

/* The next shell word of *rest, as it stands. */
static bool next_word(struct str *rest, struct str *word)
{
	struct str s = str_trim_space_left(*rest);
	size_t i = 0;

	while (i < s.n) {
		struct rune r = rune_at(str_skip(s, i));

		if (rune_is_space(r.value))
			break;
		if (s.p[i] == '\'' || s.p[i] == '"')
			i = skip_quoted(s, i);
		else if (s.p[i] == '\\')
			i += 1 + rune_at(str_skip(s, i + 1)).n;
		else if (str_starts(str_skip(s, i), "<<"))
			i = skip_arrows(s, i);
		else
			i += r.n;
	}
	*word = str_sub(s, 0, i);
	*rest = str_skip(s, i);
	return i > 0;
}

static struct str strip_tabs(struct arena *a, struct str raw)
{
	char *to;
	size_t n = 0;
	bool line_start = true;

	if (str_find(raw, '\t') < 0)
		return raw;
	to = arena_alloc(a, raw.n + 1);
	for (size_t i = 0; i < raw.n; i++) {
		if (line_start && raw.p[i] == '\t')
			continue;
		to[n++] = raw.p[i];
		line_start = raw.p[i] == '\n';
	}
	return (struct str){to, n};
}

static bool is_delimiter(struct str raw, const struct heredoc *h)
{
	struct str line = line_trim_end(raw);

	while (h->strip_tabs && str_starts(line, "\t"))
		line = str_skip(line, 1);
	return str_eq(line, h->name);
}

static bool read_body(struct line_reader *r, struct heredoc *h)
{
	uint32_t from = r->at;
	struct str raw;

	while (line_next_raw(r, &raw)) {
		uint32_t end = r->at - (uint32_t)raw.n;

		if (!is_delimiter(raw, h))
			continue;
		h->body = (struct span){from, end};
		h->raw = source_text(r->source, h->body);
		h->content =
			h->strip_tabs ? strip_tabs(r->arena, h->raw) : h->raw;
		return true;
	}
	return false;
}

static void report_unclosed(struct line_reader *r, const struct heredoc *h)
{
	struct diag *diag;

	diag = diag_add(r->diags, "unterminated-heredoc", DIAG_ERROR, h->span,
			"the heredoc %.*s is never closed", STR_ARG(h->name));
	diag_hint(r->diags, diag,
		  "end it with a line that is %.*s and nothing else",
		  STR_ARG(h->name));
}

static bool line_is_sound(struct arena *a, struct str text)
{
	const struct word_template *t;
	struct word_error we;

	return word_parse(a, text, '\\', &t, &we) == 0;
}

bool heredocs_read(struct line_reader *r, const struct logical_line *line,
		   struct heredocs *out)
{
	VEC(struct heredoc) found = {0};
	struct str rest = line->text;
	struct str word;
	bool closed = true;

	*out = (struct heredocs){0};
	if (!heredoc_possible(rest) || !line_is_sound(r->arena, rest))
		return true;
	while (closed && next_word(&rest, &word)) {
		struct heredoc h;

		if (!heredoc_possible(word) ||
		    !heredoc_parse_word(r->arena, word, &h))
			continue;
		h.span = line_span(line, word);
		closed = read_body(r, &h);
		if (closed)
			*vec_push(&found) = h;
		else
			report_unclosed(r, &h);
	}
	if (found.n) {
		struct heredoc *v =
			arena_new_array(r->arena, found.n, struct heredoc);

		memcpy(v, found.v, found.n * sizeof(*v));
		*out = (struct heredocs){v, found.n};
	}
	vec_release(&found);
	return closed;
}
