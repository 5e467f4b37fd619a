/*
 * Borrowed strings: a pointer and a length, not NUL-terminated in general.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
	const char *p; /* may be NULL where n is 0 */
	size_t n;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
/* For printf's %.*s */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

struct str str_from(const char *s); /* NULL gives the empty string */
bool str_eq(struct str a, struct str b);
bool str_eq_c(struct str a, const char *b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
int str_cmp(struct str a, struct str b);	/* bytewise, as memcmp */
bool str_starts(struct str s, const char *prefix);
bool str_ends(struct str s, const char *suffix);
struct str str_sub(struct str s, size_t start, size_t end);
struct str str_skip(struct str s, size_t n); /* without the first n bytes */
/* Without leading and trailing space, tab, CR, LF, VT, FF. */
struct str str_trim(struct str s);
/* Index of c, or -1. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_rfind(struct str s, char c);
/*
 * Cut at the first c: *head gets what is before, *tail what is after.
 * Where there is no c: false, *head is all of s and *tail empty.
 */
bool str_cut(struct str s, char c, struct str *head, struct str *tail);
/* Decimal digits only, no sign, no blanks; false past max. */
bool str_to_u64(struct str s, uint64_t max, uint64_t *out);
/* Digits of base 8 only; false past max. */
bool str_octal_to_u64(struct str s, uint64_t max, uint64_t *out);
/*
 * Length of the UTF-8 sequence that s, which is not empty, begins with; 0 where
 * it is malformed (RFC 3629).
 */
size_t str_utf8_length(struct str s);
/* A NUL-terminated copy on the heap. */
char *str_dup(struct str s);

#endif
