/* Fixes of how an instruction is written. */
#include "lint/fixing.h"

#include "parser/layout.h"

#include <ctype.h>
#include <string.h>

static struct arena *arena(const struct fixing *f)
{
	return f->lint->arena;
}

static struct str text_at(const struct fixing *f, struct span span)
{
	return source_text(f->lint->df->source, span);
}

static struct str in_case(const struct fixing *f, struct str s, bool lower)
{
	char *copy = arena_c(arena(f), s);

	for (size_t i = 0; i < s.n; i++)
		copy[i] = (char)(lower ? tolower((unsigned char)copy[i])
				       : toupper((unsigned char)copy[i]));
	return (struct str){copy, s.n};
}

static bool is_lower(struct str s)
{
	return s.n && islower((unsigned char)s.p[0]);
}

void fix_casing(struct fixing *f)
{
	fixing_replace(f, f->diag->span,
		       in_case(f, text_at(f, f->diag->span), f->lower));
}

static bool is_kind(const struct fixing *f, enum instruction_kind kind)
{
	return f->item && f->item->in->kind == kind;
}

static bool is_gap(struct str s, char escape)
{
	for (size_t i = 0; i < s.n; i++)
		if (!isspace((unsigned char)s.p[i]) && s.p[i] != escape)
			return false;
	return true;
}

/* Between the image and the stage's name stands AS, and nothing that counts. */
void fix_as_casing(struct fixing *f)
{
	const struct from *from = &f->item->in->from;
	struct str gap;
	struct str as;
	struct span span;

	if (!is_kind(f, INSTRUCTION_FROM) || from->as_text.n != 2)
		return;
	span = (struct span){from->base.span.end, from->alias_span.offset};
	gap = text_at(f, span);
	as = str_trim(gap);
	as = str_skip(as, as.n < 2 ? 0 : as.n - 2);
	span.offset += (uint32_t)(as.p - gap.p);
	span.end = span.offset + 2;
	if (str_eq(as, from->as_text) &&
	    is_gap(str_sub(gap, 0, (size_t)(as.p - gap.p)),
		   f->lint->df->escape))
		fixing_replace(
			f, span,
			in_case(f, as,
				is_lower(text_at(f, f->item->in->keyword))));
}

static void rename_use(struct fixing *f, const struct word *use)
{
	const struct from *from = &f->item->in->from;

	if (str_eq_nocase(use->text, from->alias) &&
	    str_eq(text_at(f, use->span), use->text))
		fixing_replace(f, use->span, from->alias);
}

/* COPY --from finds a stage in any case, FROM does not: there it is mended. */
void fix_stage_casing(struct fixing *f)
{
	const struct lint_item *end = f->lint->items + f->lint->n_items;

	if (!is_kind(f, INSTRUCTION_FROM))
		return;
	fixing_replace(f, f->item->in->from.alias_span,
		       f->item->in->from.alias);
	for (const struct lint_item *i = f->item + 1; i < end; i++) {
		const struct instruction *in = i->in;

		if (i->onbuild)
			continue;
		if (in->kind == INSTRUCTION_FROM)
			rename_use(f, &in->from.base);
		if (in->kind == INSTRUCTION_COPY)
			rename_use(f, &in->copy.from);
		for (size_t k = 0;
		     in->kind == INSTRUCTION_RUN && k < in->run.n_mounts; k++)
			rename_use(f, &in->run.mounts[k].from);
	}
}

/* The flag goes, and the blanks behind it. */
void fix_platform(struct fixing *f)
{
	struct str text = f->lint->df->source->text;

	if (!is_kind(f, INSTRUCTION_FROM))
		return;
	for (size_t i = 0; i < f->item->in->flags.n; i++) {
		const struct flag *flag = &f->item->in->flags.v[i];
		struct span span = flag->span;

		if (!str_eq_c(flag->name, "platform"))
			continue;
		while (span.end < text.n && isblank(text.p[span.end]))
			span.end++;
		fixing_replace(f, span, (struct str){0});
	}
}

/* key=value. */

static bool expand_as(void *ctx, struct str name, struct str *value)
{
	const struct str *all = ctx;

	(void)name;
	*value = *all;
	return all->n > 0;
}

