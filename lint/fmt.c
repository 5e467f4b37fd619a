#include "lint/fmt.h"

#include "lint/context.h"
#include "lint/pragma.h"
#include "parser/layout.h"
#include "parser/utf8.h"

#include <ctype.h>
#include <string.h>

enum { INDENT = 4 };

/* What a byte of an instruction's joined text is to the formatter. */
enum role {
	ROLE_TEXT, /* stays */
	ROLE_GAP,  /* a blank between parts: one is as good as ten */
	ROLE_FREE, /* between JSON's strings: none is as good as one */
};

struct fmt {
	struct buf *out;
	struct arena *arena;
	const struct dockerfile *df;
	const struct lint *lint;
	size_t item; /* the lint's next */
	const char *eol;
	uint32_t line; /* the next to be written, from 1 */
};

/* One instruction. */
struct shape {
	struct fmt *f;
	const struct instruction *in;
	struct layout layout;
	unsigned char *roles; /* enum role, of layout.text */
	size_t word;	      /* FROM's AS, HEALTHCHECK's CMD: a keyword */
	size_t word_end;
	size_t *code; /* the lines that are code and not only blank */
	size_t n_code;
	size_t base; /* columns that all lines but the first are in */
};

/* Roles. */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static void set_text(struct shape *s, struct span span)
{
	size_t from = layout_offset(&s->layout, span.offset);
	size_t to = layout_offset(&s->layout, span.end);

	if (from < to)
		memset(s->roles + from, ROLE_TEXT, to - from);
}

static size_t skip_blanks(const struct shape *s, size_t i)
{
	while (i < s->layout.text.n && is_blank(s->layout.text.p[i]))
		i++;
	return i;
}

/* Behind the keyword and the flags. */
static size_t arguments_at(const struct shape *s)
{
	uint32_t end = s->in->keyword.end;

	if (s->in->flags.n)
		end = s->in->flags.v[s->in->flags.n - 1].span.end;
	return skip_blanks(s, layout_offset(&s->layout, end));
}

/* From i on all is text, but for blanks at the end. */
static void set_rest(struct shape *s, size_t i)
{
	size_t n = s->layout.text.n;

	while (n > i && is_blank(s->layout.text.p[n - 1]))
		n--;
	memset(s->roles + i, ROLE_TEXT, n - i);
}

static void set_json(struct shape *s, size_t i)
{
	struct str text = s->layout.text;
	bool quoted = false;

	for (; i < text.n; i++) {
		bool was_quoted = quoted;

		if (quoted && text.p[i] == '\\' && i + 1 < text.n)
			s->roles[i++] = ROLE_TEXT;
		else if (text.p[i] == '"')
			quoted = !quoted;
		s->roles[i] = was_quoted || quoted ? ROLE_TEXT : ROLE_FREE;
	}
}

static void set_pairs(struct shape *s, const struct pairs *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->v[i];

		set_text(s, pairs->legacy ? pair->key.span : pair->span);
		if (pairs->legacy)
			set_text(s, pair->value.span);
	}
}

static void set_command(struct shape *s, const struct command *command)
{
	size_t i = layout_offset(&s->layout, command->span.offset);

	if (command->exec_form)
		set_json(s, i);
	else
		set_rest(s, i);
}

static bool is_understood(const struct lint_run *run)
{
	ptrdiff_t slash = str_rfind(run->shell, '/');

	return run->posix && !run->script.bad &&
	       name_in(str_skip(run->shell, (size_t)(slash + 1)),
		       "sh bash ash dash zsh ksh");
}

static void set_run(struct shape *s, const struct lint_run *run)
{
	const struct command *command = &s->in->run.command;
	size_t from = layout_offset(&s->layout, command->span.offset);
	struct str script;
	bool *separates;

	set_command(s, command);
	if (command->exec_form || !run || !is_understood(run))
		return;
	script = str_skip(s->layout.text, from);
	separates = arena_new_array(s->f->arena, script.n + 1, bool);
	shell_find_blanks(script, separates);
	for (size_t i = 0; i < script.n; i++)
		if (separates[i])
			s->roles[from + i] = ROLE_GAP;
}

