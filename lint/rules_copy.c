/* COPY, ADD and WORKDIR. */
#include "lint/rules.h"

#include <string.h>

static const char *const archive_suffixes[] = {
	".tar", ".Z",	".bz2", ".gz",	 ".lz",	  ".lzma",
	".tZ",	".tb2", ".tbz", ".tbz2", ".tgz",  ".tlz",
	".tpz", ".txz", ".xz",	".zst",	 ".tzst",
};

static bool is_archive(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(archive_suffixes); i++)
		if (str_ends(name, archive_suffixes[i]))
			return true;
	return false;
}

static struct str base_name(struct str path)
{
	ptrdiff_t slash = str_rfind(path, '/');
	ptrdiff_t back = str_rfind(path, '\\');

	return str_skip(path, (size_t)((slash > back ? slash : back) + 1));
}

/* DL3010 */

static bool unpacks(const struct shell_command *c)
{
	struct str name = c->words[0].text;

	if (name_in(name, "unzip gunzip bunzip2 unlzma unxz zgz uncompress "
			  "zcat gzcat"))
		return true;
	/* "tar xf" is not looked for */
	return command_is(c, "tar") && command_has_any_flag(c, "x extract get");
}

static bool unpacks_file(const struct shell_command *c, struct str file)
{
	if (!unpacks(c))
		return false;
	for (size_t i = 1; i < c->n_words; i++)
		if (str_eq(base_name(c->words[i].text), file))
			return true;
	return false;
}

enum { LOOK_AHEAD_MAX = 1000 }; /* instructions: time stays linear */

/* A RUN after item, in its stage, that unpacks file. */
static bool unpacked_later(const struct lint *l, const struct lint_item *item,
			   struct str file)
{
	const struct lint_item *end = l->items + l->n_items;

	if (end - item > LOOK_AHEAD_MAX)
		end = item + LOOK_AHEAD_MAX;
	for (const struct lint_item *i = item + 1;
	     i < end && i->stage == item->stage; i++)
		for (size_t k = 0; i->run && k < i->run->script.n_commands; k++)
			if (unpacks_file(&i->run->script.commands[k], file))
				return true;
	return false;
}

static void check_one_copy(struct lint *l, const struct rule *rule,
			   const struct lint_item *item)
{
	const struct copy *copy = &item->in->copy;
	struct str dest = base_name(lint_plain(&copy->dest));

	for (size_t i = 0; i < copy->sources.n; i++) {
		const struct word *source = &copy->sources.v[i];
		struct str name = base_name(lint_plain(source));

		if (is_archive(dest))
			name = dest;
		if (!is_archive(name) || !unpacked_later(l, item, name))
			continue;
		(void)lint_report(l, rule, source->span,
				  "ADD unpacks %.*s without a RUN and without "
				  "a layer that holds the archive",
				  STR_ARG(name));
		break;
	}
}

void check_archive(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		if (item->in->kind == INSTRUCTION_COPY && !item->onbuild &&
		    item->in->copy.from.text.n == 0 && lint_is_kept(l, item))
			check_one_copy(l, rule, item);
	}
}

static bool is_remote(struct str s)
{
	return str_starts(s, "http://") || str_starts(s, "https://") ||
	       str_starts(s, "git@") || str_starts(s, "git://") ||
	       str_starts(s, "ssh://") || str_starts(s, "ftp://") ||
	       str_starts(s, "github.com/");
}

void check_add(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct copy *copy = &item->in->copy;

		if (item->in->kind != INSTRUCTION_ADD)
			continue;
		for (size_t i = 0; i < copy->sources.n; i++) {
			struct str source = lint_plain(&copy->sources.v[i]);

			if (is_remote(source) || is_archive(source))
				continue;
			(void)lint_report(l, rule, item->in->keyword,
					  "%.*s needs nothing that ADD does: "
					  "use COPY",
					  STR_ARG(source));
			break;
		}
	}
}

void check_copy_target(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct copy *copy = &item->in->copy;
		struct str dest;

		if (item->in->kind != INSTRUCTION_COPY ||
		    copy->sources.n + copy->heredocs.n < 2)
			continue;
		dest = lint_plain(&copy->dest);
		if (str_ends(dest, "/") || str_ends(dest, "\\"))
			continue;
		(void)lint_report(l, rule, copy->dest.span,
				  "several files go to a folder: write %.*s/",
				  STR_ARG(dest));
	}
}

static bool has_from(const struct lint_item *item)
{
	return item->in->kind == INSTRUCTION_COPY &&
	       item->in->copy.from.text.n > 0;
}

static bool is_own_stage(const struct lint *l, const struct lint_item *item)
{
	struct str name = lint_plain(&item->in->copy.from);

	return item->stage != NO_STAGE && name.n &&
	       str_eq_nocase(l->df->stages[item->stage].from->from.alias, name);
}