/* What a and b expand to is the same, for variables of any value. */
static bool words_are_same(struct arena *a, const struct word *x,
			   const struct word *y)
{
	static const char *const values[] = {"", "v", "\"v \\'$w"};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct str value = str_from(values[i]);
		struct word_env env = {expand_as, &value};
		struct str p;
		struct str q;
		struct err e;

		if (!x->template || !y->template ||
		    word_expand(a, x->template, &env, NULL, &p, &e) < 0 ||
		    word_expand(a, y->template, &env, NULL, &q, &e) < 0 ||
		    !str_eq(p, q))
			return false;
	}
	return true;
}

/* text as an instruction with one pair in it; NULL for anything else. */
static const struct pair *parse_pair(const struct fixing *f, struct str text)
{
	struct arena *a = arena(f);
	struct source *source = arena_new(a, struct source);
	const struct instruction *in;
	struct diags ignored;

	source_init(source, a, STR("fix"), text);
	diags_init(&ignored, a);
	in = dockerfile_parse_trigger(a, source, f->lint->df->escape, &ignored);
	diags_release(&ignored);
	if (!in ||
	    (in->kind != INSTRUCTION_ENV && in->kind != INSTRUCTION_LABEL) ||
	    in->pairs.n != 1 || in->pairs.legacy)
		return NULL;
	return &in->pairs.v[0];
}

/* KEYWORD key=<quote>value<quote> is what pair is. */
static bool is_good_form(const struct fixing *f, const struct pair *pair,
			 const char *quote)
{
	const struct pair *made =
		parse_pair(f, arena_printf(arena(f), "ENV %.*s=%s%.*s%s",
					   STR_ARG(pair->key.text), quote,
					   STR_ARG(pair->value.text), quote));

	return made && words_are_same(arena(f), &made->key, &pair->key) &&
	       words_are_same(arena(f), &made->value, &pair->value);
}

void fix_legacy_pair(struct fixing *f)
{
	static const char *const quotes[] = {"", "\""};
	const struct pair *pair;
	struct span gap;

	if (!f->item || f->item->onbuild || f->item->in->pairs.n != 1)
		return;
	pair = &f->item->in->pairs.v[0];
	gap = (struct span){pair->key.span.end, pair->value.span.offset};
	if (str_find(text_at(f, gap), '#') >= 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(quotes); i++) {
		/* quotes within quotes would be right, and a riddle */
		if ((*quotes[i] && str_find(pair->value.text, '"') >= 0) ||
		    !is_good_form(f, pair, quotes[i]))
			continue;
		fixing_replace(f, gap,
			       arena_printf(arena(f), "=%s", quotes[i]));
		if (*quotes[i])
			fixing_insert(f, pair->value.span.end,
				      str_from(quotes[i]));
		return;
	}
}

/* s in double quotes, so that it expands to itself. */
static struct str quoted(const struct fixing *f, struct str s)
{
	char escape = f->lint->df->escape;
	char *to = arena_alloc(arena(f), 2 * s.n + 3);
	size_t n = 0;

	to[n++] = '"';
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '$' || s.p[i] == escape)
			to[n++] = escape;
		to[n++] = s.p[i];
	}
	to[n++] = '"';
	return (struct str){to, n};
}

/* Quotes around the whole name were meant as quotes. */
void fix_maintainer(struct fixing *f)
{
	const struct instruction *in = f->item ? f->item->in : NULL;
	struct str name;
	struct str label;
	const struct pair *pair;
	struct str found;
	struct err e;

	if (!is_kind(f, INSTRUCTION_MAINTAINER) || f->item->onbuild ||
	    memchr(text_at(f, in->span).p, '\n',
		   in->span.end - in->span.offset))
		return;
	name = lint_unquote(in->maintainer);
	label = arena_printf(
		arena(f), "%s org.opencontainers.image.authors=%.*s",
		is_lower(text_at(f, in->keyword)) ? "label" : "LABEL",
		STR_ARG(quoted(f, name)));
	pair = parse_pair(f, label);
	if (pair &&
	    word_expand(arena(f), pair->value.template, NULL, NULL, &found,
			&e) == 0 &&
	    str_eq(found, name))
		fixing_replace(f, in->span, label);
}

