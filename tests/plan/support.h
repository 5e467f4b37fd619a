/*
 * What the tests of COPY and ADD share: a root to write into, and archives
 * written as text.
 */
#ifndef TESTS_PLAN_SUPPORT_H
#define TESTS_PLAN_SUPPORT_H

#include "tests/cache/support.h"

#include "builder/files/copy.h"

/*
 * A plain folder to copy from, layers to copy into, and the draft on top of
 * them; beside them a file that nothing may touch.
 */
struct workbench {
	struct temp_dir dir;
	int source_fd;
	struct view source;
	struct source_tree tree;
	int lower_fd;
	struct view lower;
	int upper_fd;
	struct target target;
	struct copy_options opt; /* owned by who runs the test */
};
void workbench_make(struct workbench *w, const char *source, const char *lower);
/* Checks that everything outside is as it was. */
void workbench_remove(struct workbench *w);
#define SCOPED_WORKBENCH SCOPED(workbench_remove) struct workbench

/* COPY source dest; *e where it gives -1. */
int workbench_copy(struct workbench *w, const char *source, const char *dest,
		   struct err *e);

/*
 * Write a tar archive to the file name. Items as put_tree's, names as they
 * stand; besides: a=>b is a hard link, a! the device 1:3. Entries belong to
 * who runs the test and date from 1000.
 */
void put_tar(int dirfd, const char *name, const char *text);

#endif
