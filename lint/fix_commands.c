/* Fixes of commands in RUN. */
#include "lint/fixing.h"

#include "parser/layout.h"

#include <ctype.h>

/* The script of the RUN, where its places in the file are known. */
static const struct lint_run *run_of(const struct fixing *f)
{
	const struct lint_run *run = f->item ? f->item->run : NULL;

	return run && run->text.n_segments ? run : NULL;
}

/* The command that the finding is about. */
static const struct shell_command *command_of(const struct fixing *f)
{
	const struct lint_run *run = run_of(f);

	for (size_t i = 0; run && i < run->script.n_commands; i++) {
		const struct shell_command *c = &run->script.commands[i];

		if (shell_text_span(&run->text, c->span).offset ==
		    f->diag->span.offset)
			return c;
	}
	return NULL;
}

/* Where word stands in the file; false where it is written in other words. */
static bool find_word(const struct fixing *f, const struct shell_word *word,
		      struct span *out)
{
	*out = shell_text_span(&f->item->run->text, word->span);
	return word->constant &&
	       str_eq(source_text(f->lint->df->source, *out), word->text);
}

/* Behind the subcommand, and behind short options that stand there already. */
void fix_add_option(struct fixing *f)
{
	const struct shell_command *c = command_of(f);
	struct span span;
	size_t i = 0;

	if (!c)
		return;
	while (i < c->n_words && !name_in(c->words[i].text, f->rule->words))
		i++;
	if (i == c->n_words)
		return;
	while (i + 1 < c->n_words &&
	       name_in(c->words[i + 1].text,
		       "-y -yq -qy -qq -yqq -qqy --yes --assume-yes "
		       "--no-install-recommends"))
		i++;
	if (find_word(f, &c->words[i], &span))
		fixing_insert(f, span.end, str_from(f->rule->text));
}

/* apt's commands that apt-get, or apt-cache, has by the same name. */
static const char apt_get[] =
	"install remove purge update upgrade autoremove clean autoclean "
	"build-dep source download changelog";
static const char apt_cache[] = "search show showsrc policy depends rdepends";

void fix_apt(struct fixing *f)
{
	const struct shell_command *c = command_of(f);
	struct span span;

	if (!c || !command_is(c, "apt") || !find_word(f, &c->words[0], &span))
		return;
	for (size_t i = 1; i < c->n_words; i++) {
		struct str word = c->words[i].text;

		if (str_starts(word, "-"))
			continue;
		if (name_in(word, apt_get))
			fixing_replace(f, span, STR("apt-get"));
		else if (name_in(word, apt_cache))
			fixing_replace(f, span, STR("apt-cache"));
		return;
	}
}

/* A command at the end of a RUN. */

static bool ends_with_and(struct str s)
{
	return str_ends(str_trim(s), "&&");
}

static struct str indent_of(struct str line)
{
	size_t n = 0;

	while (n < line.n && isblank((unsigned char)line.p[n]))
		n++;
	return str_sub(line, 0, n);
}

/* How the lines of a script go on. */
struct joints {
	struct str
		indent; /* of the last line, or the last that begins with && */
	bool leading;	/* && stands at the beginning of lines */
	bool trailing;	/* ... or at the end of the last but one */
	bool crlf;
	size_t n_lines;
};

static struct joints joints_of(const struct fixing *f)
{
	struct str text = f->lint->df->source->text;
	struct joints j = {0};
	struct layout l;

	layout_make(f->lint->arena, f->lint->df, f->item->in, &l);
	for (size_t i = 0; i < l.n_lines; i++) {
		struct str line =
			source_text(f->lint->df->source, l.lines[i].text);
		bool leads = str_starts(str_trim(line), "&&");

		if (l.lines[i].kind != LAYOUT_CODE || str_trim(line).n == 0)
			continue;
		if (leads || !j.leading)
			j.indent = indent_of(line);
		j.leading |= leads;
		j.n_lines++;
		j.crlf = l.lines[i].span.end < text.n &&
			 text.p[l.lines[i].span.end] == '\r';
		if (l.lines[i].continues)
			j.trailing = ends_with_and(line);
	}
	return j;
}

