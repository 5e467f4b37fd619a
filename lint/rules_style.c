/* Ways to write an instruction. */
#include "lint/rules.h"

#include <string.h>

/* HEALTHCHECK NONE has no command. */
static bool is_shell_form(const struct instruction *in)
{
	const struct command *command = in->kind == INSTRUCTION_HEALTHCHECK
						? &in->healthcheck.command
						: &in->command;

	if (in->kind != INSTRUCTION_CMD && in->kind != INSTRUCTION_ENTRYPOINT &&
	    in->kind != INSTRUCTION_HEALTHCHECK)
		return false;
	return !command->exec_form &&
	       (in->kind != INSTRUCTION_HEALTHCHECK || command->n_args > 0);
}

/*
 * BuildKit says nothing of HEALTHCHECK and ONBUILD, and nothing where the
 * stage, or one that it begins from, chose its SHELL.
 */
void check_json_form(struct lint *l, const struct rule *rule)
{
	/* 0 is what stands before any stage */
	bool *shell = arena_new_array(l->arena, l->n_stages + 1, bool);

	FOR_ITEMS(l, item)
	{
		bool *now = &shell[item->stage + 1];
		struct diag *diag;

		if (item->in->kind == INSTRUCTION_FROM)
			*now = shell[l->stages[item->stage].base + 1];
		if (item->in->kind == INSTRUCTION_SHELL && !item->onbuild)
			*now = true;
		if (!is_shell_form(item->in))
			continue;
		diag = lint_report(l, rule, item->in->span,
				   "%s in shell form: %s; write a JSON array",
				   instruction_name(item->in->kind),
				   item->in->kind == INSTRUCTION_HEALTHCHECK
					   ? "every check starts a shell"
					   : "the program runs below a shell "
					     "and gets no signals");
		if (*now || item->onbuild ||
		    item->in->kind == INSTRUCTION_HEALTHCHECK)
			diag->alias = NULL;
	}
}

void check_maintainer(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		if (item->in->kind == INSTRUCTION_MAINTAINER)
			(void)lint_report(
				l, rule, item->in->span,
				"MAINTAINER is out of use: write LABEL "
				"org.opencontainers.image.authors=...");
	}
}

enum casing { CASING_UPPER, CASING_LOWER, CASING_MIXED };

static enum casing casing_of(struct str s)
{
	bool lower = false;
	bool upper = false;

	for (size_t i = 0; i < s.n; i++) {
		lower |= s.p[i] >= 'a' && s.p[i] <= 'z';
		upper |= s.p[i] >= 'A' && s.p[i] <= 'Z';
	}
	if (lower && upper)
		return CASING_MIXED;
	return lower ? CASING_LOWER : CASING_UPPER;
}

static struct str keyword(const struct lint *l, const struct instruction *in)
{
	return source_text(l->df->source, in->keyword);
}

void check_casing(struct lint *l, const struct rule *rule)
{
	const struct dockerfile *df = l->df;
	size_t n[3] = {0};
	enum casing most;

	for (size_t i = 0; i < df->n_instructions; i++)
		n[casing_of(keyword(l, &df->instructions[i]))]++;
	most = n[CASING_LOWER] > n[CASING_UPPER] ? CASING_LOWER : CASING_UPPER;
	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];
		struct str word = keyword(l, in);

		if (casing_of(word) != most)
			(void)lint_report(
				l, rule, in->keyword,
				"%.*s is not in %s case as the others "
				"are",
				STR_ARG(word),
				most == CASING_LOWER ? "lower" : "upper");
	}
}

void check_as_casing(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct from *from = &item->in->from;
		enum casing casing;

		if (item->in->kind != INSTRUCTION_FROM || from->as_text.n == 0)
			continue;
		casing = casing_of(keyword(l, item->in));
		if (casing != CASING_MIXED &&
		    casing != casing_of(from->as_text))
			(void)lint_report(l, rule, item->in->span,
					  "%.*s and %.*s are in different case",
					  STR_ARG(keyword(l, item->in)),
					  STR_ARG(from->as_text));
	}
}

