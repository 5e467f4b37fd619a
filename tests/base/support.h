/*
 * What the unit tests of base, cache, builder and cli share: a temporary
 * folder, and folders written as text.
 *
 * A folder's text is a list of items with one blank between them, sorted:
 *   a/          a folder           a=text   a file
 *   a->target   a link             a|       a FIFO
 *   a!          a whiteout         a~       a folder that is opaque
 */
#ifndef TESTS_BASE_SUPPORT_H
#define TESTS_BASE_SUPPORT_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"

#include <stdbool.h>
#include <sys/stat.h>

/* A folder that is removed at the end of the test. */
struct temp_dir {
	char path[64];
	int fd;
};
void temp_dir_make(struct temp_dir *t);
void temp_dir_remove(struct temp_dir *t);
#define SCOPED_TEMP_DIR SCOPED(temp_dir_remove) struct temp_dir

/* Make what text lists below dirfd; missing parent folders are made too. */
void put_tree(int dirfd, const char *text);
/* put_tree into the new folder name; its fd. */
int put_folder(int dirfd, const char *name, const char *text);
void put_file(int dirfd, const char *path, struct str content, mode_t mode);
/* What is below dirfd, as put_tree takes it. */
void tree_text(struct buf *out, int dirfd);
void assert_tree(int dirfd, const char *expected);

bool path_exists(int dirfd, const char *path);
void assert_file(int dirfd, const char *path, const char *content);
struct stat stat_of(int dirfd, const char *path);
void set_mtime(int dirfd, const char *path, int64_t seconds);

/* Ends the test as skipped where it runs as an ordinary user. */
void skip_unless_root(void);
/* Ends the test as skipped for root, who passes every permission check. */
void skip_as_root(void);

#define assert_str(actual, expected)                            \
	do {                                                    \
		SCOPED_PTR char *actual_copy = str_dup(actual); \
		assert_string_equal(actual_copy, expected);     \
	} while (0)

/* call gives -1 and sets e where it fails. */
#define assert_ok(call)                                   \
	do {                                              \
		if ((call) < 0)                           \
			fail_msg("%s: %s", #call, e.msg); \
	} while (0)

/* e has the code, and a message that contains text. */
void assert_error(const struct err *e, enum err_code code, const char *text);

#endif
