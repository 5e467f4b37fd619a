/*
 * The store: one folder that holds everything imgbuild keeps.
 *
 *   oci-layout  index.json  blobs/   an image layout; index.json has the names
 *   snapshots/<diff_id hex>/         unpacked layers, usable as overlay lowers
 *   seals/<diff_id hex>              how those stood when they were put there
 *   steps/<key hex>                  step records
 *   variants/<diff_id hex>-<kind>    compressed forms of layers
 *   stat/<name>                      stat caches
 *   origins/<hex>                    where blobs can be had (oci/blob_origin.h)
 *   listings/<content hex>           files behind a step's content (listing.h)
 *   traces/<identity hex>            last builds, step by step (trace.h)
 *   version                          of this format (store_folder.h)
 *   logs/  locks/  tmp/
 *
 * Layers that were built here have no blob: they are written again from their
 * snapshot when an export needs their bytes.
 */
#ifndef CACHE_STORE_H
#define CACHE_STORE_H

#include "base/err.h"
#include "oci/blobs.h"

struct keeping;
struct store_listener;

struct store {
	int fd;	    /* of the root folder */
	char *path; /* absolute */
	struct blobs blobs;
	struct keeping *keeping; /* what is to be kept (keeping.h) */
};

/*
 * Open the store at path (NULL: $IMGBUILD_ROOT, else $XDG_DATA_HOME/imgbuild
 * or ~/.local/share/imgbuild, else /var/lib/imgbuild for root) and create what
 * is missing of it. It is the user's alone: see store_folder.h for what is
 * refused. One of a newer version is ERR_UNSUPPORTED.
 */
int store_open(struct store *s, const char *path, struct err *e);
/* The same for who only reads: ERR_NOT_FOUND where there is no store. */
int store_open_existing(struct store *s, const char *path, struct err *e);
void store_release(struct store *s);
/*
 * Open the folder again under the same descriptor, if it is still the same.
 * After the process entered a mount namespace: what was opened before can't be
 * mounted from in it.
 */
int store_reopen(const struct store *s, struct err *e);

/*
 * Create tmp/<unique>/ and open it; other processes leave it alone while this
 * one lives. *name_out (heap) is its path below the store. The fd, or -1.
 */
int store_workdir_create(const struct store *s, char **name_out, struct err *e);
/*
 * Make durable and visible what was made since the last time. A failure says
 * that it is not kept, and the build is to fail of it.
 */
int store_publish(const struct store *s, struct err *e);
/* Who is told what is found damaged, and so made again; NULL: nobody. */
void store_listen(const struct store *s, struct store_listener *l);
/* Read all of a snapshot before its first use, not only its seal. */
void store_distrust(const struct store *s);

/* Remove what processes that died left below tmp/. */
int store_sweep(const struct store *s, struct err *e);

#endif
