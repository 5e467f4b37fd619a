/*
 * The store's root folder: where it is, that it is its owner's alone, and which
 * version of imgbuild wrote it.
 *
 * A snapshot holds other people's files with their modes: setuid programs,
 * folders that anybody may write to. So nobody else gets below the root (0700),
 * and a folder that somebody else could have prepared is no store.
 */
#ifndef CACHE_STORE_FOLDER_H
#define CACHE_STORE_FOLDER_H

#include "base/err.h"

#include <stdbool.h>

/*
 * Open the folder at path (NULL: the default, see store_open), made where it is
 * missing, of mode 0700 whatever it was before. Refused are: one that belongs
 * to somebody else, unless $IMGBUILD_ALLOW_FOREIGN_STORE is set; and one with
 * other things in it than a store's, which would be locked away with it.
 * *path_out (heap) is absolute, without links. The fd, or -1.
 */
int store_folder_open(const char *path, char **path_out, struct err *e);

/* Whether a store was made at path (NULL: the default). */
bool store_folder_exists(const char *path);

/*
 * The file "version" has a decimal number. 1 it is this one's, 0 an older one
 * or none that can be read, -1 a newer one (ERR_UNSUPPORTED) or an error.
 */
int store_version_check(int fd, struct err *e);
int store_version_put(int fd, struct err *e);

#endif
