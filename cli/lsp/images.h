/* The store's images, for an editor: read where there is a store. */
#ifndef CLI_LSP_IMAGES_H
#define CLI_LSP_IMAGES_H

#include "base/arena.h"
#include "base/buf.h"

/* Their names as people write them; *n of them, in a. */
const struct str *lsp_images(struct arena *a, size_t *n);

/* Append what the image of that name is made of; false where it is not there.
 */
bool lsp_image_describe(struct buf *out, struct str name);

#endif
