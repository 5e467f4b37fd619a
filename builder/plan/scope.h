/*
 * Scope: the variables that a stage's instructions see at one point.
 * ARG and ENV both set them; ENV alone is recorded in the image.
 */
#ifndef BUILDER_PLAN_SCOPE_H
#define BUILDER_PLAN_SCOPE_H

#include "base/arena.h"
#include "oci/config.h"
#include "parser/diag.h"
#include "parser/word.h"

/* An ARG as declared in a stage: part of every later RUN's history. */
struct scope_arg {
	struct str name;
	struct str value;
	bool has_value;
};

struct scope {
	struct arena *arena;
	struct str_list env;	      /* "NAME=value" */
	const struct scope_arg *args; /* replaced, never written in place */
	size_t n_args;
	struct arena_room *args_room;
	/*
	 * A name that is not here may be set all the same: by a base image that
	 * nobody looked at, or by --build-arg. What reads one does not expand,
	 * and no mistake is noted.
	 */
	bool open;
	bool missed; /* such a name was read since this was cleared */
};

void scope_set(struct scope *s, struct str name, struct str value);
void scope_unset(struct scope *s, struct str name);
void scope_declare(struct scope *s, struct str name, const struct str *value);

/* The scope as expansion asks it; valid until the scope changes. */
struct word_env scope_env(struct scope *s);

/*
 * Expand w in the scope as it is now. A mistake goes to d at the word's place:
 * false then, and where an open scope does not tell. A word that never expands
 * gives its text.
 */
bool scope_expand(struct scope *s, const struct word *w, struct str *out,
		  struct diags *d);
bool scope_expand_fields(struct scope *s, const struct word *w,
			 struct str **out, size_t *n_out, struct diags *d);

/* "|2 A=x B=y " for the declared ARGs, or nothing. */
void scope_add_history(struct buf *out, const struct scope *s);

#endif
