/*
 * Bounded file input and output. Every path is relative to a dirfd.
 */
#ifndef BASE_IO_H
#define BASE_IO_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Write all n bytes, however often the kernel takes fewer. what names fd. */
int io_write_all(int fd, const void *p, size_t n, const char *what,
		 struct err *e);
int io_pwrite_all(int fd, const void *p, size_t n, off_t offset,
		  const char *what, struct err *e);
/* Read until n bytes or the end; *got tells. */
int io_read_full(int fd, void *p, size_t n, size_t *got, const char *what,
		 struct err *e);
/* Append everything up to the end of fd to out, up to its ceiling. */
int io_read_fd(int fd, struct buf *out, const char *what, struct err *e);
/* Append the regular file's content. 1 read, 0 there is none, -1 error. */
int io_read_file(int dirfd, const char *path, struct buf *out, struct err *e);
/* The same for what a user may point anywhere, at /dev/null most often. */
int io_read_settings(const char *path, struct buf *out, struct err *e);
/* What a command line names: - is stdin, and a missing file is an error. */
int io_read_input(const char *path, struct buf *out, struct err *e);
/* The same, with links and ".." confined to the folder root_fd. */
int io_read_file_in_root(int root_fd, const char *path, struct buf *out,
			 struct err *e);
/* Copy n bytes (or up to the end where n < 0) within the kernel where it can.
 */
int io_copy(int from, int to, int64_t n, const char *what, struct err *e);

enum io_durability {
	IO_CACHED,  /* survives the process, not a power cut */
	IO_DURABLE, /* fsync of the file, then of the folder */
};

/*
 * Put a file at dirfd/path in one step: temporary name, write, rename. Readers
 * see the old content or the new one. The folder of path must exist.
 */
int io_replace_file(int dirfd, const char *path, struct str content,
		    enum io_durability durability, struct err *e);

/*
 * What a file that the user named for output is written through, without a name
 * of its own where the file system can, so that a SIGKILL leaves nothing. A
 * regular file (or nothing) is replaced in one step and keeps its mode; a link
 * is followed, so that it stays one; a device, pipe or terminal is written to
 * as it is.
 */
struct io_output {
	int fd;
	char *path;    /* where it goes, links resolved */
	char *tmp;     /* beside path; NULL: fd is the thing itself */
	bool has_name; /* tmp is there already */
};

int io_output_open(struct io_output *o, const char *path, struct err *e);
int io_output_commit(struct io_output *o, struct err *e);
/* Forgets what was not committed. */
void io_output_release(struct io_output *o);
/* All of it: open, write, commit. */
int io_write_output(const char *path, struct str content, struct err *e);

/* A name that no other process or thread uses: "<prefix><pid>-<n>-<time>". */
void io_unique_name(struct buf *out, const char *prefix);

/* mkdir of one folder that may exist already. */
int io_mkdir(int dirfd, const char *name, mode_t mode, struct err *e);
/* Every missing folder of path. */
int io_mkdir_all(int dirfd, const char *path, mode_t mode, struct err *e);
int io_open_dir(int dirfd, const char *path, struct err *e);
/*
 * Remove name and all below, whatever the modes. Follows no links. A missing
 * name is no error.
 */
int io_remove_tree(int dirfd, const char *name, struct err *e);

#endif
