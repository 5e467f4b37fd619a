/*
 * The names of a Dockerfile: its stages, and the variables of ARG and ENV, with
 * every place where one is defined or used. Whoever goes to a definition, finds
 * references, renames, completes or explains a name asks here.
 *
 * A variable is one where its values are: ARGs of one name are all given by the
 * same --build-arg, and a stage that begins from another has what that one set.
 * ENVs of one name in stages that have nothing to do with each other are two.
 */
#ifndef CLI_LSP_NAMES_H
#define CLI_LSP_NAMES_H

#include "parser/dockerfile.h"

#include <stdbool.h>

enum lsp_name_kind {
	LSP_STAGE,
	LSP_VARIABLE,
};

enum lsp_use_kind {
	LSP_DEFINES, /* FROM ... AS name, ARG name, ENV name= */
	LSP_READS,
	LSP_SETS,    /* a script does */
	LSP_NUMBERS, /* --from=0: a stage, but not by its name */
};

/* Before the first FROM. */
#define LSP_NO_STAGE ((size_t)-1)

struct lsp_use {
	enum lsp_name_kind name_kind;
	enum lsp_use_kind kind;
	size_t name; /* uses of one name have the same */
	struct str text;
	struct span span; /* of the name alone; FROM where a stage has none */
	size_t stage;	  /* that it stands in, or LSP_NO_STAGE */
	const struct instruction *in;
	const struct pair *pair; /* that defines a variable */
};

struct lsp_names;

/* Lives in a, as df does. */
struct lsp_names *lsp_names_make(struct arena *a, const struct dockerfile *df);

/* All uses, by place. */
const struct lsp_use *lsp_names_all(const struct lsp_names *names, size_t *n);
/* The use that offset is in, or right behind; NULL. */
const struct lsp_use *lsp_names_at(const struct lsp_names *names,
				   uint32_t offset);
/* Where what is used there was defined; for a definition that takes its value
 * from another, that one. NULL where there is none but itself. */
const struct lsp_use *lsp_names_definition(const struct lsp_names *names,
					   const struct lsp_use *use);
/* The variable's definition that holds at offset, or is at it; NULL. */
const struct lsp_use *lsp_names_variable(const struct lsp_names *names,
					 struct str name, uint32_t offset);
/* Whether def, a variable's definition, holds at offset. */
bool lsp_names_holds(const struct lsp_names *names, const struct lsp_use *def,
		     uint32_t offset);
/*
 * What the defaults of ARG and ENV make of a variable; false where they don't
 * tell, because a value comes from elsewhere.
 */
bool lsp_names_value(struct lsp_names *names, const struct lsp_use *def,
		     struct str *value);
/* The stage that offset is in. */
size_t lsp_names_stage(const struct lsp_names *names, uint32_t offset);

#endif
