/*
 * What the tests of cache/ share: layers as folders, and views as text.
 */
#ifndef TESTS_CACHE_SUPPORT_H
#define TESTS_CACHE_SUPPORT_H

#include "tests/base/support.h"

#include "cache/store.h"
#include "cache/view.h"

enum { LAYERS_MAX = 4 };

/* Layers below one temporary folder, and the view of them. */
struct layers {
	struct temp_dir dir;
	int fds[LAYERS_MAX];
	struct view view;
};

/* texts as put_tree takes them, lowest first, ending with NULL. */
void layers_make(struct layers *l, ...) __attribute__((sentinel));
/* The same as one plain folder. */
void layers_make_plain(struct layers *l, const char *text);
void layers_remove(struct layers *l);
#define SCOPED_LAYERS SCOPED(layers_remove) struct layers

/* What the view shows, in put_tree's form. */
void assert_view(const struct view *v, const char *expected);

/* A store in a temporary folder. */
struct temp_store {
	struct temp_dir dir;
	struct store store;
};
void temp_store_make(struct temp_store *t);
void temp_store_remove(struct temp_store *t);
#define SCOPED_STORE SCOPED(temp_store_remove) struct temp_store

/* snapshots/<hex of d> with the text in it. */
void put_snapshot(const struct store *s, const struct digest *d,
		  const char *text);

#endif
