#include "lint/fmt.h"

#include "lint/context.h"
#include "lint/pragma.h"
#include "parser/directive.h"
#include "parser/layout.h"
#include "parser/line.h"
#include "parser/utf8.h"

#include <ctype.h>
#include <string.h>

enum { INDENT = 4, STEPS_MAX = 64 };

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
	const struct fmt_options *options;
	const struct diags *diags; /* with the mistakes */
	bool *wrong;		   /* of instructions: there is one in it */
	size_t item;		   /* the lint's next */
	size_t mistaken;	   /* the Dockerfile's next */
	const char *eol;
	uint32_t line; /* the next to be written, from 1 */
	bool off;      /* behind "# fmt: off" */
};

/* A line of an instruction as it will be written. */
struct line {
	size_t number; /* of the layout's lines */
	size_t from;   /* its text, in the layout's */
	size_t end;
	bool joint; /* an operator was moved over the break before it */
};

/* A part of the joined text. */
struct part {
	size_t from;
	size_t end;
};

/* One instruction. */
struct shape {
	struct fmt *f;
	const struct instruction *in;
	struct layout layout;
	unsigned char *roles; /* enum role, of layout.text */
	/* in upper case: the keyword, a trigger's, FROM's AS, HEALTHCHECK's CMD
	 */
	struct part words[3];
	size_t n_words;
	const struct lint_run *run; /* of in, or of its trigger */
	size_t script_at; /* where its script begins, where understood */
	struct shell_script script;
	unsigned *steps;   /* of the script's bytes: how far in a line is */
	struct line *code; /* the lines that are code and not only blank */
	size_t n_code;
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
static size_t arguments_at(const struct shape *s, const struct instruction *in)
{
	uint32_t end = in->keyword.end;

	if (in->flags.n)
		end = in->flags.v[in->flags.n - 1].span.end;
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

/* Byte by byte, how many steps a line is in that begins there. */
static void find_steps(struct shape *s, struct str script)
{
	size_t second = s->layout.n_lines;
	int *change = arena_new_array(s->f->arena, script.n + 2, int);
	int steps = 1;

	for (size_t i = s->layout.n_lines; i > 1; i--)
		if (s->layout.lines[i - 1].kind == LAYOUT_CODE)
			second = s->layout.lines[i - 1].text_offset;
	for (size_t i = 0; i < s->script.n_blocks; i++) {
		change[s->script.blocks[i].offset]++;
		change[s->script.blocks[i].end]--;
	}
	for (size_t i = 0; i < s->script.n_commands; i++) {
		struct span span = s->script.commands[i].span;

		if (span.end <= span.offset ||
		    s->script_at + span.offset < second)
			continue;
		change[span.offset + 1]++;
		change[span.end]--;
	}
	s->steps = arena_new_array(s->f->arena, script.n + 1, unsigned);
	for (size_t i = 0; i <= script.n; i++) {
		steps += change[i];
		s->steps[i] = steps < STEPS_MAX ? (unsigned)steps : STEPS_MAX;
	}
}

static void read_script(struct shape *s, size_t from)
{
	struct str script = str_skip(s->layout.text, from);

	s->script_at = from;
	shell_parse(s->f->arena, script, &s->script);
	if (!s->script.bad)
		find_steps(s, script);
}

static void set_run(struct shape *s, const struct instruction *in)
{
	const struct command *command = &in->run.command;
	size_t from = layout_offset(&s->layout, command->span.offset);
	struct str script;
	bool *separates;

	set_command(s, command);
	if (command->exec_form || !s->run || !is_understood(s->run))
		return;
	read_script(s, from);
	script = str_skip(s->layout.text, from);
	separates = arena_new_array(s->f->arena, script.n + 1, bool);
	shell_find_blanks(script, separates);
	for (size_t i = 0; i < script.n; i++)
		if (separates[i])
			s->roles[from + i] = ROLE_GAP;
}

static bool volume_is_json(const struct shape *s, const struct instruction *in,
			   size_t arguments)
{
	const struct words *words = &in->words;
	struct str text = s->f->df->source->text;

	return arguments < s->layout.text.n &&
	       s->layout.text.p[arguments] == '[' &&
	       (words->n == 0 || text.p[words->v[0].span.offset] != '[');
}

/* The word at i is a keyword too. */
static void set_keyword(struct shape *s, size_t i)
{
	struct part *word = &s->words[s->n_words++];

	word->from = word->end = i;
	while (word->end < s->layout.text.n &&
	       isalpha((unsigned char)s->layout.text.p[word->end]))
		word->end++;
}

static void set_from(struct shape *s, const struct from *from)
{

	if (from->as_text.n)
		set_keyword(s,
			    skip_blanks(s, layout_offset(&s->layout,
							 from->base.span.end)));
}

static void set_instruction(struct shape *s, const struct instruction *in);

static void set_arguments(struct shape *s, const struct instruction *in)
{
	size_t i = arguments_at(s, in);

	switch (in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		if (in->copy.json_form)
			set_json(s, i);
		break;
	case INSTRUCTION_VOLUME:
		if (volume_is_json(s, in, i))
			set_json(s, i);
		break;
	case INSTRUCTION_FROM: set_from(s, &in->from); break;
	case INSTRUCTION_EXPOSE: break;
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL: set_pairs(s, &in->pairs); break;
	case INSTRUCTION_RUN: set_run(s, in); break;
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
		if (in->onbuild.trigger)
			set_instruction(s, in->onbuild.trigger);
		else
			set_rest(s, i);
		break;
	case INSTRUCTION_N: break;
	}
}

static void set_instruction(struct shape *s, const struct instruction *in)
{
	set_keyword(s, layout_offset(&s->layout, in->keyword.offset));
	for (size_t i = 0; i < in->flags.n; i++)
		set_text(s, in->flags.v[i].span);
	set_arguments(s, in);
}

static void set_roles(struct shape *s)
{
	struct str text = s->layout.text;

	s->roles = arena_alloc(s->f->arena, text.n + 1);
	for (size_t i = 0; i < text.n; i++)
		s->roles[i] = is_blank(text.p[i]) ? ROLE_GAP : ROLE_TEXT;
	set_instruction(s, s->in);
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

/* A line with nothing but the escape: it stays, for those who read. */
static bool is_lone(const struct shape *s, size_t line)
{
	const struct layout_line *l = &s->layout.lines[line];

	return l->continues && l->text.end >= l->text.offset &&
	       is_gap_line(s, line);
}

static bool is_gap(const struct shape *s, size_t i)
{
	return s->roles[i] != ROLE_TEXT && is_blank(s->layout.text.p[i]);
}

static void find_lines(struct shape *s)
{
	s->code = arena_new_array(s->f->arena, s->layout.n_lines, struct line);
	for (size_t i = 0; i < s->layout.n_lines; i++) {
		bool gap = i && is_gap_line(s, i);

		if (s->layout.lines[i].kind != LAYOUT_CODE ||
		    (gap && !is_lone(s, i)))
			continue;
		s->code[s->n_code++] =
			(struct line){i, s->layout.lines[i].text_offset,
				      line_end(s, i), false};
	}
	/* behind the last code nothing is kept apart */
	while (s->n_code > 1 && is_gap_line(s, s->code[s->n_code - 1].number))
		s->n_code--;
}

/* The next line behind code[n] that is more than the escape; n_code. */
static size_t next_full(const struct shape *s, size_t n)
{
	do {
		n++;
	} while (n < s->n_code && is_gap_line(s, s->code[n].number));
	return n;
}

static bool is_all_gap(const struct shape *s, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++)
		if (!is_gap(s, i))
			return false;
	return true;
}

/* An operator at the break between code[n] and code[next]. */
static void move_operator(struct shape *s, struct span op, size_t n,
			  size_t next)
{
	size_t from = s->script_at + op.offset;
	size_t end = s->script_at + op.end;
	size_t at = s->code[next].from; /* the break */
	enum fmt_operators to = s->f->options->operators;

	/* a line is not left with nothing in it, and no blank is invented */
	if (to == FMT_OPERATORS_FIRST && end <= at && is_all_gap(s, end, at) &&
	    from > s->code[n].from && is_gap(s, from - 1) &&
	    !is_all_gap(s, s->code[n].from, from))
		at = from;
	else if (to == FMT_OPERATORS_LAST && from >= at &&
		 is_all_gap(s, at, from) && end < s->code[next].end &&
		 is_gap(s, end) && !is_all_gap(s, end, s->code[next].end))
		at = end;
	else
		return;
	s->code[n].end = s->code[next].from = at;
	s->code[next].joint = true;
}

static void move_operators(struct shape *s)
{
	size_t op = 0;

	if (!s->steps || s->f->options->operators == FMT_OPERATORS_STAY)
		return;
	for (size_t n = 0; n < s->n_code; n = next_full(s, n)) {
		size_t next = next_full(s, n);
		size_t i;

		if (next == s->n_code)
			return;
		while (op < s->script.n_operators &&
		       s->script_at + s->script.operators[op].offset <
			       s->code[n].from)
			op++;
		for (i = op; i < s->script.n_operators &&
			     s->script_at + s->script.operators[i].offset <
				     s->code[next].end;
		     i++)
			move_operator(s, s->script.operators[i], n, next);
	}
}

/* The text may be broken anew before code[n]. */
static bool is_loose_line(const struct shape *s, size_t n)
{
	return s->code[n].joint || is_loose(s, s->code[n].from);
}

/* The steps that code[n] is in; a lone line and a comment are as what comes. */
static unsigned steps_of(const struct shape *s, size_t n)
{
	size_t i;

	while (n + 1 < s->n_code && is_gap_line(s, s->code[n].number))
		n++;
	i = s->code[n].from;
	while (i < s->code[n].end && is_gap(s, i))
		i++;
	if (!s->steps || i < s->script_at)
		return 1;
	return s->steps[i - s->script_at];
}

/* Output. */

static void put_indent(struct shape *s, unsigned steps)
{
	fmt_add_indent(s->f->out, s->f->options, steps);
}

/* The comments between two lines of code; the empty lines go. */
static void put_comments(struct shape *s, size_t from, size_t to, bool loose,
			 unsigned steps)
{
	for (size_t i = from; i < to; i++) {
		struct str text =
			source_text(s->f->df->source, s->layout.lines[i].span);

		if (s->layout.lines[i].kind != LAYOUT_COMMENT)
			continue;
		if (loose) {
			put_indent(s, steps);
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

static bool is_keyword(const struct shape *s, size_t i)
{
	for (size_t k = 0; k < s->n_words; k++)
		if (i >= s->words[k].from && i < s->words[k].end)
			return true;
	return false;
}

/* The byte at i, and where JSON wants a blank behind it, that. */
static void put_byte(struct shape *s, size_t i, size_t end)
{
	char c = s->layout.text.p[i];

	buf_add_char(s->f->out,
		     is_keyword(s, i) ? (char)toupper((unsigned char)c) : c);
	if (c == ',' && s->roles[i] == ROLE_FREE && i + 1 < end)
		buf_add_char(s->f->out, ' ');
}

/* Bytes from..end, which are one line's, with gaps at neither end. */
static void put_text(struct shape *s, size_t from, size_t end)
{
	for (size_t i = from; i < end; i++) {
		if (!is_gap(s, i))
			put_byte(s, i, end);
		else if (s->roles[i] == ROLE_GAP &&
			 (i == from || s->roles[i - 1] != ROLE_GAP))
			buf_add_char(s->f->out, ' ');
	}
}

/* What was written from begin on would be read as going on. */
static bool seems_to_go_on(const struct shape *s, size_t begin)
{
	struct str text = str_skip(buf_str(s->f->out), begin);

	return line_cut_continuation(&text, s->f->df->escape);
}

/* Line code[n], its continuation and the comments behind it. */
static void put_line(struct shape *s, size_t n)
{
	const struct line *line = &s->code[n];
	bool last = n + 1 == s->n_code;
	size_t next = last ? s->layout.n_lines : s->code[n + 1].number;
	size_t from = line->from;
	size_t end = line->end;
	size_t begin = s->f->out->n;
	bool loose = last || is_loose_line(s, n + 1);
	bool goes_on;

	if (n && is_loose_line(s, n)) {
		put_indent(s, steps_of(s, n));
		while (from < end && is_gap(s, from))
			from++;
	}
	while (loose && end > from && is_gap(s, end - 1))
		end--;
	put_text(s, from, end);
	goes_on = !last || has_comments(s, line->number + 1, next) ||
		  seems_to_go_on(s, begin);
	if (goes_on)
		buf_printf(s->f->out, "%s%c", loose && end > from ? " " : "",
			   s->f->df->escape);
	buf_add_c(s->f->out, s->f->eol);
	put_comments(s, line->number + 1, next, loose,
		     last ? 1 : steps_of(s, n + 1));
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

static bool is_in_range(const struct fmt *f, struct span span)
{
	struct span range = f->options->range;

	return range.end == 0 ||
	       (span.offset <= range.end && span.end >= range.offset);
}

/* A byte order mark is no part of the first instruction, but of its line. */
static void put_bom(struct fmt *f, const struct instruction *in)
{
	static const char bom[] = "\xef\xbb\xbf";

	if (in->span.offset == strlen(bom) &&
	    str_starts(f->df->source->text, bom))
		buf_add_c(f->out, bom);
}

static void put_instruction(struct fmt *f, const struct instruction *in,
			    const struct lint_run *run)
{
	const struct source *source = f->df->source;
	struct shape s = {.f = f, .in = in, .run = run};
	uint32_t end = source_position(source, in->span.end).line;

	if (f->off || !is_in_range(f, in->span) ||
	    f->wrong[in - f->df->instructions]) {
		put_raw(f, end);
		return;
	}
	put_bom(f, in);
	layout_make(f->arena, f->df, in, &s.layout);
	set_roles(&s);
	find_lines(&s);
	move_operators(&s);
	for (size_t i = 0; i < s.n_code; i++)
		put_line(&s, i);
	f->line += (uint32_t)s.layout.n_lines;
	/* heredocs' bodies */
	put_raw(f, end);
}

static bool line_is_empty(const struct fmt *f, uint32_t line)
{
	return str_trim_space_left(source_line(f->df->source, line)).n == 0;
}

/* "# fmt: off", "# fmt: on" */
static bool is_switch(struct str comment, const char *word)
{
	struct str s = str_trim(str_skip(comment, 1));

	if (!str_starts(s, "fmt:"))
		return false;
	return str_eq_c(str_trim(str_skip(s, 4)), word);
}

/*
 * A comment between instructions, at the margin; but what would be a directive
 * there, and is none because of the blanks before it, keeps them.
 */
static void put_comment(struct fmt *f)
{
	struct str line = source_line(f->df->source, f->line);
	struct str text = str_trim_space_left(line);
	struct str name;
	struct str value;

	if (is_switch(text, "off"))
		f->off = true;
	if (is_switch(text, "on"))
		f->off = false;
	buf_add_str(f->out, directive_parse(text, &name, &value) ? line : text);
	buf_add_c(f->out, f->eol);
	f->line++;
}

static bool line_is_in_range(const struct fmt *f, uint32_t line)
{
	const struct source *source = f->df->source;
	uint32_t at = source->line_offsets[line - 1];

	return is_in_range(
		f,
		(struct span){at, at + (uint32_t)source_line(source, line).n});
}

/* One line as it stands, but for what switches the formatter on again. */
static void put_line_as_is(struct fmt *f)
{
	struct str text =
		str_trim_space_left(source_line(f->df->source, f->line));

	if (str_starts(text, "#") && is_switch(text, "on"))
		f->off = false;
	put_raw(f, f->line);
}

/* What stands before line to: comments, and of empty lines one. */
static void put_between(struct fmt *f, uint32_t to)
{
	size_t begin = f->out->n;

	while (f->line < to) {
		struct str text = str_trim_space_left(
			source_line(f->df->source, f->line));

		if (f->off || !line_is_in_range(f, f->line)) {
			put_line_as_is(f);
			continue;
		}
		if (str_starts(text, "#")) {
			put_comment(f);
			continue;
		}
		if (text.n) {
			put_raw(f, f->line);
			continue;
		}
		while (f->line < to && line_is_empty(f, f->line))
			f->line++;
		if (f->line > f->df->source->n_lines)
			return;
		/* above the first comment one stays: it is no directive */
		if (f->out->n > begin || begin ||
		    str_starts(str_trim_space_left(
				       source_line(f->df->source, f->line)),
			       "#"))
			buf_add_c(f->out, f->eol);
	}
}

static const struct lint_run *next_run(struct fmt *f,
				       const struct instruction *in)
{
	const struct lint_item *item = &f->lint->items[f->item];

	if (f->item == f->lint->n_items ||
	    (item->in != in && (in->kind != INSTRUCTION_ONBUILD ||
				item->in != in->onbuild.trigger)))
		return NULL;
	f->item++;
	return item->run;
}

/* What was left out before offset stays as it is. */
static void put_mistaken(struct fmt *f, uint32_t offset)
{
	const struct source *source = f->df->source;

	for (; f->mistaken < f->df->n_mistaken &&
	       f->df->mistaken[f->mistaken].offset < offset;
	     f->mistaken++) {
		struct span span = f->df->mistaken[f->mistaken];

		put_between(f, source_position(source, span.offset).line);
		put_raw(f, source_position(source, span.end).line);
	}
}

static void put_file(struct fmt *f)
{
	const struct source *source = f->df->source;

	for (size_t i = 0; i < f->df->n_instructions; i++) {
		const struct instruction *in = &f->df->instructions[i];

		put_mistaken(f, in->span.offset);
		put_between(f, source_position(source, in->span.offset).line);
		put_instruction(f, in, next_run(f, in));
	}
	put_mistaken(f, UINT32_MAX);
	put_between(f, source->n_lines + 1);
}

/* Which shell runs which RUN is the linter's to know. */
static void find_runs(struct lint *l, struct lint_file *file)
{
	pragmas_read(file);
	lint_context_make(l, file);
}

static bool means_the_same(const struct fmt *f, struct str text)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf before = BUF_INIT(SIZE_MAX);
	SCOPED_BUF struct buf after = BUF_INIT(SIZE_MAX);
	struct source source;
	struct diags diags;
	bool same;

	source_init(&source, &a, f->df->source->name, text);
	diags_init(&diags, &a);
	dockerfile_dump_meaning(&before, f->df);
	dockerfile_dump_meaning(&after, dockerfile_parse(&a, &source, &diags));
	same = diags.n_errors == f->diags->n_errors &&
	       str_eq(buf_str(&before), buf_str(&after));
	diags_release(&diags);
	return same;
}

static const char *eol_of(const struct source *source,
			  const struct fmt_options *options)
{
	bool crlf = source->n_lines > 1 && source->line_offsets[1] > 1 &&
		    source->text.p[source->line_offsets[1] - 2] == '\r';

	switch (options->newline) {
	case FMT_NEWLINE_LF: return "\n";
	case FMT_NEWLINE_CRLF: return "\r\n";
	case FMT_NEWLINE_STAYS: break;
	}
	return crlf ? "\r\n" : "\n";
}

/* An instruction that was left out for its mistake. */
static bool is_mistaken(const struct dockerfile *df, uint32_t offset)
{
	size_t low = 0;
	size_t high = df->n_mistaken;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (df->mistaken[middle].end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low < df->n_mistaken && df->mistaken[low].offset <= offset;
}

/* The instruction that offset is in; n_instructions where it is in none. */
static size_t instruction_at(const struct dockerfile *df, uint32_t offset)
{
	size_t low = 0;
	size_t high = df->n_instructions;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (df->instructions[middle].span.end < offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < df->n_instructions &&
	    df->instructions[low].span.offset > offset)
		return df->n_instructions;
	return low;
}

/*
 * What has a mistake in it is not understood, and left to who made it. A
 * mistake that is in no instruction leaves the whole file: false.
 */
static bool find_mistakes(struct fmt *f)
{
	f->wrong = arena_new_array(f->arena, f->df->n_instructions, bool);
	for (size_t i = 0; i < f->diags->n; i++) {
		const struct diag *diag = &f->diags->v[i];
		size_t at = instruction_at(f->df, diag->span.offset);

		if (diag->severity != DIAG_ERROR ||
		    is_mistaken(f->df, diag->span.offset))
			continue;
		if (at == f->df->n_instructions)
			return false;
		f->wrong[at] = true;
	}
	return true;
}

void fmt_add_indent(struct buf *out, const struct fmt_options *options,
		    unsigned steps)
{
	unsigned columns = options->indent ? options->indent : INDENT;

	for (unsigned i = 0; options->tabs && i < steps; i++)
		buf_add_char(out, '\t');
	if (!options->tabs)
		buf_printf(out, "%*s", (int)(columns * steps), "");
}

enum fmt_result fmt_text(struct buf *out, const struct source *source,
			 const struct fmt_options *options, struct diags *diags)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	const struct lint_options lint_options = {0};
	struct lint_file file = {
		.arena = &a, .source = source, .options = &lint_options};
	struct lint l = {.arena = &a, .options = &lint_options};
	struct fmt f = {.out = &text,
			.arena = &a,
			.lint = &l,
			.options = options,
			.diags = diags,
			.line = 1};

	f.df = dockerfile_parse(&a, source, diags);
	if (!find_mistakes(&f))
		return FMT_MISTAKES;
	file.dockerfile = l.df = f.df;
	find_runs(&l, &file);
	f.eol = eol_of(source, options);
	put_file(&f);
	if (text.over || !means_the_same(&f, buf_str(&text)))
		return FMT_REFUSED;
	buf_add_str(out, buf_str(&text));
	return FMT_OK;
}
