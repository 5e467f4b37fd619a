/*
 * The instruction table: what every instruction is called, which flags and
 * which shape of arguments it takes, and what of it is expanded. It drives the
 * parser, its suggestions, the linter and docs/language.md.
 */
#ifndef PARSER_INSTRUCTION_H
#define PARSER_INSTRUCTION_H

#include "parser/dockerfile.h"

enum flag_kind {
	FLAG_BOOL,    /* --name, --name=true, --name=false */
	FLAG_STRING,  /* --name=value, once */
	FLAG_STRINGS, /* --name=value, any number of times */
};

struct flag_info {
	const char *name; /* without -- */
	enum flag_kind kind;
	bool expands;	   /* variables in the value */
	const char *value; /* what the value is, for people */
};

enum argument_shape {
	ARGUMENTS_LINE,	 /* the rest of the line is one argument */
	ARGUMENTS_WORDS, /* cut at blanks */
	ARGUMENTS_WORDS_OR_JSON,
	ARGUMENTS_COMMAND, /* JSON array, else a line for the shell */
	ARGUMENTS_PAIRS,   /* key=value..., or one key and value */
	ARGUMENTS_NAMES,   /* name[=value]... */
	ARGUMENTS_HEALTHCHECK,
	ARGUMENTS_INSTRUCTION, /* ONBUILD's */
};

enum argument_expansion {
	EXPAND_NONE,
	EXPAND_WORD,   /* each argument to one string */
	EXPAND_FIELDS, /* each argument to any number of words */
};

struct instruction_info {
	const char *name; /* upper case */
	enum instruction_kind kind;
	enum argument_shape shape;
	enum argument_expansion expansion;
	bool heredocs;
	bool checks_flags; /* BuildKit drops those of ARG and STOPSIGNAL */
	bool in_onbuild;   /* may be a trigger */
	const struct flag_info *flags;
	size_t n_flags;
	const char *forms; /* the ways to write it, separated by newlines */
};

const struct instruction_info *instruction_info(enum instruction_kind kind);

/* By name in any case; NULL for an unknown one. */
const struct instruction_info *instruction_find(struct str name);

/* The name that was probably meant, or NULL. */
const char *instruction_suggest(struct str name);

/* A flag's index in info->flags, or -1. */
int instruction_find_flag(const struct instruction_info *info, struct str name);
const char *instruction_suggest_flag(const struct instruction_info *info,
				     struct str name);

/* The keys of --mount, and the values of its type and sharing; NULL behind the
 * last. */
const char *mount_key(size_t i);
const char *mount_type(size_t i);
const char *mount_sharing_name(size_t i);
/* The names of signals without SIG; NULL behind the last. */
const char *signal_name(size_t i);

#endif
