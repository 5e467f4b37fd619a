/*
 * An instruction as a list of named fields, which both dumps print and those
 * walk who look for words: what there is, is decided once.
 */
#ifndef PARSER_FIELDS_H
#define PARSER_FIELDS_H

#include "parser/dockerfile.h"

/* The printer's side. Names are static. */
struct field_sink {
	void *ctx;
	void (*string)(void *ctx, const char *name, struct str value);
	void (*number)(void *ctx, const char *name, int64_t value);
	void (*boolean)(void *ctx, const char *name, bool value);
	/* A word, with the names of the variables that it reads. */
	void (*word)(void *ctx, const char *name, const struct word *word);
	/* A list of objects or, where name is NULL, an object in a list. */
	void (*open_list)(void *ctx, const char *name);
	void (*close_list)(void *ctx);
	void (*open_object)(void *ctx, const char *name);
	void (*close_object)(void *ctx);
};

/* What kind of instruction it is, and flags, are not among the fields. */
void fields_walk(const struct field_sink *s, const struct instruction *in);

#endif
