/*
 * Image names: [domain/]path[:tag][@digest], normalised as docker does.
 * Grammar: distribution/reference.
 */
#ifndef OCI_REFERENCE_H
#define OCI_REFERENCE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct reference {
	struct str domain; /* "docker.io", "localhost:5000" */
	struct str path;   /* "library/debian" */
	struct str tag;	   /* "latest" where neither tag nor digest was given */
	struct str digest; /* "sha256:…", or empty */
};

/*
 * Parse and normalise: "debian" is docker.io/library/debian:latest. Fails with
 * ERR_INVALID; an upper-case name says so and suggests the lower-case one.
 */
int reference_parse(struct arena *a, struct str s, struct reference *out,
		    struct err *e);
/* The whole name, "docker.io/library/debian:latest". In a. */
struct str reference_name(struct arena *a, const struct reference *r);
/* As docker shows it: "debian:latest", without docker.io/library/. In a. */
struct str reference_familiar(struct arena *a, const struct reference *r);

#endif
