/*
 * Command line options, as a table: one row an option, which parses it and
 * prints its line of --help.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/vec.h"

#include <stdbool.h>

typedef VEC(const char *) string_list;

enum option_kind {
	OPTION_FLAG,   /* bool */
	OPTION_STRING, /* const char *; the last one wins */
	OPTION_LIST,   /* string_list; may be repeated */
	OPTION_MAYBE,  /* const char *: what is attached by =, or "" */
};

struct option_row {
	const char *name; /* without -- */
	char letter;	  /* 0: none */
	enum option_kind kind;
	void *target;
	const char *argument; /* what --help calls the value */
	const char *help;
};

struct command_help {
	const char *usage; /* "imgbuild tag NAME NEW" */
	const char *about; /* a sentence or a few lines */
	const struct option_row *options;
	size_t n_options;
	size_t min_arguments;
	size_t max_arguments;
};

enum options_result {
	OPTIONS_OK,
	OPTIONS_HELP,  /* --help was asked for and printed: exit 0 */
	OPTIONS_WRONG, /* a mistake was printed: exit 2 */
};

/*
 * Parse argv[1..] (argv[0] is the command). What is no option is appended to
 * arguments; "--" ends the options.
 */
enum options_result options_parse(const struct command_help *help, int argc,
				  char **argv, string_list *arguments);

#endif
