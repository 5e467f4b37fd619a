/*
 * Words: text with variables, quotes and escapes, parsed once into a template
 * and expanded many times.
 *
 * Grammar and meaning are those of BuildKit's shell lexer
 * (frontend/dockerfile/shell/lex.go): $v ${v} ${v:-w} ${v-w} ${v:+w} ${v+w}
 * ${v:?w} ${v?w} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/w} ${v//p/w}.
 */
#ifndef PARSER_WORD_H
#define PARSER_WORD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "parser/source.h"

#include <stdbool.h>

struct word_template; /* lives in the arena it was parsed into */

/* An argument as it stands in the file, before expansion. */
struct word {
	struct str text;  /* continuations removed, quotes and escapes kept */
	struct span span; /* in the source, continuations included */
	const struct word_template *template; /* NULL where it never expands */
};

/*
 * Where a word fails to parse: *error_offset is into text, msg is static or in
 * arena a.
 */
struct word_error {
	size_t offset;
	struct str text;
};

/*
 * escape is '\\' or '`'. 0, or -1 with *we set. Linear in time and memory.
 * The template may borrow from text.
 */
int word_parse(struct arena *a, struct str text, char escape,
	       const struct word_template **out, struct word_error *we);

/*
 * The same for a heredoc's content in COPY and ADD: quotes are ordinary
 * characters, the escape is always a backslash and still removed.
 */
int word_parse_content(struct arena *a, struct str text,
		       const struct word_template **out, struct word_error *we);

/* The names a template reads, in order, with repeats. Owned by its arena. */
struct word_names {
	const struct str *v;
	size_t n;
};
struct word_names word_names(const struct word_template *t);

/* Where in a text the names stand that it reads, in order, with repeats. */
struct word_places {
	const struct span *v;
	size_t n;
};
/* Of a word's text; none where it fails to parse. */
struct word_places word_places(struct arena *a, struct str text, char escape);
/* Of a heredoc's content in COPY and ADD. */
struct word_places word_places_in_content(struct arena *a, struct str text);

/* What expansion asks about a variable: true with *value where it is set. */
struct word_env {
	bool (*get)(void *ctx, struct str name, struct str *value);
	void *ctx;
};

/* Notes names that were read while unset (for warnings); may be NULL. */
struct word_unset {
	void (*note)(void *ctx, struct str name);
	void *ctx;
};

/* An expansion past this is ERR_LIMIT. */
#define WORD_MAX_BYTES (4u << 20)

/*
 * Expand to one string, quotes and escapes removed. *out lives in a.
 * Fails with ERR_INVALID on ${v:?message} of an unset v, a bad pattern.
 */
int word_expand(struct arena *a, const struct word_template *t,
		const struct word_env *env, const struct word_unset *unset,
		struct str *out, struct err *e);

/* Expand and split into fields at unquoted blanks (EXPOSE does). */
int word_expand_fields(struct arena *a, const struct word_template *t,
		       const struct word_env *env,
		       const struct word_unset *unset, struct str **out,
		       size_t *out_n, struct err *e);

#endif
