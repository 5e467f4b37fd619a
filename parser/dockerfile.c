/*
 * The parser's top: lines become instructions, instructions become stages.
 *
 * One instruction after the other is taken off its line: keyword, flags,
 * arguments, heredocs. A mistake costs only its own instruction.
 */
#include "parser/parse.h"

#include "parser/argument.h"
#include "parser/utf8.h"

#include <string.h>

static void parser_init(struct parse *p, struct arena *a,
			const struct source *src, struct diags *d,
			struct line_reader *r)
{
	*p = (struct parse){
		.arena = a,
		.source = src,
		.diags = d,
		.reader = r,
		.severity = DIAG_ERROR,
	};
	line_reader_init(r, a, src, d);
}

static void parser_release(struct parse *p)
{
	vec_release(&p->flags);
	vec_release(&p->raw_flags);
	vec_release(&p->words);
	vec_release(&p->pairs);
	line_reader_release(p->reader);
}

static void report_unknown(struct parse *p, struct str keyword)
{
	const char *near = instruction_suggest(keyword);
	struct diag *diag;

	diag = parse_report(p, "unknown-instruction", keyword,
			    "unknown instruction %.*s", STR_ARG(keyword));
	if (near)
		parse_hint(p, diag, "did you mean %s?", near);
	else if (keyword.n && !rune_is_letter(rune_at(keyword).value))
		parse_hint(p, diag,
			   "if this belongs to the line before, end that "
			   "line with %c",
			   p->reader->escape);
}

static void report_unknown_flag(struct parse *p, struct str name,
				struct str raw)
{
	const char *near = instruction_suggest_flag(p->info, name);
	struct diag *diag;

	diag = parse_report(p, "unknown-flag", raw, "%s has no flag --%.*s",
			    p->info->name, STR_ARG(name));
	if (near)
		parse_hint(p, diag, "did you mean --%s?", near);
	else if (p->info->n_flags == 0)
		parse_hint(p, diag, "%s takes no flags", p->info->name);
}

/* The value of a flag of that kind, by BuildKit's rules. */
static void check_flag_value(struct parse *p, const struct flag_info *info,
			     const struct flag *flag, struct str raw)
{
	struct str value = flag->value.text;
	struct diag *diag;

	switch (info->kind) {
	case FLAG_BOOL:
		if (!flag->has_value || str_eq_nocase(value, STR("true")) ||
		    str_eq_nocase(value, STR("false")))
			return;
		diag = parse_report(p, "invalid-flag-value", raw,
				    "--%s is true or false, not '%.*s'",
				    info->name, STR_ARG(value));
		parse_hint(p, diag, "write --%s, or --%s=false", info->name,
			   info->name);
		return;
	case FLAG_STRING:
	case FLAG_STRINGS:
		if (flag->has_value)
			return;
		diag = parse_report(p, "missing-flag-value", raw,
				    "--%s has no value", info->name);
		parse_hint(p, diag, "write --%s=%s", info->name, info->value);
		return;
	}
}

/* Seen flags are bits: an instruction has few. */
static void check_flag(struct parse *p, const struct flag *flag, struct str raw,
		       uint32_t *seen)
{
	int index = instruction_find_flag(p->info, flag->name);
	const struct flag_info *info;

	if (index < 0) {
		report_unknown_flag(p, flag->name, raw);
		return;
	}
	info = &p->info->flags[index];
	if (*seen & 1u << index && info->kind != FLAG_STRINGS)
		parse_report(p, "repeated-flag", raw,
			     "--%s can be given only once", info->name);
	*seen |= 1u << index;
	check_flag_value(p, info, flag, raw);
}

static struct flag make_flag(struct parse *p, struct str raw)
{
	struct str text = argument_unquote(p->arena, raw, p->reader->escape);
	struct flag flag = {.span = line_span(p->line, raw)};
	const struct flag_info *info = NULL;
	struct str value;
	struct span span;
	int index;

	flag.has_value = str_cut(str_skip(text, 2), '=', &flag.name, &value);
	span = flag.span;
	if (value.n)
		span = parse_span(p, value, flag.span);
	index = instruction_find_flag(p->info, flag.name);
	if (index >= 0)
		info = &p->info->flags[index];
	if (info && info->expands && info->kind == FLAG_STRING)
		flag.value = parse_expanding(p, value, span);
	else
		flag.value = parse_plain(value, span);
	return flag;
}

/* The flags at the beginning of *rest. */
static struct flags read_flags(struct parse *p, struct str *rest)
{
	struct flag *v;
	struct str raw;

