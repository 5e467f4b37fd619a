/*
 * ADD's unpacking of archives, recognised by their content.
 * BuildKit: solver/llbsolver/file/unpack.go.
 */
#ifndef BUILDER_FILES_UNPACK_H
#define BUILDER_FILES_UNPACK_H

#include "builder/files/copy.h"

/* Past these an archive is refused (ERR_LIMIT). */
#define UNPACK_MAX_BYTES (64ULL << 30) /* of files in it */
#define UNPACK_MAX_ENTRIES 10000000ULL

/*
 * Unpack the selected file below the folder dest where it is a tar archive
 * (gzip, bzip2, xz, zstd or plain). 1 unpacked, 0 it is no archive, -1 error.
 */
int unpack_selected(const struct source_tree *from, const struct selected *what,
		    const struct target *to, struct str dest,
		    const struct copy_options *opt, struct err *e);

/* The same for an open file, read from its offset. */
int unpack_fd(int fd, const struct target *to, struct str dest,
	      const struct copy_options *opt, struct err *e);

#endif
