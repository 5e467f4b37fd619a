/* The exec form: a JSON array of strings, by the rules of Go's encoding/json.
 */
#ifndef PARSER_JSON_H
#define PARSER_JSON_H

#include "base/arena.h"
#include "base/str.h"

enum json_result {
	JSON_STRINGS, /* an array of strings */
	JSON_OTHER,   /* not JSON, or no array: the text is a shell's */
	JSON_MIXED,   /* an array with something that is no string in it */
};

struct json_string {
	struct str value; /* decoded; borrowed where it holds no escape */
	struct str raw;	  /* with its quotes */
};

struct json_strings {
	const struct json_string *v; /* in the arena */
	size_t n;
};

/*
 * Read the whole of text. For JSON_MIXED *mixed is the first element that is
 * no string. Linear in time; nesting costs no stack.
 */
enum json_result json_parse_strings(struct arena *a, struct str text,
				    struct json_strings *out,
				    struct str *mixed);

#endif
