/*
 * How a parsed word is kept: a flat program, shared by word.re, which makes
 * it, and word_expand.c, which runs it.
 */
#ifndef PARSER_WORD_TEMPLATE_H
#define PARSER_WORD_TEMPLATE_H

#include "parser/word.h"

#include <stdint.h>

enum node_kind {
	NODE_TEXT,     /* bare text: EXPOSE splits it at blanks */
	NODE_RAW,      /* text that was quoted or escaped */
	NODE_VARIABLE, /* $name, ${name} */
	NODE_OPERATOR, /* ${name<op>...}: its operands follow it */
};

enum operator{
	OPERATOR_DEFAULT,     /* - */
	OPERATOR_ALTERNATE,   /* + */
	OPERATOR_REQUIRE,     /* ? */
	OPERATOR_TRIM_PREFIX, /* # and ##: the second # is the operand's first
			       */
	OPERATOR_TRIM_SUFFIX, /* % and %% */
	OPERATOR_REPLACE,     /* / */
	OPERATOR_REPLACE_ALL, /* // */
};

/*
 * offset and n lie in the template's chars: text, or a variable's name. An
 * operator's first operand is the nodes up to first_end, its second (that of
 * / and //) those from there to end. For every other node both are unused.
 */
struct node {
	uint8_t kind;
	uint8_t operator;
	bool colon;  /* unset or empty, not only unset */
	bool quoted; /* between double quotes: never split */
	uint32_t offset;
	uint32_t n;
	uint32_t first_end;
	uint32_t end;
};

struct word_template {
	struct str text; /* chars; where n_nodes is 0, the whole value */
	const struct node *nodes;
	size_t n_nodes;
	struct word_names names;
};

#endif
