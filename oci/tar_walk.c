#include "oci/tar_walk.h"

#include "base/vec.h"
#include "oci/tar_reader.h"

#include <archive.h>
#include <archive_entry.h>

struct tar_content {
	struct tar_reader reader;
	struct archive_entry *entry;
	VEC(struct tar_xattr) xattrs;
};

static void collect_xattrs(struct tar_content *c)
{
	const char *name;
	const void *value;
	size_t n;

	c->xattrs.n = 0;
	(void)archive_entry_xattr_reset(c->entry); /* tells how many */
	while (archive_entry_xattr_next(c->entry, &name, &value, &n) ==
	       ARCHIVE_OK) {
		struct tar_xattr *x = vec_push(&c->xattrs);

		x->name = str_from(name);
		x->value = (struct str){value, n};
	}
}

static int id_of(int64_t id, uint32_t *out, struct err *e)
{
	/* 2^32 - 1 means "leave it" to chown */
	if (id < 0 || id >= UINT32_MAX)
		return err_set(e, ERR_INVALID,
			       "archive: owner %lld is out of "
			       "range",
			       (long long)id);
	*out = (uint32_t)id;
	return 0;
}

/* GNU's own kind of entry for sparse files, which Go's docker knows not. */
static bool is_old_sparse(struct tar_content *c)
{
	return archive_entry_sparse_count(c->entry) > 0 &&
	       archive_format(c->reader.archive) == ARCHIVE_FORMAT_TAR_GNUTAR;
}

static int entry_of(struct tar_content *c, struct tar_entry *out, struct err *e)
{
	const char *hardlink = archive_entry_hardlink(c->entry);

	if (is_old_sparse(c))
		return err_set(e, ERR_UNSUPPORTED,
			       "archive: %s: unhandled tar header type 'S' "
			       "(a sparse file); write it with --format=pax",
			       archive_entry_pathname(c->entry));
	collect_xattrs(c);
	*out = (struct tar_entry){
		.path = str_from(archive_entry_pathname(c->entry)),
		.mode = archive_entry_filetype(c->entry) |
			(archive_entry_perm(c->entry) & 07777),
		.mtime_s = archive_entry_mtime(c->entry),
		.size_bytes = (uint64_t)archive_entry_size(c->entry),
		.link = str_from(hardlink ? hardlink
					  : archive_entry_symlink(c->entry)),
		.hardlink = hardlink != NULL,
		.rdev = archive_entry_rdev(c->entry),
		.xattrs = c->xattrs.v,
		.n_xattrs = c->xattrs.n,
	};
	if (out->path.n == 0)
		return err_set(e, ERR_INVALID, "archive: entry without a path");
	if (id_of(archive_entry_uid(c->entry), &out->uid, e) < 0)
		return -1;
	return id_of(archive_entry_gid(c->entry), &out->gid, e);
}

static int walk(struct tar_content *c, struct tar_walker *w, struct err *e)
{
	int more = tar_reader_next(&c->reader, &c->entry, e);

	/* what fails at the first header is no archive */
	if (more <= 0)
		return more < 0 && e->code == ERR_SYS ? -1 : 0;
	while (more > 0) {
		struct tar_entry entry;

		if (entry_of(c, &entry, e) < 0 || w->entry(w, &entry, c, e) < 0)
			return -1;
		more = tar_reader_next(&c->reader, &c->entry, e);
	}
	return more < 0 ? -1 : 1;
}

int tar_walk(struct source_stream *in, struct tar_walker *w, struct err *e)
{
	struct tar_content c = {0};
	int result;

	/* it reads ahead, so bytes that are no tar may fail here already */
	if (tar_reader_open(&c.reader, in, 0, e) < 0)
		result = e->code == ERR_SYS ? -1 : 0;
	else
		result = walk(&c, w, e);
	tar_reader_close(&c.reader);
	vec_release(&c.xattrs);
	return result;
}

int tar_content_copy(struct tar_content *content, int fd, struct err *e)
{
	return tar_reader_copy(&content->reader, content->entry, fd, e);
}
