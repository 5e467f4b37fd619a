/* Ways to write an instruction. */
#include "lint/rules.h"

#include <string.h>

/* BuildKit says nothing where the stage chose its SHELL. */
void check_json_form(struct lint *l, const struct rule *rule)
{
	bool shell = false;

	FOR_ITEMS(l, item)
	{
		struct diag *diag;

		if (item->in->kind == INSTRUCTION_FROM)
			shell = false;
		if (item->in->kind == INSTRUCTION_SHELL)
			shell = true;
		if ((item->in->kind != INSTRUCTION_CMD &&
		     item->in->kind != INSTRUCTION_ENTRYPOINT) ||
		    item->in->command.exec_form)
			continue;
		diag = lint_report(l, rule, item->in->span,
				   "%s in shell form: the program runs below a "
				   "shell and gets no signals; write a JSON "
				   "array",
				   instruction_name(item->in->kind));
		if (shell)
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

/* The comment right above is read as a description: "# name what it is". */
static void check_doc(struct lint *l, const struct rule *rule,
		      const struct instruction *in, struct str name,
		      struct str described)
{
	uint32_t line = source_position(l->df->source, in->span.offset).line;
	struct str above = source_line(l->df->source, line - 1);

	if (in->doc.n == 0 || described.n || name.n == 0 ||
	    str_trim(above).n == 0)
		return;
	(void)lint_report(l, rule, in->span,
			  "the comment above describes nothing: begin it with "
			  "%.*s, or set it apart by an empty line",
			  STR_ARG(name));
}

void check_description(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct instruction *in = item->in;

		if (in->kind == INSTRUCTION_FROM)
			check_doc(l, rule, in, in->from.alias, in->from.doc);
		else if (in->kind == INSTRUCTION_ARG && in->pairs.n == 1)
			check_doc(l, rule, in, in->pairs.v[0].key.text,
				  in->pairs.v[0].doc);
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
		if (item->in->kind != INSTRUCTION_EXPOSE)
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