/* JSON form. */

/* Commands that only a shell has. */
static const char shell_only[] =
	". : alias bg break case cd command continue declare eval exec exit "
	"export fc fg for function getopts hash if jobs let local read "
	"readonly "
	"return select set shift shopt source time times trap type typeset "
	"ulimit umask unalias unset until wait while";

static bool is_plain_char(char c)
{
	return isalnum((unsigned char)c) || (c && strchr("_./:=@%+,-", c));
}

/* A word that the shell passes on as it stands, into *word; *rest behind it. */
static bool take_plain_word(struct str *rest, struct str *word)
{
	struct str s = str_trim(*rest);
	size_t n = 0;

	if (s.n && (s.p[0] == '"' || s.p[0] == '\'')) {
		ptrdiff_t end = str_find(str_skip(s, 1), s.p[0]);

		if (end < 0)
			return false;
		*word = str_sub(s, 1, (size_t)end + 1);
		n = (size_t)end + 2;
		for (size_t i = 0; i < word->n; i++)
			if ((unsigned char)word->p[i] < ' ' ||
			    strchr("\\$`\"'", word->p[i]))
				return false;
	} else {
		while (n < s.n && is_plain_char(s.p[n]))
			n++;
		*word = str_sub(s, 0, n);
	}
	*rest = str_skip(s, n);
	return n > 0 && (rest->n == 0 || isblank(rest->p[0]));
}

/* The stage, or one that it begins from, has an instruction of that kind. */
static bool chain_has(const struct lint *l, size_t stage,
		      enum instruction_kind kind)
{
	enum { CHAIN_MAX = 100 };

	for (unsigned n = 0; stage != NO_STAGE; n++) {
		const struct lint_stage *s = &l->stages[stage];

		if (n == CHAIN_MAX)
			return true;
		for (size_t i = s->first; i < s->end; i++)
			if (l->items[i].in->kind == kind)
				return true;
		stage = s->base;
	}
	return false;
}

static bool is_windows(const struct lint *l, size_t stage)
{
	struct str base = l->stages[stage].stage->from->from.base.text;

	return l->df->escape != '\\' || str_has(base, "windows") ||
	       str_has(base, "nanoserver") || str_has(base, "servercore");
}

/*
 * What ENTRYPOINT's JSON form does is to take CMD's words as arguments, and
 * CMD's is to be them, so either is left alone where the other is.
 */
static bool form_matters(const struct fixing *f)
{
	enum instruction_kind other = f->item->in->kind == INSTRUCTION_CMD
					      ? INSTRUCTION_ENTRYPOINT
					      : INSTRUCTION_CMD;
	size_t stage = f->item->stage;

	return f->item->onbuild || stage == NO_STAGE ||
	       is_windows(f->lint, stage) || chain_has(f->lint, stage, other) ||
	       chain_has(f->lint, stage, INSTRUCTION_SHELL);
}

static bool add_json_words(struct buf *out, struct str rest)
{
	struct str word;

	for (size_t i = 0; rest.n; i++) {
		if (!take_plain_word(&rest, &word) ||
		    (i == 0 && (word.n == 0 || name_in(word, shell_only) ||
				str_find(word, '=') >= 0)))
			return false;
		buf_add_c(out, i ? ", " : "[");
		buf_add_json_string(out, word);
		rest = str_trim(rest);
	}
	buf_add_char(out, ']');
	return true;
}

void fix_json_form(struct fixing *f)
{
	SCOPED_BUF struct buf json = BUF_INIT(SOURCE_MAX_BYTES);
	const struct command *command;

	if ((!is_kind(f, INSTRUCTION_CMD) &&
	     !is_kind(f, INSTRUCTION_ENTRYPOINT)) ||
	    form_matters(f))
		return;
	command = &f->item->in->command;
	if (command->exec_form || command->n_args != 1 ||
	    command->args[0].n == 0 ||
	    !str_eq(text_at(f, command->span), command->args[0]))
		return;
	if (add_json_words(&json, command->args[0]))
		fixing_replace(f, command->span,
			       arena_str(arena(f), buf_str(&json)));
}

/* ADD and COPY. */

