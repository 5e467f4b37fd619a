/*
 * The files of an image archive, found by name: a tar (read where it lies, or
 * through a temporary file where it is compressed or a pipe) or a folder.
 */
#ifndef OCI_ARCHIVE_BUNDLE_H
#define OCI_ARCHIVE_BUNDLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/strmap.h"
#include "oci/stream.h"

#include <stdint.h>

struct bundle {
	struct arena arena;
	struct strmap files; /* of a tar: clean path to where it is */
	int fd;		     /* the tar, or -1 */
	int folder;	     /* the folder, or -1 */
};

/* A file of the bundle, being read. */
struct bundle_source {
	struct source_stream source;
	int fd; /* owned where it is one of a folder */
	bool owned;
	uint64_t offset;
	uint64_t left;
};

/* Temporary files go below tmp/ in the store at dirfd. */
int bundle_open(struct bundle *b, int dirfd, const char *path, struct err *e);
int bundle_open_fd(struct bundle *b, int dirfd, int fd, struct err *e);
void bundle_release(struct bundle *b);

/* 1 open, 0 there is none, -1 error. Links of a tar are followed. */
int bundle_find(struct bundle *b, struct str name, struct bundle_source *out,
		struct err *e);
void bundle_source_release(struct bundle_source *s);
/* Append the file to out. 1 read, 0 there is none, -1 error. */
int bundle_read(struct bundle *b, struct str name, struct buf *out,
		struct err *e);

#endif
