/*
 * Unpacking a layer: libarchive reads the tar, layer_disk.c writes. Every byte
 * of the source is hashed on its way to libarchive, and the source is read to
 * its end, so that the digest is that of the whole blob.
 */
#include "oci/layer.h"

#include "base/path.h"
#include "base/vec.h"
#include "oci/layer_disk.h"
#include "oci/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define OPAQUE_NAME ".wh..wh..opq"

struct apply {
	struct tar_reader reader;
	struct layer_disk disk;
	struct buf path;
	struct buf link;
	VEC(struct tar_xattr) xattrs;
};

static void apply_release(struct apply *a)
{
	tar_reader_close(&a->reader);
	layer_disk_release(&a->disk);
	buf_release(&a->path);
	buf_release(&a->link);
	vec_release(&a->xattrs);
}

/*
 * The path without leading, doubled and trailing slashes and "." components.
 * ERR_INVALID for "..".
 */
static int clean_path(struct buf *out, const char *path, struct err *e)
{
	struct str rest = str_from(path);
	struct str component;

	buf_clear(out);
	while (path_next(&rest, &component)) {
		if (str_eq_c(component, "."))
			continue;
		if (str_eq_c(component, ".."))
			return err_set(e, ERR_INVALID,
				       "path '%.256s' has a '..' component",
				       path);
		if (out->n)
			buf_add_char(out, '/');
		buf_add_str(out, component);
	}
	if (!out->p)
		buf_add_c(out, "");
	return buf_check(out, "path", e);
}

/* 1: an entry of AUFS's own, or below one; no layer means anything by it. */
static int check_folders(struct str path, struct err *e)
{
	struct str rest = path_dir(path);
	struct str component;

	while (path_next(&rest, &component)) {
		if (str_starts(component, WHITEOUT_META_PREFIX))
			return 1;
		if (str_starts(component, WHITEOUT_PREFIX))
			return err_set(e, ERR_INVALID,
				       "path '%.*s' goes through a whiteout",
				       STR_ARG(path));
	}
	return 0;
}

static int apply_whiteout(struct apply *a, struct str path, struct str base,
			  struct err *e)
{
	SCOPED_BUF struct buf hidden = BUF_INIT(1 << 20);
	struct str name = str_skip(base, strlen(WHITEOUT_PREFIX));
	struct str folder = path_dir(path);

	if (str_eq_c(base, OPAQUE_NAME))
		return layer_disk_opaque(&a->disk, folder, e);
	if (str_starts(base, WHITEOUT_META_PREFIX))
		return 0;
	if (!name.n || str_eq_c(name, ".") || str_eq_c(name, ".."))
		return err_set(e, ERR_INVALID, "whiteout '%.*s' names no file",
			       STR_ARG(path));
	buf_add_str(&hidden, folder);
	if (folder.n)
		buf_add_char(&hidden, '/');
	buf_add_str(&hidden, name);
	return layer_disk_whiteout(&a->disk, buf_str(&hidden), e);
}

static int id_of(int64_t id, const char *what, uint32_t *out, struct err *e)
{
	/* 2^32 - 1 means "leave it" to chown */
	if (id < 0 || id >= UINT32_MAX)
		return err_set(e, ERR_INVALID, "%s %lld is out of range", what,
			       (long long)id);
	*out = (uint32_t)id;
	return 0;
}

static void collect_xattrs(struct apply *a, struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t n;

	a->xattrs.n = 0;
	(void)archive_entry_xattr_reset(entry); /* tells how many there are */
	while (archive_entry_xattr_next(entry, &name, &value, &n) ==
	       ARCHIVE_OK) {
		struct tar_xattr *x = vec_push(&a->xattrs);

		x->name = str_from(name);
		x->value = (struct str){value, n};
	}
}

static int attributes_of(struct apply *a, struct archive_entry *entry,
			 struct disk_attributes *out, struct err *e)
{
	collect_xattrs(a, entry);
	*out = (struct disk_attributes){
		.mode = archive_entry_filetype(entry) |
			(archive_entry_perm(entry) & 07777),
		.mtime = {archive_entry_mtime(entry),
			  archive_entry_mtime_nsec(entry)},
		.rdev = archive_entry_rdev(entry),
		.xattrs = a->xattrs.v,
		.n_xattrs = a->xattrs.n,
	};
	if (out->mtime.tv_nsec < 0 || out->mtime.tv_nsec > 999999999)
		out->mtime.tv_nsec = 0;
	if (id_of(archive_entry_uid(entry), "user id", &out->uid, e) < 0 ||
	    id_of(archive_entry_gid(entry), "group id", &out->gid, e) < 0)
		return -1;
	return 0;
}

