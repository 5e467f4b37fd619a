/*
 * Traces: what a build's last run was, step by step, so that the next one can
 * compare and `imgbuild why` can tell.
 *
 * One file for each thing that is built, traces/<hex of its identity>, a JSON
 * document that is replaced as a whole:
 *   { "version": 1, "keys": "sha256:…", "at": "RFC 3339", "names": ["…"],
 *     "steps": [{ "stage": "…", "number": n, "title": "RUN make",
 *                 "key": "sha256:…", "ran": true, "reasons": [{
 *                   "kind": "component", "component": "env", "subject": "V",
 *                   "field": "…", "before": "1", "after": "2", "count": n
 *                 }, …] }, …] }
 * keys is of the build's steps' keys in order; it stands at the beginning, so
 * that a build that found all as it was need not read on. Of a reason, members
 * that are empty or absent are left out. A trace explains and decides nothing:
 * one that is damaged or missing reads as none.
 */
#ifndef CACHE_TRACE_H
#define CACHE_TRACE_H

#include "cache/reason.h"
#include "cache/store.h"

struct trace_step {
	struct str stage; /* as it is shown; may be empty */
	struct str title; /* "RUN make" */
	size_t number;	  /* from 1 in its stage */
	struct digest key;
	bool ran;
	struct reasons reasons; /* where it ran */
};

struct trace {
	struct arena arena;
	int64_t at_ns;	       /* wall clock */
	VEC(struct str) names; /* of the image */
	VEC(struct trace_step) steps;
	size_t n_own; /* of steps: the first are the build's, the rest an
			 earlier one's of other targets */
};
void trace_release(struct trace *t);
#define SCOPED_TRACE SCOPED(trace_release)

enum { TRACE_MAX_BYTES = 16 << 20 };

/* What was built: 1 read, 0 there is none, -1 error. */
int trace_read(const struct store *s, const struct digest *identity,
	       struct trace *out, struct err *e);
/* Whether the trace that is kept has just these steps, by their keys. */
bool trace_is_of(const struct store *s, const struct digest *identity,
		 const struct trace *t);
int trace_write(const struct store *s, const struct digest *identity,
		const struct trace *t, struct err *e);
/* The newest that gave its image this name; any, for an empty one. 1, 0, -1. */
int trace_find(const struct store *s, struct str name, struct trace *out,
	       struct err *e);

/* The step that stood where this one stands, or was called so; NULL: none. */
const struct trace_step *trace_earlier(const struct trace *t, struct str stage,
				       size_t number, struct str title);

/* One reason's members, as above: for other documents, too. */
void reason_add_json(struct buf *out, const struct reason *r);

#endif
