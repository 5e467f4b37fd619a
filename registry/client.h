/*
 * A client of registries: what several threads share (settings, certificates,
 * access tokens, connections), and one call with authentication and retries.
 * Spec: distribution-spec 1.1; distribution's token specification.
 */
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include "registry/settings.h"
#include "registry/transport.h"

struct registry;

struct registry_options {
	struct str_list insecure; /* hosts of --insecure-registry */
	int cancel_fd;		  /* readable when work is to end; -1 */
};

/* Nothing is read and nobody is asked before something is needed. */
struct registry *registry_open(const struct registry_options *opt);
void registry_close(struct registry *r); /* NULL does nothing */
/* settings_endpoints with the files' settings and --insecure-registry. */
int registry_endpoints(struct registry *r, struct arena *a,
		       const struct reference *ref, struct endpoint **out,
		       size_t *n_out, struct err *e);

/* What is asked of an endpoint. */
struct registry_call {
	const struct endpoint *endpoint;
	struct str scope;  /* of the access token; empty: none is asked for */
	struct str object; /* what it is about, for errors: "library/x:1" */
	const char *method;
	const char *path; /* "/v2/…"; or url, a whole one */
	const char *url;
	const char *const *headers;
	size_t n_headers;
	const struct http_body *body;
	struct sink *out;
	uint64_t max_bytes;
	bool once; /* broken off, it is not to be sent again */
};

/*
 * Carry it out: find out http or https, authenticate where it is asked for, and
 * try again what broke off, was too much or failed in the server, with growing
 * pauses and as Retry-After says. What out got it keeps: the rest is asked for.
 * 0 for an answer below 500 that is neither 401, 403 nor 429; else an error,
 * one sentence for each kind.
 */
int registry_call(struct registry *r, const struct registry_call *c,
		  struct http_response *out, struct err *e);

/* The error that an answer means that the caller has no use for. */
int registry_refused(struct registry *r, const struct registry_call *c,
		     const struct http_response *answer, struct err *e);

/*
 * Check a credential against a registry, as `login` does. The credential to
 * keep, which may be an identity token, is left in *c, in a.
 */
struct credential;
int registry_login(struct registry *r, struct arena *a, struct str host,
		   struct credential *c, struct err *e);

#endif
