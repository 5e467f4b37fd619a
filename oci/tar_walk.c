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

/* As chown takes it in docker: 32 bits, of which all set leave root's. */
static uint32_t id_of(int64_t id)
{
	uint32_t low = (uint32_t)(uint64_t)id;

	return low == UINT32_MAX ? 0 : low;
}

/* What docker's archive package knows: ustar's types, but no contiguous file.
 */
static int check_type(const struct tar_content *c, struct err *e)
{
	int type = c->reader.types.type;

	if (type <= 0 || (type >= '0' && type <= '6'))
		return 0;
	return err_set(e, ERR_UNSUPPORTED,
		       "archive: unhandled tar header type '%c'%s", type,
		       type == 'S' ? " (a sparse file); write it with "
				     "--format=pax"
				   : "");
}

/* One that is written as a file stays one, though its name ends in a slash. */
static mode_t mode_of(const struct tar_content *c)
{
	mode_t kind = archive_entry_filetype(c->entry);

	if (c->reader.types.type == '0' && kind == S_IFDIR)
		kind = S_IFREG;
	return kind | (archive_entry_perm(c->entry) & 07777);
}

static struct tar_entry entry_of(struct tar_content *c)
{
	const char *hardlink = archive_entry_hardlink(c->entry);

	collect_xattrs(c);
	return (struct tar_entry){
		.path = str_from(archive_entry_pathname(c->entry)),
		.mode = mode_of(c),
		.uid = id_of(archive_entry_uid(c->entry)),
		.gid = id_of(archive_entry_gid(c->entry)),
		.mtime_s = archive_entry_mtime(c->entry),
		.size_bytes = (uint64_t)archive_entry_size(c->entry),
		.link = str_from(hardlink ? hardlink
					  : archive_entry_symlink(c->entry)),
		.hardlink = hardlink != NULL,
		.rdev = archive_entry_rdev(c->entry),
		.xattrs = c->xattrs.v,
		.n_xattrs = c->xattrs.n,
	};
}

static int walk(struct tar_content *c, struct tar_walker *w, struct err *e)
{
	int more = tar_reader_next(&c->reader, &c->entry, e);
	bool any = more > 0 || c->reader.types.global;

	/* what fails at the first header is no archive */
	if (more < 0)
		return e->code == ERR_SYS ? -1 : 0;
	while (check_type(c, e) == 0) {
		struct tar_entry entry;

		if (more <= 0)
			return more < 0 ? -1 : any;
		entry = entry_of(c);
		if (w->entry(w, &entry, c, e) < 0)
			return -1;
		more = tar_reader_next(&c->reader, &c->entry, e);
	}
	return -1;
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
