/*
 * Why a step was not cached: what differs between its key and that of the step
 * that stood in its place in the last build.
 */
#ifndef CACHE_REASON_H
#define CACHE_REASON_H

#include "base/arena.h"
#include "base/vec.h"
#include "cache/key.h"

enum reason_kind {
	REASON_FIRST,	  /* nothing earlier is known to compare with */
	REASON_NO_CACHE,  /* the user said so */
	REASON_GONE,	  /* the key is as it was: its result is not there */
	REASON_COMPONENT, /* a component of the key differs */
	REASON_FILE,	  /* a file behind a content component does */
	REASON_MORE,	  /* so do count more files */
	REASON_SAME,	  /* it ran, and made what it had made before */
};

/* Of a file: what about it differs. */
enum reason_field {
	REASON_FIELD_NONE,
	REASON_FIELD_ADDED,
	REASON_FIELD_GONE,
	REASON_FIELD_TYPE,
	REASON_FIELD_CONTENT, /* a link's: its target */
	REASON_FIELD_MODE,    /* before and after are octal */
	REASON_FIELD_OWNER,   /* "uid:gid" */
};

struct reason {
	enum reason_kind kind;
	struct str component; /* its name: "env", "sources[0].content" */
	/*
	 * Of a variable its name, of a file its path; of a content component
	 * what the Dockerfile calls it.
	 */
	struct str subject;
	enum reason_field field;
	/* Values; absent where there was or is none. A digest stands for what
	 * is no text. */
	struct str before;
	struct str after;
	bool had_before;
	bool has_after;
	uint64_t count; /* REASON_MORE */
	bool unused;	/* a variable that the command does not name */
};

struct reasons {
	struct arena arena;
	VEC(struct reason) v;
};
void reasons_release(struct reasons *r);
#define SCOPED_REASONS SCOPED(reasons_release)

/* A reason of r's, whose strings the caller puts into r->arena. */
struct reason *reasons_add(struct reasons *r, enum reason_kind kind);

/*
 * What differs, one reason for each name and for each variable of "env". Of
 * texts of several lines, before and after are the first lines that differ.
 */
void reasons_compare(struct reasons *r, const struct key *before,
		     const struct key *after);

/*
 * Say it as one line without its end, with a hint where there is a usual cause:
 * "mode of run.sh: 0644 -> 0755 (…)".
 */
void reason_add_text(struct buf *out, const struct reason *r);

const char *reason_kind_name(enum reason_kind kind); /* "component" */
const char *reason_field_name(enum reason_field f);  /* "mode"; "" for none */

#endif
