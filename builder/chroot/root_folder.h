/*
 * A root file system as one plain folder, laid out from layers, and what a
 * command changed in it.
 *
 * Where nothing can be mounted this stands in for an overlay: the layers are
 * copied, blocks shared where the file system can; afterwards the folder is
 * compared with a table of what every file's stat said before, and what differs
 * is copied into an upper folder in the form that overlayfs would have left.
 */
#ifndef BUILDER_CHROOT_ROOT_FOLDER_H
#define BUILDER_CHROOT_ROOT_FOLDER_H

#include "base/err.h"
#include "base/vec.h"
#include "cache/view.h"

/* A layer's folder, by what tells it from others. */
struct root_layer {
	dev_t dev;
	ino_t ino;
};

struct root_folder {
	char *name; /* in the folder that it was made in */
	int fd;
	VEC(struct root_layer) layers; /* what it holds, lowest first */
	/* A command made a second name of a file; over an overlay the next one
	 * would find two files, so it can't go on here. */
	bool has_links;
};

/*
 * Lay the layers out in the new folder name (heap; taken over) of parent_fd.
 * On failure nothing is left.
 */
int root_folder_make(struct root_folder *r, int parent_fd, char *name,
		     const int *layer_fds, size_t n_layers, struct err *e);
/* Forget it; the folder goes, too. */
void root_folder_remove(struct root_folder *r, int parent_fd);

/* Whether all that it holds are the lowest of these. */
bool root_folder_begins(const struct root_folder *r, const int *layer_fds,
			size_t n_layers);
/* It holds this layer, too: it was made of what was changed in it. */
int root_folder_note(struct root_folder *r, int layer_fd, struct err *e);
/*
 * Bring it to these layers: 1 it holds them now, 0 it can't be made to, as it
 * holds others or those that came would take something away; -1 error, and
 * what it holds is not known any more.
 */
int root_folder_extend(struct root_folder *r, const int *layer_fds,
		       size_t n_layers, struct err *e);

/* What the folder was like at one time. */
struct root_table;

int root_table_make(struct root_table **out, const struct root_folder *r,
		    struct err *e);
void root_table_free(struct root_table *t); /* NULL: nothing */
/*
 * Copy what is not as it was into upper_fd, over the layers that lower shows:
 * files and folders as they are now, whiteouts for what is gone.
 */
int root_table_changes(const struct root_table *t, struct root_folder *r,
		       const struct view *lower, int upper_fd, struct err *e);

#endif
