/*
 * skopeo's dir: as a destination: version, manifest.json, a file for each blob
 * named by its digest's hex, and <hex>.manifest.json for what an index names.
 */
#include "oci/transports.h"

#include "base/io.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static const struct str version = {"Directory Transport Version: 1.1\n", 33};

static int put_blob(struct image_dest *d, struct image_source *s,
		    const struct descriptor *blob, struct err *e)
{
	const struct dir_dest *dir = (const struct dir_dest *)d;
	char name[DIGEST_HEX_SIZE];
	SCOPED_PTR char *tmp = NULL;
	struct fd_sink out;
	SCOPED_FD int fd = -1;

	digest_hex(&blob->digest, name);
	tmp = xasprintf(".%s.new", name);
	fd = openat(dir->dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		    0644);
	if (fd < 0)
		return err_sys(e, "create %s", tmp);
	fd_sink_init(&out, fd, name);
	if (transfer_blob(s, blob, &out.sink, e) < 0) {
		(void)unlinkat(dir->dirfd, tmp, 0);
		return -1;
	}
	if (renameat(dir->dirfd, tmp, dir->dirfd, name) < 0)
		return err_sys(e, "rename %s to %s", tmp, name);
	return 0;
}

static int put_manifest(struct image_dest *d, const struct tree_manifest *m,
			struct err *e)
{
	const struct dir_dest *dir = (const struct dir_dest *)d;
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *name = xasprintf(
		"%s.manifest.json", digest_hex(&m->descriptor.digest, hex));

	return io_replace_file(dir->dirfd, name, m->bytes, IO_CACHED, e);
}

/* The root has a name of its own only. */
static int finish(struct image_dest *d, const struct image_tree *t,
		  struct err *e)
{
	const struct dir_dest *dir = (const struct dir_dest *)d;
	const struct tree_root *root = &t->roots.v[0];
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *name = xasprintf(
		"%s.manifest.json", digest_hex(&root->descriptor.digest, hex));

	if (t->roots.n != 1)
		return err_set(e, ERR_INVALID, "dir: takes one image");
	if (renameat(dir->dirfd, name, dir->dirfd, "manifest.json") < 0)
		return err_sys(e, "rename %s to manifest.json", name);
	return io_replace_file(dir->dirfd, "version", version, IO_CACHED, e);
}

void dir_dest_init(struct dir_dest *d, int dirfd)
{
	*d = (struct dir_dest){
		.dest = {.n_threads = 4,
			 .put_blob = put_blob,
			 .put_manifest = put_manifest,
			 .finish = finish},
		.dirfd = dirfd,
	};
}
