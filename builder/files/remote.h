/*
 * Remote sources of ADD and contexts: files by http and https, trees from git
 * repositories. Fetched into a folder of the build, they are sources like any
 * others.
 */
#ifndef BUILDER_FILES_REMOTE_H
#define BUILDER_FILES_REMOTE_H

#include "base/arena.h"
#include "builder/files/context.h"
#include "parser/git_url.h"

struct remote {
	struct source_tree tree; /* what was fetched; borrows fd */
	struct str path;	 /* of the source in it; in the arena */
	int fd;			 /* of its folder */
	bool is_git;
	/* Last-Modified, or the commit's; 0 where there is none */
	int64_t time_s;
};

struct remote_options {
	struct str checksum; /* "sha256:…", or a commit; empty: not checked */
	bool keep_git_dir;
	/* Files of git are as old as their commit, unless the URL says no. */
	bool commit_times;
	const char *file_name; /* of a URL's file; NULL: the URL's own */
	bool is_context;       /* git's forms are those of contexts */
};

/*
 * Fetch source into the new folder name of parent_fd, whose path is
 * parent_path. A file gets mode 0600 and Last-Modified as its time, else the
 * epoch. A checksum that differs is ERR_CORRUPT.
 */
int remote_fetch(struct remote *r, struct arena *a, struct str source,
		 const struct remote_options *opt, int parent_fd,
		 const char *parent_path, const char *name, struct err *e);
/*
 * The same for what git_url_parse understood. ERR_NOT_FOUND or ERR_INVALID
 * where the repository has no such folder, or has something else there.
 */
int remote_fetch_git(struct remote *r, struct arena *a,
		     const struct git_url *git,
		     const struct remote_options *opt, int parent_fd,
		     const char *parent_path, const char *name, struct err *e);
/* r->tree becomes the folder of the repository that was asked for, if any. */
int remote_enter_folder(struct remote *r, struct err *e);
void remote_release(struct remote *r);

/*
 * How old a source is, which is fetched into s and removed again: its commit,
 * Last-Modified, or the newest file of an archive, in seconds since the epoch.
 * 1, 0 where nothing says so, -1.
 */
int remote_time(const struct store *s, struct str source,
		const struct remote_options *opt, int64_t *out_s,
		struct err *e);

#endif
