/*
 * Build contexts that are no folder yet: a stream (`tar c . | imgbuild -`), a
 * URL, a git repository. Each is brought into a folder of the store.
 */
#ifndef BUILDER_FILES_CONTEXT_FETCH_H
#define BUILDER_FILES_CONTEXT_FETCH_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cache/store.h"
#include "parser/git_url.h"

enum context_form {
	CONTEXT_FOLDER, /* nothing to fetch */
	CONTEXT_STREAM,
	CONTEXT_URL, /* of a tar archive or a Dockerfile */
	CONTEXT_GIT,
};

/* What the argument of `imgbuild build` names. */
struct context_source {
	enum context_form form;
	const char *text;   /* as given */
	struct git_url git; /* CONTEXT_GIT */
};

/* ERR_INVALID for a git URL that can't be meant. */
int context_source_parse(struct arena *a, const char *text,
			 struct context_source *out, struct err *e);

struct fetched_context {
	const struct store *store;
	char *name; /* of the work folder below the store; NULL: none */
	int fd;	    /* of it; what keeps a sweep away */
	char *path; /* of the context */
	/*
	 * The commit's time, Last-Modified, or that of an archive's newest
	 * entry; 0 where nobody knows.
	 */
	int64_t time_s;
};

#define FETCHED_CONTEXT_INIT ((struct fetched_context){.fd = -1})

struct context_fetch_options {
	int stream_fd;	   /* CONTEXT_STREAM: read to its end */
	bool keep_git_dir; /* as BUILDKIT_CONTEXT_KEEP_GIT_DIR says */
	bool commit_times; /* files of git are as old as their commit */
};

/*
 * Fetch any form but CONTEXT_FOLDER. 1: c->path is a folder with the context's
 * files, which belong to root. 0: what came was a Dockerfile, which *text holds
 * now; the context has nothing but it (as "context") if it was a URL. -1 error.
 * A rootless caller enters its user namespace before this, but for CONTEXT_GIT
 * after it: the program git is to be the user's.
 */
int context_fetch(struct fetched_context *c, const struct store *s,
		  const struct context_source *from,
		  const struct context_fetch_options *opt, struct buf *text,
		  struct err *e);
/* Forget the context. FETCHED_CONTEXT_INIT: nothing. */
void context_fetch_release(struct fetched_context *c);

#endif
