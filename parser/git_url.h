/*
 * Remote sources, git repositories above all: what a text names, by its form
 * alone.
 * BuildKit: frontend/dockerfile/dfgitutil, util/gitutil.
 */
#ifndef PARSER_GIT_URL_H
#define PARSER_GIT_URL_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>

enum git_choice {
	GIT_UNSAID,
	GIT_NO,
	GIT_YES,
};

struct git_url {
	struct str remote;   /* what git is given */
	struct str ref;	     /* empty: the remote's HEAD */
	struct str folder;   /* in the repository; empty: all of it */
	struct str checksum; /* a commit, or how it begins; empty: any */
	enum git_choice keep_git_dir;
	enum git_choice submodules;
	enum git_choice commit_times; /* files are as old as the commit */
};

enum remote_kind {
	REMOTE_NONE, /* a path in the context */
	REMOTE_HTTP,
	REMOTE_GIT,
};

/* What a source is, by its text. */
enum remote_kind remote_kind_of(struct str source);

/* Whether s is a git source, whatever else is wrong with it. */
bool git_url_is(struct str s);
/*
 * 1: s is a git source, and *out (in a) says which: git:// and ssh:// URLs,
 * user@host:path, http(s) URLs whose path ends in ".git"; each with
 * "#ref:folder" or "?ref=…&branch=…&tag=…&subdir=…&checksum=…&commit=…&
 * keep-git-dir&submodules=false&mtime=commit|checkout". 0: it is none.
 * -1: it is one with a query that can't be meant (ERR_INVALID).
 */
int git_url_parse(struct arena *a, struct str s, struct git_url *out,
		  struct err *e);
/*
 * The same for a build context, which also may be "github.com/…",
 * "file:///path#ref:folder" or, where the path itself does not exist,
 * "path#ref:folder".
 */
int git_url_parse_context(struct arena *a, struct str s, struct git_url *out,
			  struct err *e);

/* %41 is A; what is no such escape stays. */
struct str url_decode(struct arena *a, struct str s);
/* The URL without its fragment and query. */
struct str url_without_suffix(struct str url);

#endif