/* What stands between a script and one command more: a line's end, maybe. */
static struct str joint(const struct fixing *f)
{
	struct joints j;

	if (f->item->onbuild)
		return STR(" && ");
	j = joints_of(f);
	if (j.n_lines < 2)
		return STR(" && ");
	return arena_printf(f->lint->arena, " %s%c%s\n%.*s%s",
			    j.trailing ? "&& " : "", f->lint->df->escape,
			    j.crlf ? "\r" : "", STR_ARG(j.indent),
			    j.trailing ? "" : "&& ");
}

/* What came before is as it was, and command runs where all of it succeeds. */
static bool can_append(const struct fixing *f, struct str command)
{
	const struct lint_run *run = run_of(f);
	const struct shell_script *old = &run->script;
	const struct shell_command *end;
	struct shell_script script;
	struct str first;
	struct str rest;

	end = &old->commands[old->n_commands - 1];
	if (name_in(end->words[0].text, "exit exec return break continue"))
		return false;
	shell_parse(f->lint->arena,
		    arena_printf(f->lint->arena, "%.*s && %.*s",
				 STR_ARG(run->text.text), STR_ARG(command)),
		    &script);
	(void)str_cut(command, ' ', &first, &rest);
	return !script.bad && script.n_commands == old->n_commands + 1 &&
	       str_eq(script.commands[old->n_commands].words[0].text, first);
}

static void append(struct fixing *f, struct str command)
{
	const struct lint_run *run = run_of(f);
	const struct command *line = &f->item->in->run.command;
	struct str how;

	if (!run || line->heredocs.n || line->exec_form ||
	    run->script.n_commands == 0 || !can_append(f, command))
		return;
	how = joint(f);
	fixing_insert(f, line->span.end,
		      arena_printf(f->lint->arena, "%.*s%.*s", STR_ARG(how),
				   STR_ARG(command)));
}

void fix_clean(struct fixing *f)
{
	const struct shell_command *c = command_of(f);

	if (c)
		append(f,
		       arena_printf(f->lint->arena, "%.*s%s",
				    STR_ARG(c->words[0].text), f->rule->text));
}

/* Package lists. */

enum need { NEEDS_NO_LISTS, HAS_LISTS, NEEDS_LISTS };

/* Whether the RUN installs packages, and from lists that itself fetched. */
static enum need need_of(const struct lint_run *run)
{
	bool fetched = false;
	enum need need = NEEDS_NO_LISTS;

	for (size_t i = 0; i < run->script.n_commands; i++) {
		const struct shell_command *c = &run->script.commands[i];

		if (!name_in(c->words[0].text, "apt-get apt aptitude"))
			continue;
		fetched |= command_has_arg(c, "update");
		for (size_t k = 1; k < c->n_words; k++)
			if (name_in(c->words[k].text,
				    "install upgrade dist-upgrade build-dep "
				    "full-upgrade safe-upgrade source "
				    "download"))
				need = fetched && need != NEEDS_LISTS
					       ? HAS_LISTS
					       : NEEDS_LISTS;
	}
	return need;
}

static bool comes_from(const struct lint *l, size_t stage, size_t base)
{
	enum { CHAIN_MAX = 100 };

	for (unsigned n = 0; stage != NO_STAGE; n++) {
		if (stage == base || n == CHAIN_MAX)
			return true;
		stage = l->stages[stage].base;
	}
	return false;
}

/* A RUN behind item lives on the lists that it leaves. */
static bool lists_are_used(const struct lint *l, const struct lint_item *item)
{
	enum { LOOK_AHEAD_MAX = 1000 };
	const struct lint_item *end = l->items + l->n_items;

	for (const struct lint_item *i = item + 1; i < end; i++) {
		if (i - item > LOOK_AHEAD_MAX)
			return true;
		if (i->run && need_of(i->run) == NEEDS_LISTS &&
		    comes_from(l, i->stage, item->stage))
			return true;
	}
	return false;
}

void fix_apt_lists(struct fixing *f)
{
	const struct lint_run *run = run_of(f);

	if (run && need_of(run) == HAS_LISTS &&
	    !lists_are_used(f->lint, f->item))
		append(f, str_from(f->rule->text));
}
