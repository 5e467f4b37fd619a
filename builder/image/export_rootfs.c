#include "builder/image/export.h"

#include "base/io.h"
#include "cache/tree.h"
#include "oci/inode_names.h"
#include "oci/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { CHUNK_BYTES = 256 * 1024 };

struct flattener {
	struct tree_visitor visitor;
	struct sink *out;
	struct inode_names names;
	struct buf header;
	char *chunk;
};

static int write_content(struct flattener *f, int fd,
			 const struct tree_entry *entry, struct err *e)
{
	uint64_t left = (uint64_t)entry->st->st_size;
	size_t got;

	while (left) {
		size_t want = left < CHUNK_BYTES ? (size_t)left : CHUNK_BYTES;

		if (io_read_full(fd, f->chunk, want, &got, entry->name, e) < 0)
			return -1;
		if (got < want)
			return err_set(e, ERR_CORRUPT,
				       "%s: shorter than before", entry->name);
		if (f->out->write(f->out, f->chunk, got, e) < 0)
			return -1;
		left -= got;
	}
	return tar_write_padding(f->out, (uint64_t)entry->st->st_size, e);
}

static int write_entry(struct flattener *f, const struct tar_entry *out, int fd,
		       const struct tree_entry *entry, struct err *e)
{
	if (tar_write_header(f->out, out, e) < 0)
		return -1;
	if (!S_ISREG(out->mode) || out->hardlink || fd < 0)
		return 0;
	return write_content(f, fd, entry, e);
}

static int flatten_regular(struct flattener *f, struct tar_entry *out,
			   const struct tree_entry *entry, struct err *e)
{
	char value[TREE_XATTR_MAX];
	struct tar_xattr capability = {.name = STR(TREE_XATTR)};
	SCOPED_FD int fd = -1;
	ssize_t n;

	if (entry->st->st_nlink > 1 &&
	    inode_names_find(&f->names, entry->st, out->path, &out->link)) {
		out->hardlink = true;
		out->size_bytes = 0;
		return write_entry(f, out, -1, entry, e);
	}
	fd = openat(entry->dirfd, entry->name,
		    O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %.*s", STR_ARG(entry->path));
	n = fgetxattr(fd, TREE_XATTR, value, sizeof(value));
	if (n > 0) {
		capability.value = (struct str){value, (size_t)n};
		out->xattrs = &capability;
		out->n_xattrs = 1;
	}
	return write_entry(f, out, fd, entry, e);
}

static int flatten(struct tree_visitor *visitor, const struct tree_entry *entry,
		   struct err *e)
{
	struct flattener *f = (struct flattener *)visitor;
	char target[PATH_MAX];
	struct tar_entry out = {
		.path = entry->path,
		.mode = entry->st->st_mode,
		.uid = entry->st->st_uid,
		.gid = entry->st->st_gid,
		.mtime_s = entry->st->st_mtim.tv_sec,
		.rdev = entry->st->st_rdev,
	};

	if (entry->depth == 0 || S_ISSOCK(out.mode))
		return 0;
	if (S_ISREG(out.mode)) {
		out.size_bytes = (uint64_t)entry->st->st_size;
		return flatten_regular(f, &out, entry, e);
	}
	if (S_ISLNK(out.mode)) {
		ssize_t n = readlinkat(entry->dirfd, entry->name, target,
				       sizeof(target));

		if (n < 0)
			return err_sys(e, "read link %s", entry->name);
		out.link = (struct str){target, (size_t)n};
	}
	return write_entry(f, &out, -1, entry, e);
}

int export_rootfs_tar(const struct view *root, struct sink *out, struct err *e)
{
	const struct tree tree = {.view = *root};
	struct flattener f = {
		.visitor.entry = flatten,
		.out = out,
		.chunk = xmalloc(CHUNK_BYTES),
	};
	int result = tree_walk(&tree, (struct str){0}, &f.visitor, e);

	inode_names_release(&f.names);
	free(f.chunk);
	return result < 0 ? -1 : tar_write_end(out, e);
}
