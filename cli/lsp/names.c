#include "cli/lsp/names.h"

#include "base/strmap.h"
#include "base/vec.h"
#include "parser/fields.h"
#include "parser/layout.h"
#include "parser/shell.h"

#include <stdlib.h>
#include <string.h>

enum {
	BASES_MAX = 100, /* longer chains of stages are not followed */
	VALUE_MAX_BYTES = 64 << 10,
	SOUGHT_MAX_BYTES = 4 << 10,
	VALUE_DEPTH_MAX = 64, /* of values that come from values */
};

enum value_state {
	VALUE_NOT_ASKED,
	VALUE_BEING_FOUND,
	VALUE_FOUND,
	VALUE_NONE
};

struct value {
	enum value_state state;
	struct str text;
};

struct lsp_names {
	struct arena *arena;
	const struct dockerfile *df;
	struct lsp_use *uses;
	struct value *values; /* of the uses that define a variable */
	size_t n;
	size_t *bases;	/* of stages: the one that it begins from */
	unsigned depth; /* of the value being found */
};

/* Making. A name's number is its place in a forest whose trees are names. */

struct maker {
	struct lsp_names *names;
	VEC(struct lsp_use) uses;
	VEC(size_t) parents;	 /* the first are the stages' */
	struct strmap variables; /* "STAGE NAME": its number + 1 */
	struct strmap stages;	 /* by alias: its index + 1 */
	const struct instruction *in;
	size_t stage;
	struct layout layout; /* of in, once it was asked for */
	bool has_layout;
};

static size_t root_of(struct maker *m, size_t name)
{
	while (m->parents.v[name] != name) {
		size_t up = m->parents.v[m->parents.v[name]];

		m->parents.v[name] = up;
		name = up;
	}
	return name;
}

static size_t new_name(struct maker *m)
{
	size_t name = m->parents.n;

	*vec_push(&m->parents) = name;
	return name;
}

static struct str variable_key(struct maker *m, size_t stage, struct str name)
{
	return arena_printf(m->names->arena, "%zd %.*s", (ssize_t)stage,
			    STR_ARG(name));
}

/* false where nothing has set it there. */
static bool find_in_stage(struct maker *m, size_t stage, struct str text,
			  size_t *name)
{
	size_t found =
		(size_t)strmap_get(&m->variables, variable_key(m, stage, text));

	*name = found - 1;
	return found > 0;
}

static bool find_variable(struct maker *m, size_t stage, struct str text,
			  size_t *name)
{
	for (unsigned i = 0; i < BASES_MAX; i++) {
		if (find_in_stage(m, stage, text, name))
			return true;
		if (stage == LSP_NO_STAGE)
			return false;
		stage = m->names->bases[stage];
		if (stage == LSP_NO_STAGE)
			return false;
	}
	return false;
}

static void set_variable(struct maker *m, size_t stage, struct str text,
			 size_t name)
{
	strmap_set(&m->variables, variable_key(m, stage, text),
		   (void *)(name + 1));
}

/* No stage's number: where all ARGs of one name meet. */
#define ALL_ARGS ((size_t)-2)

static size_t define_variable(struct maker *m, struct str text, bool is_arg)
{
	size_t name;
	size_t all;

	if (!find_variable(m, m->stage, text, &name))
		name = new_name(m);
	set_variable(m, m->stage, text, name);
	if (!is_arg)
		return name;
	if (find_in_stage(m, ALL_ARGS, text, &all))
		m->parents.v[root_of(m, name)] = root_of(m, all);
	else
		set_variable(m, ALL_ARGS, text, name);
	return name;
}

static struct lsp_use *push_use(struct maker *m, enum lsp_name_kind name_kind,
				enum lsp_use_kind kind, size_t name,
				struct span span)
{
	struct lsp_use *use = vec_push(&m->uses);

	*use = (struct lsp_use){.name_kind = name_kind,
				.kind = kind,
				.name = name,
				.text = source_text(m->names->df->source, span),
				.span = span,
				.stage = m->stage,
				.in = m->in};
	return use;
}

