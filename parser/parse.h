/*
 * What the parser of one instruction knows, and what its parts share.
 * Internal to the parser.
 */
#ifndef PARSER_PARSE_H
#define PARSER_PARSE_H

#include "parser/heredoc.h"
#include "parser/instruction.h"
#include "parser/json.h"
#include "parser/line.h"

struct parse {
	struct arena *arena;
	const struct source *source;
	struct diags *diags;
	struct line_reader *reader;
	/*
	 * DIAG_ERROR, or below ONBUILD, where BuildKit finds mistakes only
	 * when the trigger runs, DIAG_WARNING.
	 */
	enum diag_severity severity;
	bool failed; /* something was reported about this instruction */

	const struct logical_line *line;
	const struct instruction_info *info;
	struct str args; /* behind the flags, trimmed */
	struct heredocs heredocs;
	enum json_result json_result; /* of args, or HEALTHCHECK's command */
	struct json_strings json;
	VEC(struct flag) flags;
	VEC(struct str) raw_flags; /* as they stand, quotes in them */
	VEC(struct word) words;
	VEC(struct pair) pairs;
};

/* Report a mistake at part, which lies in the line (else: at the line). */
struct diag *parse_report(struct parse *p, const char *id, struct str part,
			  const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void parse_hint(struct parse *p, struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* part's place in the source; fallback where it is no part of the line. */
struct span parse_span(const struct parse *p, struct str part,
		       struct span fallback);

/* text as a word that expands; a mistake in it is reported at its place. */
struct word parse_expanding(struct parse *p, struct str text, struct span span);
/* text as a word that stays as it is. */
struct word parse_plain(struct str text, struct span span);

/* The words in p->words, into the arena. */
struct words parse_take_words(struct parse *p);

/* The value of a flag as given first; NULL where it is absent. */
const struct flag *parse_flag(const struct instruction *in, const char *name);
bool parse_flag_bool(const struct instruction *in, const char *name);
struct word parse_flag_word(const struct instruction *in, const char *name);

/* One for each instruction, or kind of instruction. */
void parse_copy(struct parse *p, struct instruction *in);
void parse_from(struct parse *p, struct instruction *in);
void parse_env(struct parse *p, struct instruction *in); /* and LABEL */
void parse_arg(struct parse *p, struct instruction *in);
void parse_expose(struct parse *p, struct instruction *in);
void parse_volume(struct parse *p, struct instruction *in);
void parse_maintainer(struct parse *p, struct instruction *in);
void parse_one_word(struct parse *p, struct instruction *in);
void parse_command(struct parse *p, struct instruction *in);
void parse_shell(struct parse *p, struct instruction *in);
void parse_run(struct parse *p, struct instruction *in);
void parse_healthcheck(struct parse *p, struct instruction *in);

/* One --mount of RUN. */
void parse_mount(struct parse *p, const struct flag *flag, struct mount *out);

/* A line of a doc comment: the name that it begins with, and what it says. */
struct doc_line {
	struct str name;
	struct str text;
	size_t number;
};

struct doc_lines {
	struct doc_line *v; /* by name, then by number */
	size_t n;
};

struct doc_lines parse_doc_lines(struct arena *a, struct str doc);

/* What the first line that begins with name says; empty where none does. */
struct str parse_doc_of(const struct doc_lines *lines, struct str name);

#endif
