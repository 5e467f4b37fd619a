/*
 * Diagnostics: what is wrong with a user's file, and where.
 *
 * One list serves the parser, the plan and the linter. A mistake in a file is
 * never a struct err: the parser notes it here and goes on.
 */
#ifndef PARSER_DIAG_H
#define PARSER_DIAG_H

#include "base/arena.h"
#include "base/buf.h"
#include "parser/source.h"

#include <stdbool.h>

enum diag_severity {
	DIAG_ERROR,
	DIAG_WARNING,
	DIAG_INFO,
	DIAG_STYLE,
};

struct fix;

struct diag {
	const char *id;	   /* static: "unknown-instruction", "DL3008" */
	const char *alias; /* the linter's: the other rule set's id; NULL */
	enum diag_severity severity;
	struct span span;
	struct str text;       /* lower-case, no full stop, names the object */
	struct str hint;       /* what to do; may be empty */
	const struct fix *fix; /* the linter's: edits that mend it; NULL */
};

struct diags {
	struct arena *arena; /* holds the texts */
	struct diag *v;	     /* owned */
	size_t n;
	size_t cap;
	size_t n_errors;
	size_t n_max; /* past that they are counted, not kept; 0: no limit */
	struct diag dropped;
};

void diags_init(struct diags *d, struct arena *a);
void diags_release(struct diags *d);
/* The returned diagnostic is valid until the next one is added. */
struct diag *diag_add(struct diags *d, const char *id,
		      enum diag_severity severity, struct span span,
		      const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void diag_hint(struct diags *d, struct diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* By offset, errors of one place before warnings; equal ones keep their order.
 */
void diags_sort(struct diags *d);

/*
 * The form for people:
 *   Dockerfile:3:1: error: unknown instruction RUNN
 *    3 | RUNN echo hi
 *      | ^~~~
 *   hint: did you mean RUN?
 */
void diag_render(struct buf *out, const struct source *src,
		 const struct diag *diag);
/* All of d in its order; past a hundred only how many more there are. */
void diags_render(struct buf *out, const struct source *src,
		  const struct diags *d);
/* One JSON object: file, line, column, endLine, endColumn, code, level,
 * message, hint. */
void diag_render_json(struct buf *out, const struct source *src,
		      const struct diag *diag);
/* All of d, an object a line. */
void diags_render_json(struct buf *out, const struct source *src,
		       const struct diags *d);

#endif