/* Files that are no archives in disguise, by how their names end. */
static const char text_suffixes[] =
	"bash c cc cfg cnf conf cpp crt css csproj env go gradle h hs html ini "
	"java js json jsx key list lock lua md mod php pem pl properties ps1 "
	"py "
	"rb repo rs scss service sh sln sql sum template toml ts tsx txt vue "
	"xml yaml yml";

static bool is_text_name(struct str name)
{
	ptrdiff_t dot = str_rfind(name, '.');

	return dot > 0 && str_find(name, '*') < 0 && str_find(name, '?') < 0 &&
	       str_find(name, '[') < 0 &&
	       name_in(str_skip(name, (size_t)dot + 1), text_suffixes);
}

static bool is_folder(struct str name)
{
	return str_eq_c(name, ".") || str_eq_c(name, "..") ||
	       str_ends(name, "/") || str_ends(name, "/.");
}

/* ADD looks into files for archives; only what can be none is left to COPY. */
void fix_add(struct fixing *f)
{
	const struct copy *copy = &f->item->in->copy;

	if (!is_kind(f, INSTRUCTION_ADD) || f->item->onbuild ||
	    copy->checksum.text.n || copy->keep_git_dir || copy->has_unpack)
		return;
	for (size_t i = 0; i < copy->sources.n; i++) {
		struct str name = lint_plain(&copy->sources.v[i]);

		if (lint_has_variable(&copy->sources.v[i]) ||
		    str_find(name, ':') >= 0 ||
		    !(is_folder(name) || is_text_name(name)))
			return;
	}
	fixing_replace(f, f->item->in->keyword,
		       is_lower(text_at(f, f->item->in->keyword))
			       ? STR("copy")
			       : STR("COPY"));
}

void fix_copy_target(struct fixing *f)
{
	const struct word *dest = &f->item->in->copy.dest;

	if (is_kind(f, INSTRUCTION_COPY) && !f->item->onbuild &&
	    !f->item->in->copy.json_form && dest->text.n &&
	    (is_plain_char(dest->text.p[dest->text.n - 1]) ||
	     dest->text.p[dest->text.n - 1] == '}'))
		fixing_insert(f, dest->span.end, STR("/"));
}

/* EXPOSE. */

static bool has_quotes(struct str s)
{
	return str_find(s, '"') >= 0 || str_find(s, '\'') >= 0 ||
	       str_find(s, '\\') >= 0 || str_find(s, '`') >= 0 ||
	       str_find(s, '\n') >= 0;
}

void fix_expose_casing(struct fixing *f)
{
	struct str word = text_at(f, f->diag->span);
	ptrdiff_t slash = str_find(word, '/');
	struct span protocol = f->diag->span;

	if (!is_kind(f, INSTRUCTION_EXPOSE) || f->item->onbuild || slash < 0 ||
	    has_quotes(word))
		return;
	protocol.offset += (uint32_t)slash + 1;
	fixing_replace(f, protocol, in_case(f, text_at(f, protocol), true));
}

void fix_expose_format(struct fixing *f)
{
	struct str word = text_at(f, f->diag->span);
	ptrdiff_t colon = str_rfind(word, ':');
	struct span host = f->diag->span;

	if (!is_kind(f, INSTRUCTION_EXPOSE) || f->item->onbuild || colon < 0 ||
	    (size_t)colon + 1 == word.n || has_quotes(word))
		return;
	host.end = host.offset + (uint32_t)colon + 1;
	fixing_replace(f, host, (struct str){0});
}

/* All of the instruction's: it is reported once. */
void fix_empty_lines(struct fixing *f)
{
	const struct source *source = f->lint->df->source;
	struct layout layout;

	if (!f->item)
		return;
	layout_make(arena(f), f->lint->df, f->item->in, &layout);
	for (size_t i = 0; i < layout.n_lines; i++) {
		struct span span = layout.lines[i].span;

		if (layout.lines[i].kind != LAYOUT_EMPTY)
			continue;
		while (span.end < source->text.n &&
		       source->text.p[span.end] == '\r')
			span.end++;
		if (span.end < source->text.n)
			span.end++;
		if (span.end > span.offset)
			fixing_replace(f, span, (struct str){0});
	}
}