static bool volume_is_json(const struct shape *s, size_t arguments)
{
	const struct words *words = &s->in->words;
	struct str text = s->f->df->source->text;

	return arguments < s->layout.text.n &&
	       s->layout.text.p[arguments] == '[' &&
	       (words->n == 0 || text.p[words->v[0].span.offset] != '[');
}

/* The word at i is a keyword too. */
static void set_keyword(struct shape *s, size_t i)
{
	s->word = s->word_end = i;
	while (s->word_end < s->layout.text.n &&
	       isalpha((unsigned char)s->layout.text.p[s->word_end]))
		s->word_end++;
}

static void set_from(struct shape *s)
{
	const struct from *from = &s->in->from;

	if (from->as_text.n)
		set_keyword(s,
			    skip_blanks(s, layout_offset(&s->layout,
							 from->base.span.end)));
}

static void set_arguments(struct shape *s, const struct lint_run *run)
{
	const struct instruction *in = s->in;
	size_t i = arguments_at(s);

	switch (in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		if (in->copy.json_form)
			set_json(s, i);
		break;
	case INSTRUCTION_VOLUME:
		if (volume_is_json(s, i))
			set_json(s, i);
		break;
	case INSTRUCTION_FROM: set_from(s); break;
	case INSTRUCTION_EXPOSE: break;
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL: set_pairs(s, &in->pairs); break;
	case INSTRUCTION_RUN: set_run(s, run); break;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_SHELL: set_command(s, &in->command); break;
	case INSTRUCTION_HEALTHCHECK:
		set_keyword(s, i);
		if (!in->healthcheck.none)
			set_command(s, &in->healthcheck.command);
		break;
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_WORKDIR: set_rest(s, i); break;
	case INSTRUCTION_ONBUILD:
		/* the image's config has it as written, up to the line's end */
		memset(s->roles + i, ROLE_TEXT, s->layout.text.n - i);
		break;
	case INSTRUCTION_N: break;
	}
}

