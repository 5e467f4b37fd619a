/*
 * Runes: UTF-8 decoding and the character classes that the Dockerfile
 * language takes from Go's unicode package.
 */
#ifndef PARSER_UTF8_H
#define PARSER_UTF8_H

#include "base/str.h"

#include <stdbool.h>
#include <stdint.h>

/* What a malformed byte counts as; it is one byte wide then. */
#define RUNE_BAD 0xfffdu

struct rune {
	uint32_t value;
	uint32_t n; /* bytes; 0 at the end of the string */
};

/* The rune that s begins with. */
struct rune rune_at(struct str s);
/* The rune that s ends with. */
struct rune rune_before_end(struct str s);

bool rune_is_space(uint32_t rune);
bool rune_is_letter(uint32_t rune);
bool rune_is_digit(uint32_t rune);

/* Every byte belongs to a well-formed rune. */
bool utf8_is_valid(struct str s);

/* Without leading and trailing white space of Unicode. */
struct str str_trim_space(struct str s);
struct str str_trim_space_left(struct str s);

struct rune_range {
	uint32_t first;
	uint32_t last;
};
extern const struct rune_range rune_letters[];
extern const size_t rune_letters_n;
extern const struct rune_range rune_digits[];
extern const size_t rune_digits_n;

#endif
