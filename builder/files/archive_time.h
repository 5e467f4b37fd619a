/* How old an archive is, by the newest of its files. */
#ifndef BUILDER_FILES_ARCHIVE_TIME_H
#define BUILDER_FILES_ARCHIVE_TIME_H

#include "base/err.h"

#include <stdint.h>

/*
 * The time of the newest regular file in the archive that fd is, in seconds
 * since the epoch; 0 where it is no archive or has none. fd is read from its
 * beginning.
 */
int archive_time(int fd, int64_t *out_s, struct err *e);

#endif