static void use_variable(struct maker *m, enum lsp_use_kind kind, size_t scope,
			 struct span span)
{
	struct str text = source_text(m->names->df->source, span);
	size_t name;

	if (find_variable(m, scope, text, &name))
		(void)push_use(m, LSP_VARIABLE, kind, name, span);
}

/* Words. */

static const struct layout *layout_of(struct maker *m)
{
	if (!m->has_layout)
		layout_make(m->names->arena, m->names->df, m->in, &m->layout);
	m->has_layout = true;
	return &m->layout;
}

/* At the beginning, or the only place of needle in text from..end. */
static bool find_once(struct str text, size_t from, size_t end,
		      struct str needle, size_t *at)
{
	unsigned n = 0;

	*at = from;
	if (str_eq(str_sub(text, from, from + needle.n), needle))
		return true;
	if (end - from > SOUGHT_MAX_BYTES)
		return false;
	for (size_t i = from; i + needle.n <= end && n < 2; i++)
		if (str_eq(str_sub(text, i, i + needle.n), needle)) {
			*at = i;
			n++;
		}
	return n == 1;
}

/*
 * Where part of word stands in the source; false where that can't be told: a
 * string of JSON with escapes, one of two alike in a flag with quotes.
 */
static bool find_part(struct maker *m, const struct word *word,
		      struct span part, struct span *out)
{
	const struct source *source = m->names->df->source;
	const struct layout *l;
	size_t at;

	if (str_eq(source_text(source, word->span), word->text)) {
		*out = (struct span){word->span.offset + part.offset,
				     word->span.offset + part.end};
		return true;
	}
	l = layout_of(m);
	if (!find_once(l->text, layout_offset(l, word->span.offset),
		       layout_offset(l, word->span.end), word->text, &at))
		return false;
	*out = (struct span){layout_source_offset(l, at + part.offset),
			     layout_source_offset(l, at + part.end - 1) + 1};
	return true;
}

static void use_word(struct maker *m, size_t scope, const struct word *word)
{
	struct word_places places;
	struct span span;

	if (!word->template || word_names(word->template).n == 0)
		return;
	places = word_places(m->names->arena, word->text, m->names->df->escape);
	for (size_t i = 0; i < places.n; i++)
		if (find_part(m, word, places.v[i], &span))
			use_variable(m, LSP_READS, scope, span);
}

/* COPY's inline files. */
static void use_heredoc(struct maker *m, const struct heredoc *h)
{
	struct word_places places;

	if (!h->template || word_names(h->template).n == 0)
		return;
	places = word_places_in_content(m->names->arena, h->raw);
	for (size_t i = 0; i < places.n; i++)
		use_variable(m, LSP_READS, m->stage,
			     (struct span){h->body.offset + places.v[i].offset,
					   h->body.offset + places.v[i].end});
}