static void set_roles(struct shape *s, const struct lint_run *run)
{
	struct str text = s->layout.text;

	s->roles = arena_alloc(s->f->arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		s->roles[i] = is_blank(text.p[i]) ? ROLE_GAP : ROLE_TEXT;
	for (size_t i = 0; i < s->in->flags.n; i++)
		set_text(s, s->in->flags.v[i].span);
	set_arguments(s, run);
}

/* Lines. */

static size_t line_end(const struct shape *s, size_t line)
{
	const struct layout_line *l = &s->layout.lines[line];

	return l->text_offset + (l->text.end - l->text.offset);
}

/* Nothing but what separates stands in the line. */
static bool is_gap_line(const struct shape *s, size_t line)
{
	size_t end = line_end(s, line);

	for (size_t i = s->layout.lines[line].text_offset; i < end; i++)
		if (s->roles[i] == ROLE_TEXT || !is_blank(s->layout.text.p[i]))
			return false;
	return true;
}

/* The text may be broken anew between the bytes before and at i. */
static bool is_loose(const struct shape *s, size_t i)
{
	return i == s->layout.text.n || s->roles[i] != ROLE_TEXT ||
	       (i && s->roles[i - 1] != ROLE_TEXT);
}

/* Columns that the line is in, tabs as wide as an indent. */
static size_t columns_of(const struct shape *s, size_t line)
{
	struct str text =
		source_text(s->f->df->source, s->layout.lines[line].text);
	size_t columns = 0;

	for (size_t i = 0; i < text.n && is_blank(text.p[i]); i++)
		columns += text.p[i] == '\t' ? INDENT - columns % INDENT : 1;
	return columns;
}

static void find_lines(struct shape *s)
{
	s->code = arena_new_array(s->f->arena, s->layout.n_lines, size_t);
	s->base = SIZE_MAX;
	for (size_t i = 0; i < s->layout.n_lines; i++) {
		size_t columns;

		if (s->layout.lines[i].kind != LAYOUT_CODE ||
		    (i && is_gap_line(s, i)))
			continue;
		s->code[s->n_code++] = i;
		if (i == 0 || !is_loose(s, s->layout.lines[i].text_offset))
			continue;
		columns = columns_of(s, i);
		s->base = columns < s->base ? columns : s->base;
	}
}

/* Output. */

static void put_indent(struct shape *s, size_t columns)
{
	buf_printf(s->f->out, "%*s", (int)columns, "");
}

/* The comments between two lines of code; the empty lines go. */
static void put_comments(struct shape *s, size_t from, size_t to, bool loose,
			 size_t columns)
{
	for (size_t i = from; i < to; i++) {
		struct str text =
			source_text(s->f->df->source, s->layout.lines[i].span);

		if (s->layout.lines[i].kind != LAYOUT_COMMENT)
			continue;
		if (loose) {
			put_indent(s, columns);
			text = str_trim_space_left(text);
		}
		buf_add_str(s->f->out, text);
		buf_add_c(s->f->out, s->f->eol);
	}
}

static bool has_comments(const struct shape *s, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (s->layout.lines[i].kind == LAYOUT_COMMENT)
			return true;
	return false;
}

/* The byte at i, and where JSON wants a blank behind it, that. */
static void put_byte(struct shape *s, size_t i, size_t end)
{
	char c = s->layout.text.p[i];
	bool upper = i < s->in->keyword.end - s->in->keyword.offset ||
		     (i >= s->word && i < s->word_end);

	buf_add_char(s->f->out, upper ? (char)toupper((unsigned char)c) : c);
	if (c == ',' && s->roles[i] == ROLE_FREE && i + 1 < end)
		buf_add_char(s->f->out, ' ');
}

/* Bytes from..end, which are one line's, with gaps at neither end. */
static void put_text(struct shape *s, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		bool gap = s->roles[i] != ROLE_TEXT &&
			   is_blank(s->layout.text.p[i]);

		if (!gap)
			put_byte(s, i, end);
		else if (s->roles[i] == ROLE_GAP &&
			 (i == from || s->roles[i - 1] != ROLE_GAP))
			buf_add_char(s->f->out, ' ');
	}
}

static bool is_gap(const struct shape *s, size_t i)
{
	return s->roles[i] != ROLE_TEXT && is_blank(s->layout.text.p[i]);
}

/* Line code[n], its continuation and the comments behind it. */
static void put_line(struct shape *s, size_t n)
{
	size_t line = s->code[n];
	size_t next = n + 1 < s->n_code ? s->code[n + 1] : s->layout.n_lines;
	bool last = n + 1 == s->n_code;
	size_t from = s->layout.lines[line].text_offset;
	size_t end = line_end(s, line);
	bool loose = last || is_loose(s, s->layout.lines[next].text_offset);
	size_t columns = INDENT;

	if (n && is_loose(s, from)) {
		put_indent(s, INDENT + columns_of(s, line) - s->base);
		while (from < end && is_gap(s, from))
			from++;
	}
	while (loose && end > from && is_gap(s, end - 1))
		end--;
	put_text(s, from, end);
	if (!last && loose)
		columns += columns_of(s, next) - s->base;
	if (!last || has_comments(s, line + 1, next))
		buf_printf(s->f->out, "%s%c", loose ? " " : "",
			   s->f->df->escape);
	buf_add_c(s->f->out, s->f->eol);
	put_comments(s, line + 1, next, loose, columns);
}

/* Lines up to that number, as they stand. */
static void put_raw(struct fmt *f, uint32_t to)
{
	const struct source *source = f->df->source;

	for (; f->line <= to && f->line <= source->n_lines; f->line++) {
		uint32_t end = f->line < source->n_lines
				       ? source->line_offsets[f->line]
				       : (uint32_t)source->text.n;
		struct str text = source_text(
			source,
			(struct span){source->line_offsets[f->line - 1], end});

		buf_add_str(f->out, text);
		if (text.n && !str_ends(text, "\n"))
			buf_add_c(f->out, f->eol);
	}
}

