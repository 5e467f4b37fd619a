/*
 * What a build reads before it can plan: its context, where that has to be
 * fetched, and the Dockerfile.
 */
#ifndef CLI_BUILD_INPUT_H
#define CLI_BUILD_INPUT_H

#include "builder/files/context_fetch.h"
#include "builder/sandbox/userns.h"
#include "cli/build_options.h"

struct build_input {
	struct buf text;       /* the Dockerfile */
	char *dockerfile_path; /* NULL where it is no file */
	const char *context;   /* the folder's path */
	struct fetched_context fetched;
};

#define BUILD_INPUT_INIT ((struct build_input){.fetched = FETCHED_CONTEXT_INIT})

/* Strings live in r's arena. */
int build_input_read(struct build_input *in, struct build_request *r,
		     const struct store *s, enum tier tier, struct err *e);
void build_input_release(struct build_input *in);

#endif
