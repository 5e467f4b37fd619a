/*
 * The part of TOML 1.0 that registries.conf is written in: tables, arrays of
 * tables, keys bare, quoted or dotted, and as values strings of one line,
 * booleans, decimal integers and arrays of these.
 */
#ifndef REGISTRY_TOML_H
#define REGISTRY_TOML_H

#include "base/arena.h"
#include "base/err.h"
#include "oci/config.h"

enum toml_kind {
	TOML_TABLE,	  /* [key] */
	TOML_ARRAY_TABLE, /* [[key]] */
	TOML_STRING,
	TOML_BOOL,
	TOML_INTEGER,
	TOML_STRINGS, /* an array; elements that are no strings are left out */
};

struct toml_item {
	enum toml_kind kind;
	struct str key; /* dotted where it has several parts */
	unsigned line;
	struct str string;
	bool boolean;
	int64_t integer;
	struct str_list strings;
};

struct toml {
	struct arena *arena;
	struct str rest;
	const char *what; /* names the file in errors */
	unsigned line;
};

struct toml toml_begin(struct arena *a, struct str text, const char *what);
/* 1 *out is the next item, 0 the end, -1 ERR_INVALID with the line. */
int toml_next(struct toml *t, struct toml_item *out, struct err *e);

#endif
