/*
 * Remote sources of ADD: files by http and https, trees from git repositories.
 * Fetched into a folder of the build, they are sources like any others.
 */
#ifndef BUILDER_REMOTE_H
#define BUILDER_REMOTE_H

#include "base/arena.h"
#include "builder/context.h"

enum remote_kind {
	REMOTE_NONE, /* a path in the context */
	REMOTE_HTTP,
	REMOTE_GIT,
};

/*
 * What a source is, by its text: http(s) URLs, git:// and ssh:// URLs,
 * user@host:path, and http(s) URLs whose path ends in .git. BuildKit:
 * util/gitutil, dfgitutil.
 */
enum remote_kind remote_kind_of(struct str source);

struct remote {
	struct source_tree tree; /* what was fetched; borrows fd */
	struct str path;	 /* of the source in it; in the arena */
	int fd;			 /* of its folder */
};

struct remote_options {
	struct str checksum; /* "sha256:…", or a commit; empty: not checked */
	bool keep_git_dir;
};

/*
 * Fetch source into the new folder name of parent_fd, whose path is
 * parent_path. A file gets mode 0600 and Last-Modified as its time, else the
 * epoch. A checksum that differs is ERR_CORRUPT.
 */
int remote_fetch(struct remote *r, struct arena *a, struct str source,
		 const struct remote_options *opt, int parent_fd,
		 const char *parent_path, const char *name, struct err *e);
void remote_release(struct remote *r);

#endif
