/*
 * Which fields of a step enter its key: a row for every field of the plan's
 * structs that say what a step is, with the component that it becomes or the
 * reason why it becomes none. docs/keys.md is written from these rows, and
 * tests hold them against the structs, so that a field that comes later has to
 * be decided about here.
 */
#ifndef BUILDER_ENGINE_RECIPE_FIELDS_H
#define BUILDER_ENGINE_RECIPE_FIELDS_H

#include "cache/key.h"

enum field_type {
	FIELD_STR,  /* struct str */
	FIELD_LIST, /* struct str_list: a component for each, of one name */
	FIELD_BOOL,
	FIELD_U32,
	FIELD_U64,
	FIELD_I64,
	FIELD_WORD,  /* an enum, as one of words */
	FIELD_OTHER, /* no component of its own */
};

enum { FIELD_ALL_KINDS = ~0 };

struct field {
	const char *name; /* the struct's member */
	enum field_type type;
	size_t offset;
	/* FIELD_WORD, by value; NULL for one that means what 0 does */
	const char *const *words;
	unsigned n_words;
	/*
	 * The kinds (of step or mount, as bits) for which it is a component;
	 * for the others, why not.
	 */
	unsigned kinds;
	const char *why_not;
	/* Of FIELD_OTHER: the component that tells it; NULL: none does. */
	const char *told_by;
};

struct fields {
	const char *of; /* "step_run" */
	const struct field *v;
	size_t n;
};

extern const struct fields FIELDS_STEP; /* kinds: enum step_kind */
extern const struct fields FIELDS_STEP_RUN;
extern const struct fields FIELDS_STEP_MOUNT; /* kinds: enum mount_kind */
extern const struct fields FIELDS_STEP_COPY;
extern const struct fields FIELDS_STEP_SOURCE;
extern const struct fields FIELDS_STEP_WORKDIR;
extern const struct fields FIELDS_ORIGIN;
extern const struct fields FIELDS_BUILD_OPTIONS;

/* All of the above; NULL-terminated. */
extern const struct fields *const FIELDS_ALL[];

/*
 * Add the components of value, which is of kind; each is called prefix and the
 * field's name. What is zero or empty is left out: names tell which are there.
 */
void fields_add(struct key *k, const struct fields *f, unsigned kind,
		const char *prefix, const void *value);

#endif