/* A name with a tag or a digest is an image, not a stage. */
void check_copy_from(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		struct str name;

		if (!has_from(item) || item->from != NO_STAGE ||
		    is_own_stage(l, item))
			continue;
		name = lint_plain(&item->in->copy.from);
		if (str_find(name, ':') >= 0 || str_find(name, '@') >= 0)
			continue;
		(void)lint_report(l, rule, item->in->copy.from.span,
				  "no stage above is named %.*s",
				  STR_ARG(name));
	}
}

void check_copy_self(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		if (has_from(item) && is_own_stage(l, item))
			(void)lint_report(l, rule, item->in->copy.from.span,
					  "%.*s is this stage itself",
					  STR_ARG(item->in->copy.from.text));
	}
}

static bool is_absolute(struct str path)
{
	return str_starts(path, "/") || str_starts(path, "\\") ||
	       str_starts(path, "$") || str_starts(path, "%") ||
	       (path.n > 1 && path.p[1] == ':');
}

void check_copy_relative(struct lint *l, const struct rule *rule)
{
	/* 0 is what stands before any stage */
	bool *has_workdir = arena_new_array(l->arena, l->n_stages + 1, bool);

	FOR_ITEMS(l, item)
	{
		bool *now = &has_workdir[item->stage + 1];

		if (item->in->kind == INSTRUCTION_FROM)
			*now = has_workdir[l->stages[item->stage].base + 1];
		else if (item->in->kind == INSTRUCTION_WORKDIR)
			*now = true;
		else if (item->in->kind == INSTRUCTION_COPY && !*now &&
			 !is_absolute(lint_plain(&item->in->copy.dest)))
			(void)lint_report(l, rule, item->in->copy.dest.span,
					  "where %.*s is depends on the base "
					  "image: no WORKDIR was set",
					  STR_ARG(item->in->copy.dest.text));
	}
}

void check_copy_root(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct copy *copy = &item->in->copy;

		if (!has_from(item) || !str_eq_c(lint_plain(&copy->dest), "/"))
			continue;
		for (size_t i = 0; i < copy->sources.n; i++)
			if (str_eq_c(lint_plain(&copy->sources.v[i]), "/")) {
				(void)lint_report(
					l, rule, item->in->span,
					"everything in %.*s is copied: begin "
					"FROM it, or name what is needed",
					STR_ARG(copy->from.text));
				break;
			}
	}
}

static void check_ignored(struct lint *l, const struct rule *rule,
			  const struct instruction *in,
			  const struct word *source)
{
	struct str path = lint_plain(source);

	while (str_starts(path, "./"))
		path = str_skip(path, 2);
	while (str_starts(path, "/"))
		path = str_skip(path, 1);
	while (str_ends(path, "/"))
		path.n--;
	/* a pattern for everything names the context itself */
	if (path.n == 0)
		path = STR(".");
	if (str_eq_c(path, ".") &&
	    ignore_has_exceptions(l->options->dockerignore))
		return;
	if (lint_has_variable(source) || is_remote(path) ||
	    strpbrk(arena_c(l->arena, path), "*?[") || str_has(path, "..") ||
	    str_has(path, "//") ||
	    !ignore_excludes(l->options->dockerignore, l->arena, path))
		return;
	(void)lint_report(l, rule, source->span,
			  "%s can't find %.*s: .dockerignore leaves it out",
			  instruction_name(in->kind), STR_ARG(path));
}

void check_copy_ignored(struct lint *l, const struct rule *rule)
{
	if (!l->options->dockerignore)
		return;
	FOR_ITEMS(l, item)
	{
		const struct copy *copy = &item->in->copy;

		if ((item->in->kind != INSTRUCTION_COPY &&
		     item->in->kind != INSTRUCTION_ADD) ||
		    copy->from.text.n || item->onbuild)
			continue;
		for (size_t i = 0; i < copy->sources.n; i++)
			check_ignored(l, rule, item->in, &copy->sources.v[i]);
	}
}

/*
 * DL3000 means every relative WORKDIR; WorkdirRelativePath only one that no
 * other came before.
 */
void check_workdir(struct lint *l, const struct rule *rule)
{
	bool *seen = arena_new_array(l->arena, l->n_stages + 1, bool);

	FOR_ITEMS(l, item)
	{
		bool *now = &seen[item->stage + 1];
		bool first = !*now && !item->onbuild;
		struct str path;
		struct diag *diag;

		if (item->in->kind == INSTRUCTION_FROM)
			*now = seen[l->stages[item->stage].base + 1];
		if (item->in->kind != INSTRUCTION_WORKDIR)
			continue;
		*now = *now || !item->onbuild;
		path = lint_plain(&item->in->word);
		if (is_absolute(path))
			continue;
		diag = lint_report(l, rule, item->in->word.span,
				   "WORKDIR %.*s is relative: where it is "
				   "depends on what came before",
				   STR_ARG(path));
		if (!first)
			diag->alias = NULL;
	}
}