static int apply_file(struct apply *a, struct archive_entry *entry,
		      const struct disk_attributes *at, struct err *e)
{
	SCOPED_FD int fd = layer_disk_create(&a->disk, buf_str(&a->path), e);

	if (fd < 0 || tar_reader_copy(&a->reader, entry, fd, e) < 0)
		return -1;
	return layer_disk_finish(&a->disk, fd, at, e);
}

static int apply_link(struct apply *a, const char *target, struct err *e)
{
	if (clean_path(&a->link, target, e) < 0)
		return -1;
	if (!a->link.n || check_folders(buf_str(&a->link), e) != 0 ||
	    str_starts(path_base(buf_str(&a->link)), WHITEOUT_PREFIX))
		return err_set(e, ERR_INVALID,
			       "hard link to '%.256s', which can't be a file",
			       target);
	return layer_disk_link(&a->disk, buf_str(&a->path), buf_str(&a->link),
			       e);
}

static int apply_symlink(struct apply *a, struct archive_entry *entry,
			 const struct disk_attributes *at, struct err *e)
{
	const char *target = archive_entry_symlink(entry);

	if (!target || !*target)
		return err_set(e, ERR_INVALID, "a link without a target");
	return layer_disk_symlink(&a->disk, buf_str(&a->path), target, at, e);
}

static int apply_by_type(struct apply *a, struct archive_entry *entry,
			 struct err *e)
{
	struct disk_attributes at;

	if (archive_entry_hardlink(entry))
		return apply_link(a, archive_entry_hardlink(entry), e);
	if (attributes_of(a, entry, &at, e) < 0)
		return -1;
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG: return apply_file(a, entry, &at, e);
	case AE_IFDIR:
		return layer_disk_folder(&a->disk, buf_str(&a->path), &at, e);
	case AE_IFLNK: return apply_symlink(a, entry, &at, e);
	case AE_IFCHR:
	case AE_IFBLK:
	case AE_IFIFO:
		return layer_disk_node(&a->disk, buf_str(&a->path), &at, e);
	default: return err_set(e, ERR_UNSUPPORTED, "entry of unknown type");
	}
}

static int apply_entry(struct apply *a, struct archive_entry *entry,
		       struct err *e)
{
	const char *name = archive_entry_pathname(entry);
	struct str base;
	int foreign;

	if (!name)
		return err_set(e, ERR_INVALID, "entry without a path");
	if (clean_path(&a->path, name, e) < 0)
		return -1;
	if (!a->path.n && archive_entry_filetype(entry) != AE_IFDIR)
		return err_set(e, ERR_INVALID,
			       "entry '%.256s' would replace the root", name);
	foreign = check_folders(buf_str(&a->path), e);
	if (foreign)
		return foreign < 0 ? -1 : 0;
	base = path_base(buf_str(&a->path));
	if (str_starts(base, WHITEOUT_PREFIX))
		return apply_whiteout(a, buf_str(&a->path), base, e);
	if (apply_by_type(a, entry, e) < 0)
		return err_wrap(e, "layer: /%s", buf_c(&a->path));
	return 0;
}

static int apply_all(struct apply *a, struct err *e)
{
	struct archive_entry *entry;
	int more;

	while ((more = tar_reader_next(&a->reader, &entry, e)) > 0)
		if (apply_entry(a, entry, e) < 0)
			return -1;
	return more;
}

int layer_apply(int dirfd, struct source_stream *in,
		const struct layer_apply_options *opt, struct digest *diff_id,
		uint64_t *size_bytes, struct err *e)
{
	SCOPED(apply_release)
	struct apply a = {
		.path = BUF_INIT(1 << 20),
		.link = BUF_INIT(1 << 20),
		.disk.parent_fd = -1,
	};

	if (layer_disk_begin(&a.disk, dirfd, opt, e) < 0 ||
	    tar_reader_open(&a.reader, in, opt->max_bytes, e) < 0 ||
	    apply_all(&a, e) < 0 || layer_disk_end(&a.disk, e) < 0)
		return -1;
	return tar_reader_finish(&a.reader, diff_id, size_bytes, e);
}