	p->flags.n = 0;
	p->raw_flags.n = 0;
	while (argument_flag(rest, p->reader->escape, &raw)) {
		*vec_push(&p->flags) = make_flag(p, raw);
		*vec_push(&p->raw_flags) = raw;
	}
	if (p->flags.n == 0)
		return (struct flags){0};
	v = arena_new_array(p->arena, p->flags.n, struct flag);
	memcpy(v, p->flags.v, p->flags.n * sizeof(*v));
	return (struct flags){v, p->flags.n};
}

/* BuildKit looks at no flags of ARG, STOPSIGNAL and HEALTHCHECK NONE. */
static void check_flags(struct parse *p, const struct instruction *in)
{
	struct str rest = p->args;
	struct str type = {0};
	uint32_t seen = 0;

	(void)argument_blank(&rest, &type);
	if (!p->info->checks_flags || (in->kind == INSTRUCTION_HEALTHCHECK &&
				       str_eq_nocase(type, STR("NONE"))))
		return;
	for (size_t i = 0; i < in->flags.n; i++)
		check_flag(p, &in->flags.v[i], p->raw_flags.v[i], &seen);
}

/* What of p->args may be JSON; HEALTHCHECK's command stands behind its type. */
static struct str json_part(const struct parse *p)
{
	struct str rest = p->args;
	struct str type;

	if (p->info->shape == ARGUMENTS_HEALTHCHECK) {
		(void)argument_blank(&rest, &type);
		rest = str_trim_space_left(rest);
	}
	return rest;
}

static void read_json(struct parse *p)
{
	struct str text = json_part(p);
	struct diag *diag;
	struct str mixed;

	p->json_result = JSON_OTHER;
	if (p->info->shape != ARGUMENTS_COMMAND &&
	    p->info->shape != ARGUMENTS_WORDS_OR_JSON &&
	    p->info->shape != ARGUMENTS_HEALTHCHECK)
		return;
	if (!str_starts(text, "["))
		return;
	p->json_result = json_parse_strings(p->arena, text, &p->json, &mixed);
	if (p->json_result != JSON_MIXED)
		return;
	diag = parse_report(p, "json-not-strings", mixed,
			    "the JSON form holds strings only");
	parse_hint(p, diag, "put it in double quotes: \"%.*s\"",
		   mixed.n > 40 ? 40 : (int)mixed.n, mixed.p);
}

static void dispatch(struct parse *p, struct instruction *in)
{
	switch (in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY: parse_copy(p, in); return;
	case INSTRUCTION_ARG: parse_arg(p, in); return;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT: parse_command(p, in); return;
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL: parse_env(p, in); return;
	case INSTRUCTION_EXPOSE: parse_expose(p, in); return;
	case INSTRUCTION_FROM: parse_from(p, in); return;
	case INSTRUCTION_HEALTHCHECK: parse_healthcheck(p, in); return;
	case INSTRUCTION_MAINTAINER: parse_maintainer(p, in); return;
	case INSTRUCTION_RUN: parse_run(p, in); return;
	case INSTRUCTION_SHELL: parse_shell(p, in); return;
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_WORKDIR: parse_one_word(p, in); return;
	case INSTRUCTION_VOLUME: parse_volume(p, in); return;
	case INSTRUCTION_ONBUILD:
	case INSTRUCTION_N: break;
	}
}

static void parse_onbuild(struct parse *p, struct instruction *in);

/*
 * The instruction that text, a part of p->line, is; *in is zeroed. False where
 * its keyword is unknown; p->failed tells of other mistakes.
 */
static bool parse_instruction(struct parse *p, struct str text,
			      struct instruction *in)
{
	struct str keyword = {0};
	struct str rest = str_trim_space(text);

	in->text = rest;
	in->doc = p->line->doc;
	(void)argument_blank(&rest, &keyword);
	p->info = instruction_find(keyword);
	if (!p->info) {
		report_unknown(p, keyword);
		return false;
	}
	in->kind = p->info->kind;
	in->keyword = line_span(p->line, keyword);
	in->span = (struct span){in->keyword.offset, p->line->span.end};
	in->flags = read_flags(p, &rest);
	p->args = str_trim_space(rest);
	if (in->flags.n)
		check_flags(p, in);
	if (in->kind == INSTRUCTION_ONBUILD) {
		parse_onbuild(p, in);
		return true;
	}
	read_json(p);
	p->heredocs = (struct heredocs){0};
	if (p->info->heredocs && p->json_result != JSON_STRINGS &&
	    !heredocs_read(p->reader, p->line, &p->heredocs))
		p->failed = true;
	if (p->heredocs.n) {
		const struct heredoc *last = &p->heredocs.v[p->heredocs.n - 1];
		struct position at = source_position(p->source, last->body.end);
		struct str line = source_line(p->source, at.line);

		in->span.end = last->body.end + (uint32_t)line.n;
	}
	if (p->json_result == JSON_MIXED)
		return true;
	dispatch(p, in);
	return true;
}