static void put_instruction(struct fmt *f, const struct instruction *in,
			    const struct lint_run *run)
{
	const struct source *source = f->df->source;
	struct shape s = {.f = f, .in = in};
	uint32_t end;

	layout_make(f->arena, f->df, in, &s.layout);
	set_roles(&s, run);
	find_lines(&s);
	for (size_t i = 0; i < s.n_code; i++)
		put_line(&s, i);
	f->line += (uint32_t)s.layout.n_lines;
	/* heredocs' bodies */
	end = source_position(source, in->span.end).line;
	put_raw(f, end);
}

static bool line_is_empty(const struct fmt *f, uint32_t line)
{
	return str_trim_space_left(source_line(f->df->source, line)).n == 0;
}

/* What stands before line to: comments, and of empty lines one. */
static void put_between(struct fmt *f, uint32_t to)
{
	size_t begin = f->out->n;

	while (f->line < to) {
		if (!line_is_empty(f, f->line)) {
			put_raw(f, f->line);
			continue;
		}
		while (f->line < to && line_is_empty(f, f->line))
			f->line++;
		if (f->line > f->df->source->n_lines)
			return;
		/* above the first comment one stays: it is no directive */
		if (f->out->n > begin || begin ||
		    str_starts(source_line(f->df->source, f->line), "#"))
			buf_add_c(f->out, f->eol);
	}
}

static const struct lint_run *next_run(struct fmt *f,
				       const struct instruction *in)
{
	const struct lint_item *item = &f->lint->items[f->item];

	if (f->item == f->lint->n_items ||
	    (item->in != in && item->in != in->onbuild.trigger))
		return NULL;
	f->item++;
	return item->onbuild ? NULL : item->run;
}

static const char bom[] = "\xef\xbb\xbf";

static void put_file(struct fmt *f)
{
	const struct source *source = f->df->source;

	if (f->df->n_instructions && str_starts(source->text, bom) &&
	    f->df->instructions[0].span.offset == strlen(bom))
		buf_add_c(f->out, bom);
	for (size_t i = 0; i < f->df->n_instructions; i++) {
		const struct instruction *in = &f->df->instructions[i];

		put_between(f, source_position(source, in->span.offset).line);
		put_instruction(f, in, next_run(f, in));
	}
	put_between(f, source->n_lines + 1);
}

/* Which shell runs which RUN is the linter's to know. */
static void find_runs(struct lint *l, struct lint_file *file)
{
	pragmas_read(file);
	lint_context_make(l, file);
}

static bool means_the_same(const struct dockerfile *df, struct str text)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf before = BUF_INIT(SIZE_MAX);
	SCOPED_BUF struct buf after = BUF_INIT(SIZE_MAX);
	struct source source;
	struct diags diags;
	bool same;

	source_init(&source, &a, df->source->name, text);
	diags_init(&diags, &a);
	dockerfile_dump_meaning(&before, df);
	dockerfile_dump_meaning(&after, dockerfile_parse(&a, &source, &diags));
	same = diags.n_errors == 0 && str_eq(buf_str(&before), buf_str(&after));
	diags_release(&diags);
	return same;
}

enum fmt_result fmt_text(struct buf *out, const struct source *source,
			 struct diags *diags)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	const struct lint_options options = {0};
	struct lint_file file = {
		.arena = &a, .source = source, .options = &options};
	struct lint l = {.arena = &a, .options = &options};
	struct fmt f = {.out = &text, .arena = &a, .lint = &l, .line = 1};
	size_t n_errors = diags->n_errors;

	f.df = dockerfile_parse(&a, source, diags);
	if (diags->n_errors > n_errors)
		return FMT_MISTAKES;
	file.dockerfile = l.df = f.df;
	find_runs(&l, &file);
	f.eol = source->n_lines > 1 && source->line_offsets[1] > 1 &&
				source->text.p[source->line_offsets[1] - 2] ==
					'\r'
			? "\r\n"
			: "\n";
	put_file(&f);
	if (text.over || !means_the_same(f.df, buf_str(&text)))
		return FMT_REFUSED;
	buf_add_str(out, buf_str(&text));
	return FMT_OK;
}