void check_legacy_pairs(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		if ((item->in->kind != INSTRUCTION_ENV &&
		     item->in->kind != INSTRUCTION_LABEL) ||
		    !item->in->pairs.legacy)
			continue;
		(void)lint_report(l, rule, item->in->span,
				  "%s key value is an old form: write %s "
				  "key=value",
				  instruction_name(item->in->kind),
				  instruction_name(item->in->kind));
	}
}

/* doc's last line begins with the word name. */
static bool describes(struct str doc, struct str name)
{
	struct str line = str_skip(doc, (size_t)(str_rfind(doc, '\n') + 1));
	struct str word;
	struct str rest;

	(void)str_cut(line, ' ', &word, &rest);
	return str_eq(word, name);
}

static void report_doc(struct lint *l, const struct rule *rule,
		       const struct instruction *in, struct str name)
{
	(void)lint_report(l, rule, in->span,
			  "the comment above does not describe %.*s: begin "
			  "its last line with that name",
			  STR_ARG(name));
}

static bool describes_a_pair(const struct instruction *in)
{
	for (size_t i = 0; i < in->pairs.n; i++)
		if (describes(in->doc, in->pairs.v[i].key.text))
			return true;
	return in->pairs.n == 0;
}

/* The comment above, whatever empty lines follow it: "# name what it is". */
void check_description(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct instruction *in = item->in;

		if (in->doc.n == 0)
			continue;
		if (in->kind == INSTRUCTION_FROM && in->from.alias.n &&
		    !describes(in->doc, in->from.alias_text))
			report_doc(l, rule, in, in->from.alias_text);
		else if (in->kind == INSTRUCTION_ARG && !describes_a_pair(in))
			report_doc(l, rule, in, in->pairs.v[0].key.text);
	}
}

/* EXPOSE. */

typedef void port_function(struct lint *l, const struct rule *rule,
			   const struct word *word, struct str text);

static void for_ports(struct lint *l, const struct rule *rule,
		      port_function *function)
{
	FOR_ITEMS(l, item)
	{
		if (item->in->kind != INSTRUCTION_EXPOSE ||
		    (item->onbuild && rule_is_buildkit(rule->id)))
			continue;
		for (size_t i = 0; i < item->in->words.n; i++)
			if (!lint_has_variable(&item->in->words.v[i]))
				function(l, rule, &item->in->words.v[i],
					 lint_plain(&item->in->words.v[i]));
	}
}

static bool is_too_high(struct str digits)
{
	uint64_t port;

	if (digits.n == 0)
		return false;
	for (size_t i = 0; i < digits.n; i++)
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return false;
	return !str_to_u64(digits, 65535, &port);
}

static void port_range(struct lint *l, const struct rule *rule,
		       const struct word *word, struct str text)
{
	struct str from;
	struct str to;

	(void)str_cut(text, '/', &text, &to);
	text = str_skip(text, (size_t)(str_rfind(text, ':') + 1));
	(void)str_cut(text, '-', &from, &to);
	if (is_too_high(from) || is_too_high(to))
		(void)lint_report(l, rule, word->span,
				  "there is no port %.*s: they end at 65535",
				  STR_ARG(is_too_high(to) ? to : from));
}

void check_port_range(struct lint *l, const struct rule *rule)
{
	for_ports(l, rule, port_range);
}

static void expose_casing(struct lint *l, const struct rule *rule,
			  const struct word *word, struct str text)
{
	struct str port;
	struct str protocol;

	if (str_cut(text, '/', &port, &protocol) &&
	    casing_of(protocol) != CASING_LOWER && protocol.n)
		(void)lint_report(l, rule, word->span,
				  "the protocol %.*s is not in lower case",
				  STR_ARG(protocol));
}

void check_expose_casing(struct lint *l, const struct rule *rule)
{
	for_ports(l, rule, expose_casing);
}

static void expose_format(struct lint *l, const struct rule *rule,
			  const struct word *word, struct str text)
{
	if (str_find(text, ':') >= 0)
		(void)lint_report(l, rule, word->span,
				  "EXPOSE takes the container's port only, not "
				  "'%.*s'",
				  STR_ARG(text));
}

void check_expose_format(struct lint *l, const struct rule *rule)
{
	for_ports(l, rule, expose_format);
}