/* What the image's config records: heredocs with it, their names unquoted. */
static struct str trigger_text(struct parse *p)
{
	struct buf text = BUF_INIT(2 * (size_t)SOURCE_MAX_BYTES);
	struct str args = p->args;
	struct str copy;

	args.n = (size_t)(p->line->text.p + p->line->text.n - args.p);
	if (p->heredocs.n == 0)
		return args; /* blanks at its end stay, as in BuildKit */
	buf_add_str(&text, args);
	for (size_t i = 0; i < p->heredocs.n; i++) {
		buf_add_char(&text, '\n');
		buf_add_str(&text, p->heredocs.v[i].raw);
		buf_add_str(&text, p->heredocs.v[i].name);
	}
	copy = arena_str(p->arena, buf_str(&text));
	buf_release(&text);
	return copy;
}

/* True where the trigger's keyword is one that ONBUILD can't hold. */
static bool reject_trigger(struct parse *p)
{
	struct str rest = p->args;
	struct str keyword = {0};
	const struct instruction_info *info;

	(void)argument_blank(&rest, &keyword);
	info = instruction_find(keyword);
	if (!info || info->in_onbuild)
		return false;
	parse_report(p, "onbuild-not-allowed", keyword, "ONBUILD can't hold %s",
		     info->name);
	return true;
}

static void parse_onbuild(struct parse *p, struct instruction *in)
{
	struct instruction *trigger;
	struct str args = p->args;
	bool failed = p->failed;
	struct diag *diag;

	if (args.n == 0) {
		diag = parse_report(p, "missing-argument", args,
				    "ONBUILD needs an instruction");
		parse_hint(p, diag, "write ONBUILD RUN command");
		return;
	}
	if (reject_trigger(p))
		return;
	trigger = arena_new(p->arena, struct instruction);
	p->severity = DIAG_WARNING;
	p->failed = false;
	p->heredocs = (struct heredocs){0};
	if (parse_instruction(p, args, trigger) && !p->failed)
		in->onbuild.trigger = trigger;
	if (trigger->span.end)
		in->span.end = trigger->span.end;
	p->severity = DIAG_ERROR;
	p->failed = failed;
	p->args = args;
	in->onbuild.text = trigger_text(p);
}

enum {
	DIAGS_MAX = 1000, /* past that, the file is no Dockerfile */
	FIRST_CAP_MAX = 1 << 20,
};

/* The instructions read so far, in the arena. */
struct instructions {
	struct instruction *v;
	size_t n;
	size_t cap;
	VEC(struct span) mistaken;
};

/*
 * A zeroed place for the next one. There are at most as many as lines, and
 * what of a large allocation is never touched costs nothing.
 */
static struct instruction *push_instruction(struct parse *p,
					    struct instructions *list)
{
	if (list->n == list->cap) {
		struct instruction *old = list->v;
		size_t cap = p->source->n_lines;

		if (cap > FIRST_CAP_MAX)
			cap = FIRST_CAP_MAX;
		list->cap = list->cap ? list->cap * 2 : cap;
		list->v = arena_new_array(p->arena, list->cap,
					  struct instruction);
		if (list->n)
			memcpy(list->v, old, list->n * sizeof(*old));
	}
	return &list->v[list->n++];
}

static void drop_last(struct instructions *list)
{
	memset(&list->v[--list->n], 0, sizeof(*list->v));
}

static bool too_many_mistakes(const struct parse *p)
{
	return p->diags->n >= DIAGS_MAX;
}

/* A NUL byte means nothing in the language, and hides what follows it. */
static void check_nul(struct parse *p)
{
	ptrdiff_t at = str_find(p->source->text, '\0');
	struct diag *diag;

	if (at < 0)
		return;
	diag = diag_add(p->diags, "nul-byte", DIAG_ERROR,
			(struct span){(uint32_t)at, (uint32_t)at + 1},
			"NUL byte in the file");
	diag_hint(p->diags, diag,
		  "is the file saved as UTF-16? It must be UTF-8");
}

static void check_has_stage(struct parse *p, const struct dockerfile *df)
{
	uint32_t end = (uint32_t)p->source->text.n;
	struct diag *diag;

	if (df->n_stages > 0 || p->diags->n_errors > 0)
		return;
	if (df->n_instructions == 0)
		diag = diag_add(p->diags, "empty-file", DIAG_ERROR,
				(struct span){0, 0},
				"the file has no instructions");
	else
		diag = diag_add(p->diags, "no-stage", DIAG_ERROR,
				(struct span){end, end},
				"the file has no FROM");
	diag_hint(p->diags, diag, "begin with FROM image, or FROM scratch");
}