static bool is_declaration(const struct shell_command *c)
{
	static const char *const names[] = {"export",  "readonly", "declare",
					    "typeset", "local",	   "unset"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (str_eq_c(c->words[0].text, names[i]))
			return true;
	return false;
}

/* export NAME, export NAME=value */
static void use_declared(struct maker *m, const struct shell_text *text,
			 const struct shell_command *c)
{
	for (size_t i = 1; i < c->n_words; i++) {
		struct span span = c->words[i].span;
		struct str name;
		struct str value;

		(void)str_cut(str_sub(text->text, span.offset, span.end), '=',
			      &name, &value);
		span.end = span.offset + (uint32_t)name.n;
		if (name.n)
			use_variable(m, LSP_SETS, m->stage,
				     shell_text_span(text, span));
	}
}

static void use_script(struct maker *m, const struct command *command)
{
	struct shell_script script;
	struct shell_text text;

	if (command->exec_form || command->n_args == 0)
		return;
	shell_text_of_command(m->names->arena, m->names->df, command, &text);
	if (text.n_segments == 0)
		return;
	shell_parse(m->names->arena, text.text, &script);
	for (size_t i = 0; i < script.n_reads; i++)
		use_variable(m, LSP_READS, m->stage,
			     shell_text_span(&text, script.reads[i]));
	for (size_t i = 0; i < script.n_assigns; i++)
		use_variable(m, LSP_SETS, m->stage,
			     shell_text_span(&text, script.assigns[i]));
	for (size_t i = 0; i < script.n_commands; i++)
		if (is_declaration(&script.commands[i]))
			use_declared(m, &text, &script.commands[i]);
}

/* The walk over an instruction's words. */

static void see_word(void *ctx, const char *name, const struct word *word)
{
	(void)name;
	use_word(ctx, ((struct maker *)ctx)->stage, word);
}

static void see_string(void *ctx, const char *name, struct str value)
{
	(void)ctx;
	(void)name;
	(void)value;
}

static void see_number(void *ctx, const char *name, int64_t value)
{
	(void)ctx;
	(void)name;
	(void)value;
}

static void see_boolean(void *ctx, const char *name, bool value)
{
	(void)ctx;
	(void)name;
	(void)value;
}

static void open_any(void *ctx, const char *name)
{
	(void)ctx;
	(void)name;
}

static void close_any(void *ctx)
{
	(void)ctx;
}

static void use_words(struct maker *m)
{
	const struct field_sink sink = {
		.ctx = m,
		.string = see_string,
		.number = see_number,
		.boolean = see_boolean,
		.word = see_word,
		.open_list = open_any,
		.close_list = close_any,
		.open_object = open_any,
		.close_object = close_any,
	};

	fields_walk(&sink, m->in);
}

/* Stages. */

static size_t stage_index(struct maker *m, struct str text, bool numbers,
			  enum lsp_use_kind *kind)
{
	char *low = arena_c(m->names->arena, text);
	size_t found;
	uint64_t index;

	for (char *p = low; *p; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p |= 0x20;
	found = text.n ? (size_t)strmap_get(&m->stages, str_from(low)) : 0;
	*kind = LSP_READS;
	if (found)
		return found - 1;
	*kind = LSP_NUMBERS;
	if (numbers && m->stage != LSP_NO_STAGE && m->stage > 0 &&
	    str_to_u64(text, m->stage - 1, &index))
		return (size_t)index;
	return LSP_NO_STAGE;
}

static size_t use_stage(struct maker *m, const struct word *word, bool numbers)
{
	enum lsp_use_kind kind;
	size_t stage = stage_index(m, word->text, numbers, &kind);
	struct span span;

	if (stage != LSP_NO_STAGE &&
	    find_part(m, word, (struct span){0, (uint32_t)word->text.n}, &span))
		(void)push_use(m, LSP_STAGE, kind, stage, span);
	return stage;
}

static void see_from(struct maker *m)
{
	const struct from *from = &m->in->from;
	size_t base = use_stage(m, &from->base, false);

	m->names->bases[m->stage] = base;
	use_word(m, LSP_NO_STAGE, &from->base);
	use_word(m, LSP_NO_STAGE, &from->platform);
	(void)push_use(m, LSP_STAGE, LSP_DEFINES, m->stage,
		       from->alias.n ? from->alias_span : m->in->keyword);
	if (from->alias.n)
		strmap_set(&m->stages, from->alias, (void *)(m->stage + 1));
}

/* Instructions. */

/* ARG's come one after the other, ENV's all at once. */
static void see_pairs(struct maker *m)
{
	const struct pairs *pairs = &m->in->pairs;
	bool is_arg = m->in->kind == INSTRUCTION_ARG;
	struct span span;

	for (size_t i = 0; !is_arg && i < pairs->n; i++)
		use_word(m, m->stage, &pairs->v[i].value);
	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->v[i];
		struct span key = {0, (uint32_t)pair->key.text.n};

		if (is_arg)
			use_word(m, m->stage, &pair->value);
		if (pair->key.text.n && find_part(m, &pair->key, key, &span))
			push_use(m, LSP_VARIABLE, LSP_DEFINES,
				 define_variable(m, pair->key.text, is_arg),
				 span)
				->pair = pair;
	}
}

static void see_run(struct maker *m)
{
	const struct run *run = &m->in->run;

	use_words(m);
	for (size_t i = 0; i < run->n_mounts; i++)
		if (run->mounts[i].from.text.n)
			(void)use_stage(m, &run->mounts[i].from, true);
	use_script(m, &run->command);
}

static void see_copy(struct maker *m)
{
	const struct copy *copy = &m->in->copy;

	use_words(m);
	if (copy->from.text.n)
		(void)use_stage(m, &copy->from, true);
	for (size_t i = 0; i < copy->heredocs.n; i++)
		use_heredoc(m, &copy->heredocs.v[i]);
}

static void see_instruction(struct maker *m)
{
	switch (m->in->kind) {
	case INSTRUCTION_FROM: see_from(m); break;
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV: see_pairs(m); break;
	case INSTRUCTION_RUN: see_run(m); break;
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY: see_copy(m); break;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT: use_script(m, &m->in->command); break;
	case INSTRUCTION_HEALTHCHECK:
		if (!m->in->healthcheck.none)
			use_script(m, &m->in->healthcheck.command);
		break;
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_LABEL:
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_VOLUME:
	case INSTRUCTION_WORKDIR: use_words(m); break;
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_ONBUILD: /* the words of a build to come */
	case INSTRUCTION_SHELL:
	case INSTRUCTION_N: break;
	}
}

static int by_place(const void *a, const void *b)
{
	const struct lsp_use *x = a;
	const struct lsp_use *y = b;

	if (x->span.offset != y->span.offset)
		return x->span.offset < y->span.offset ? -1 : 1;
	return 0;
}

static void take_uses(struct maker *m)
{
	struct lsp_names *names = m->names;

	names->n = m->uses.n;
	names->uses = arena_new_array(names->arena, names->n, struct lsp_use);
	names->values = arena_new_array(names->arena, names->n, struct value);
	for (size_t i = 0; i < names->n; i++) {
		names->uses[i] = m->uses.v[i];
		names->uses[i].name = root_of(m, names->uses[i].name);
	}
	if (names->n)
		qsort(names->uses, names->n, sizeof(*names->uses), by_place);
}

struct lsp_names *lsp_names_make(struct arena *a, const struct dockerfile *df)
{
	struct lsp_names *names = arena_new(a, struct lsp_names);
	struct maker m = {.names = names, .stage = LSP_NO_STAGE};

	names->arena = a;
	names->df = df;
	names->bases = arena_new_array(a, df->n_stages, size_t);
	for (size_t i = 0; i < df->n_stages; i++)
		(void)new_name(&m);
	for (size_t i = 0; i < df->n_instructions; i++) {
		m.in = &df->instructions[i];
		m.has_layout = false;
		if (m.in->kind == INSTRUCTION_FROM)
			m.stage++;
		see_instruction(&m);
	}
	take_uses(&m);
	vec_release(&m.uses);
	vec_release(&m.parents);
	strmap_release(&m.variables);
	strmap_release(&m.stages);
	return names;
}

/* Asking. */

const struct lsp_use *lsp_names_all(const struct lsp_names *names, size_t *n)
{
	*n = names->n;
	return names->uses;
}

/* How many uses begin at offset or before it. */
static size_t n_until(const struct lsp_names *names, uint32_t offset)
{
	size_t low = 0;
	size_t high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->uses[middle].span.offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct lsp_use *lsp_names_at(const struct lsp_names *names,
				   uint32_t offset)
{
	size_t n = n_until(names, offset);

	if (n == 0 || names->uses[n - 1].span.end < offset)
		return NULL;
	return &names->uses[n - 1];
}

size_t lsp_names_stage(const struct lsp_names *names, uint32_t offset)
{
	size_t low = 0;
	size_t high = names->df->n_stages;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (names->df->stages[middle].from->span.offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? low - 1 : LSP_NO_STAGE;
}

/* What is read in FROM is what was set before the first one. */
static size_t scope_at(const struct lsp_names *names, uint32_t offset)
{
	size_t stage = lsp_names_stage(names, offset);

	if (stage != LSP_NO_STAGE &&
	    offset <= names->df->stages[stage].from->span.end)
		return LSP_NO_STAGE;
	return stage;
}

static bool is_in_chain(const struct lsp_names *names, size_t stage, size_t of)
{
	for (unsigned i = 0; stage != LSP_NO_STAGE && i < BASES_MAX; i++) {
		if (stage == of)
			return true;
		stage = names->bases[stage];
	}
	return stage == of && of == LSP_NO_STAGE;
}

bool lsp_names_holds(const struct lsp_names *names, const struct lsp_use *def,
		     uint32_t offset)
{
	size_t scope = scope_at(names, offset);

	if (def->name_kind != LSP_VARIABLE || def->kind != LSP_DEFINES ||
	    def->span.offset > offset)
		return false;
	if (def->stage == LSP_NO_STAGE || scope == LSP_NO_STAGE)
		return def->stage == scope;
	return is_in_chain(names, scope, def->stage);
}

const struct lsp_use *lsp_names_variable(const struct lsp_names *names,
					 struct str name, uint32_t offset)
{
	for (size_t i = n_until(names, offset); i > 0; i--)
		if (str_eq(names->uses[i - 1].text, name) &&
		    lsp_names_holds(names, &names->uses[i - 1], offset))
			return &names->uses[i - 1];
	return NULL;
}

static const struct lsp_use *first_definition(const struct lsp_names *names,
					      const struct lsp_use *use)
{
	for (size_t i = 0; i < names->n; i++)
		if (names->uses[i].name == use->name &&
		    names->uses[i].kind == LSP_DEFINES &&
		    names->uses[i].name_kind == use->name_kind)
			return &names->uses[i];
	return NULL;
}

const struct lsp_use *lsp_names_definition(const struct lsp_names *names,
					   const struct lsp_use *use)
{
	const struct lsp_use *found = NULL;

	if (use->name_kind == LSP_STAGE)
		return first_definition(names, use);
	if (use->kind != LSP_DEFINES)
		found = lsp_names_variable(names, use->text, use->span.offset);
	else if (use->pair->has_value)
		return use;
	return found ? found : first_definition(names, use);
}

/* Values. */

struct evaluation {
	struct lsp_names *names;
	uint32_t offset; /* where the word stands */
	bool unknown;
};

static bool get_variable(void *ctx, struct str name, struct str *value)
{
	struct evaluation *eval = ctx;
	const struct lsp_use *def =
		eval->offset ? lsp_names_variable(eval->names, name,
						  eval->offset - 1)
			     : NULL;

	if (def && lsp_names_value(eval->names, def, value))
		return true;
	eval->unknown = true;
	return false;
}

static bool find_value(struct lsp_names *names, const struct lsp_use *def,
		       struct str *value)
{
	struct evaluation eval = {names, def->in->span.offset, false};
	const struct word_env env = {get_variable, &eval};
	const struct lsp_use *other;
	struct err e;

	if (!def->pair->has_value) {
		other = first_definition(names, def);
		return other && other != def && other->stage == LSP_NO_STAGE &&
		       lsp_names_value(names, other, value);
	}
	*value = def->pair->value.text;
	if (!def->pair->value.template)
		return true;
	return word_expand(names->arena, def->pair->value.template, &env, NULL,
			   value, &e) == 0 &&
	       !eval.unknown && value->n <= VALUE_MAX_BYTES;
}

bool lsp_names_value(struct lsp_names *names, const struct lsp_use *def,
		     struct str *value)
{
	struct value *known = &names->values[def - names->uses];

	if (known->state == VALUE_NOT_ASKED && names->depth < VALUE_DEPTH_MAX) {
		known->state = VALUE_BEING_FOUND;
		names->depth++;
		known->state = find_value(names, def, &known->text)
				       ? VALUE_FOUND
				       : VALUE_NONE;
		names->depth--;
	}
	*value = known->text;
	return known->state == VALUE_FOUND;
}