/* in stands before any FROM: only ARG may. */
static void check_before_from(struct parse *p, const struct instruction *in,
			      bool *reported)
{
	struct diag *diag;

	if (*reported || in->kind == INSTRUCTION_ARG)
		return;
	*reported = true;
	diag = diag_add(p->diags, "before-from", DIAG_ERROR, in->keyword,
			"%s stands before the first FROM",
			instruction_name(in->kind));
	diag_hint(p->diags, diag,
		  "only ARG, comments and directives may; begin with FROM");
}

static void read_all(struct parse *p, struct instructions *out)
{
	struct logical_line line;
	bool reported = false;
	bool from_seen = false;

	while (line_next(p->reader, &line) && !too_many_mistakes(p)) {
		struct instruction *in = push_instruction(p, out);

		p->line = &line;
		p->failed = false;
		if (!parse_instruction(p, line.text, in)) {
			drop_last(out);
			continue;
		}
		if (in->kind == INSTRUCTION_FROM) {
			from_seen = true;
			continue;
		}
		if (!from_seen)
			check_before_from(p, in, &reported);
		if (p->failed) {
			*vec_push(&out->mistaken) = in->span;
			drop_last(out);
		}
	}
}

static void make_stages(struct arena *a, struct dockerfile *df)
{
	size_t n = 0;
	struct stage *stages;
	struct stage *stage = NULL;

	for (size_t i = 0; i < df->n_instructions; i++)
		n += df->instructions[i].kind == INSTRUCTION_FROM;
	stages = arena_new_array(a, n, struct stage);
	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];

		if (in->kind == INSTRUCTION_FROM) {
			stage = &stages[df->n_stages];
			*stage = (struct stage){
				.from = in,
				.instructions = in + 1,
				.name = in->from.alias,
				.index = df->n_stages++,
			};
			if (stage->name.n == 0)
				stage->name =
					arena_printf(a, "%zu", stage->index);
		} else if (stage) {
			stage->n_instructions++;
		} else if (in->kind == INSTRUCTION_ARG &&
			   df->n_meta_args == i) {
			df->n_meta_args++;
		}
	}
	df->stages = stages;
}

static void *take(struct arena *a, const void *v, size_t n, size_t size)
{
	void *copy = arena_array(a, n, size);

	if (n)
		memcpy(copy, v, n * size);
	return copy;
}

const struct dockerfile *
dockerfile_parse(struct arena *a, const struct source *src, struct diags *d)
{
	struct dockerfile *df = arena_new(a, struct dockerfile);
	struct instructions found = {0};
	struct line_reader r;
	struct parse p;

	parser_init(&p, a, src, d, &r);
	d->n_max = DIAGS_MAX;
	check_nul(&p);
	read_all(&p, &found);
	d->n_max = 0;
	if (too_many_mistakes(&p))
		diag_add(d, "too-many-mistakes", DIAG_ERROR,
			 (struct span){r.at, r.at},
			 "too many mistakes; the rest of the file is not read");
	df->source = src;
	df->escape = r.escape;
	df->directives = take(a, r.directives.v, r.directives.n,
			      sizeof(*r.directives.v));
	df->n_directives = r.directives.n;
	df->comments =
		take(a, r.comments.v, r.comments.n, sizeof(*r.comments.v));
	df->n_comments = r.comments.n;
	df->instructions = found.v;
	df->n_instructions = found.n;
	df->mistaken = take(a, found.mistaken.v, found.mistaken.n,
			    sizeof(*found.mistaken.v));
	df->n_mistaken = found.mistaken.n;
	vec_release(&found.mistaken);
	make_stages(a, df);
	check_has_stage(&p, df);
	diags_sort(d);
	parser_release(&p);
	return df;
}

const struct instruction *dockerfile_parse_trigger(struct arena *a,
						   const struct source *src,
						   char escape, struct diags *d)
{
	struct instruction *in = arena_new(a, struct instruction);
	struct logical_line line;
	struct line_reader r;
	struct parse p;
	bool good = false;

	parser_init(&p, a, src, d, &r);
	r.escape = escape;
	r.directives_done = true;
	p.args = src->text;
	p.line = &line;
	if (!line_next(&r, &line)) {
		diag_add(d, "empty-trigger", DIAG_ERROR, (struct span){0, 0},
			 "the ONBUILD trigger is empty");
	} else {
		p.args = line.text;
		good = !reject_trigger(&p) &&
		       parse_instruction(&p, line.text, in) && !p.failed;
		if (good && line_next(&r, &line)) {
			good = false;
			parse_report(&p, "several-triggers", line.text,
				     "an ONBUILD trigger is one instruction");
		}
	}
	parser_release(&p);
	return good ? in : NULL;
}
