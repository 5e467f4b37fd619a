/*
 * A snapshot folder as a canonical tar.
 *
 * Order: a folder, then what it holds, folder by folder, so that everything
 * below a/ comes before a-b although '-' sorts before '/'. Within a folder the
 * opaque mark, then whiteouts, then the rest, each bytewise by name. The root
 * itself has no entry: it belongs to no layer (as with containerd's differ).
 *
 * Whiteouts are empty regular files of mode 0, owner 0:0 and time 0, as
 * containerd's are: what stands in their inode means nothing.
 *
 * content_id: SHA-256 over "layer/1\n" and, for each entry in that order,
 *   type+mode u32 | uid u32 | gid u32 | rdev u64 | size u64 | is hard link u8 |
 *   path | link target | number of xattrs u64, each name, value |
 *   content digest (regular files that are not hard links)
 * integers little-endian, strings as a u64 length and bytes. No timestamps.
 */
#include "oci/layer.h"

#include "base/buf.h"
#include "base/mem.h"
#include "oci/dirlist.h"
#include "oci/inode_names.h"
#include "oci/layer_out.h"
#include "oci/tar.h"
#include "oci/xattr.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum {
	MAX_DEPTH = 4096, /* folders in folders: an open descriptor each */
	PATH_MAX_BYTES = 1 << 20,
	LINK_MAX_BYTES = 4096,
};

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME ".wh..wh..opq"

struct walk {
	const struct layer_write_options *opt;
	struct layer_out out;
	struct sha256 content;
	uint64_t n_entries;
	struct dirlist names;
	struct inode_names links;
	struct xattrs xattrs;
	struct buf path; /* of the entry being written */
	struct buf header;
	struct buf meta;
	char link[LINK_MAX_BYTES];
	unsigned depth;
};

static void add_u32(struct buf *b, uint32_t n)
{
	buf_add(b, &n, sizeof(n));
}

static void add_u64(struct buf *b, uint64_t n)
{
	buf_add(b, &n, sizeof(n));
}

static void add_text(struct buf *b, struct str s)
{
	add_u64(b, s.n);
	buf_add_str(b, s);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "add_u32 and add_u64 write what the content id says");

static void hash_entry(struct walk *w, const struct tar_entry *t,
		       const struct digest *content)
{
	struct buf *b = &w->meta;
	const char hardlink = t->hardlink;

	if (w->opt->bytes_only)
		return;
	buf_clear(b);
	add_u32(b, t->mode);
	add_u32(b, t->uid);
	add_u32(b, t->gid);
	add_u64(b, t->rdev);
	add_u64(b, t->size_bytes);
	buf_add_char(b, hardlink);
	add_text(b, t->path);
	add_text(b, t->link);
	add_u64(b, t->n_xattrs);
	for (size_t i = 0; i < t->n_xattrs; i++) {
		add_text(b, t->xattrs[i].name);
		add_text(b, t->xattrs[i].value);
	}
	if (content)
		buf_add(b, content->bytes, sizeof(content->bytes));
	sha256_update(&w->content, b->p, b->n);
}

static int write_header(struct walk *w, const struct tar_entry *t,
			struct err *e)
{
	w->n_entries++;
	buf_clear(&w->header);
	if (tar_add_header(&w->header, t, e) < 0)
		return -1;
	return layer_out_add(&w->out, w->header.p, w->header.n, e);
}

static int write_plain(struct walk *w, const struct tar_entry *t, struct err *e)
{
	if (write_header(w, t, e) < 0)
		return -1;
	hash_entry(w, t, NULL);
	return 0;
}

/* What every kind of entry takes from its inode. */
static struct tar_entry entry_from(const struct walk *w, const struct stat *st)
{
	int64_t mtime_s = st->st_mtim.tv_sec;

	return (struct tar_entry){
		.path = buf_str(&w->path),
		.mode = st->st_mode,
		.uid = st->st_uid,
		.gid = st->st_gid,
		.mtime_s = mtime_s < w->opt->mtime_max_s ? mtime_s
							 : w->opt->mtime_max_s,
		.xattrs = w->xattrs.list.v,
		.n_xattrs = w->xattrs.list.n,
	};
}

/* The whiteout (or opaque mark) called .wh.<name> beside the current path. */
static int write_whiteout(struct walk *w, struct str folder, struct str name,
			  struct err *e)
{
	SCOPED_BUF struct buf path = BUF_INIT(PATH_MAX_BYTES);
	struct tar_entry t = {.mode = S_IFREG};
	struct digest empty = digest_of("", 0);

	buf_add_str(&path, folder);
	if (folder.n)
		buf_add_char(&path, '/');
	buf_add_c(&path, WHITEOUT_PREFIX);
	buf_add_str(&path, name);
	if (buf_check(&path, "path", e) < 0)
		return -1;
	t.path = buf_str(&path);
	if (write_header(w, &t, e) < 0)
		return -1;
	hash_entry(w, &t, &empty);
	return 0;
}

/*
 * 1: a second name of an inode that was written, as a hard link to the first.
 * 0: its first name; it is remembered.
 */
static int write_second_name(struct walk *w, const struct stat *st,
			     struct err *e)
{
	struct tar_entry t;
	struct str first;

	if (st->st_nlink < 2)
		return 0;
	if (!inode_names_find(&w->links, st, buf_str(&w->path), &first))
		return 0;
	w->xattrs.list.n = 0;
	t = entry_from(w, st);
	t.hardlink = true;
	t.link = first;
	return write_plain(w, &t, e) < 0 ? -1 : 1;
}

static int write_content(struct walk *w, int fd, const struct stat *st,
			 struct err *e)
{
	struct tar_entry t = entry_from(w, st);
	struct digest content;

	t.size_bytes = (uint64_t)st->st_size;
	if (write_header(w, &t, e) < 0 ||
	    layer_out_add_file(&w->out, fd, t.size_bytes, &content, e) < 0)
		return -1;
	hash_entry(w, &t, &content);
	if (w->opt->file && !w->opt->bytes_only)
		w->opt->file(w->opt->ctx, t.path, st, &content);
	return 0;
}

static int write_file(struct walk *w, int dirfd, const char *name,
		      struct err *e)
{
	/* O_NONBLOCK: should it have become a FIFO, that must not hang */
	SCOPED_FD int fd = openat(
		dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int second;

	if (fd < 0)
		return err_sys(e, "open");
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CORRUPT,
			       "was replaced while it was read");
	second = write_second_name(w, &st, e);
	if (second)
		return second < 0 ? -1 : 0;
	if (xattrs_read(&w->xattrs, fd, e) < 0)
		return -1;
	return write_content(w, fd, &st, e);
}

/* Links, devices, FIFOs; sockets are left out. */
static int write_special(struct walk *w, int dirfd, const char *name,
			 struct err *e)
{
	struct tar_entry t;
	struct stat st;
	int second;

	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat");
	if (S_ISSOCK(st.st_mode))
		return 0;
	second = write_second_name(w, &st, e);
	if (second)
		return second < 0 ? -1 : 0;
	if (xattrs_read_at(&w->xattrs, dirfd, name, e) < 0)
		return -1;
	t = entry_from(w, &st);
	if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
		t.rdev = st.st_rdev;
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlinkat(dirfd, name, w->link, sizeof(w->link));

		if (n < 0)
			return err_sys(e, "read link");
		t.link = (struct str){w->link, (size_t)n};
		/* Linux links are 0777; other systems differ */
		t.mode = S_IFLNK | 0777;
	}
	return write_plain(w, &t, e);
}

static int write_children(struct walk *w, int dirfd, struct err *e);

static int write_folder(struct walk *w, int dirfd, const char *name,
			struct err *e)
{
	SCOPED_FD int fd = openat(
		dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct tar_entry t;
	struct stat st;

	if (fd < 0)
		return err_sys(e, "open folder");
	if (fstat(fd, &st) < 0)
		return err_sys(e, "stat");
	if (xattrs_read(&w->xattrs, fd, e) < 0)
		return -1;
	t = entry_from(w, &st);
	if (write_plain(w, &t, e) < 0)
		return -1;
	return write_children(w, fd, e);
}

static int write_child(struct walk *w, int dirfd, const struct dirlist_name *d,
		       const char *name, struct err *e)
{
	if (d->type == DT_REG)
		return write_file(w, dirfd, name, e);
	if (d->type == DT_DIR)
		return write_folder(w, dirfd, name, e);
	return write_special(w, dirfd, name, e);
}

/* Write the i-th name of the list; w->path is its folder's path. */
static int write_name(struct walk *w, int dirfd, size_t i, struct err *e)
{
	struct str name = dirlist_name_str(&w->names, i);
	const struct dirlist_name d = w->names.v[i];
	size_t folder_length = w->path.n;
	char copy[NAME_MAX + 1];
	int result;

	if (d.whiteout)
		return write_whiteout(w, buf_str(&w->path), name, e);
	if (folder_length)
		buf_add_char(&w->path, '/');
	buf_add_str(&w->path, name);
	if (buf_check(&w->path, "path", e) < 0)
		return -1;
	if (str_starts(name, WHITEOUT_PREFIX))
		return err_set(e, ERR_UNSUPPORTED,
			       "a file named .wh.* can't be put into a layer: "
			       "there it would mean a deletion");
	/* the list moves while a folder's children are pushed */
	memcpy(copy, name.p, name.n + 1);
	result = write_child(w, dirfd, &d, copy, e);
	if (result < 0)
		return -1; /* the path stays, for the message */
	w->path.n = folder_length;
	w->path.p[folder_length] = '\0';
	return 0;
}

static int write_children(struct walk *w, int dirfd, struct err *e)
{
	struct dirlist_mark mark;
	int result = 0;

	if (w->depth == MAX_DEPTH)
		return err_set(e, ERR_LIMIT, "folders nested deeper than %d",
			       MAX_DEPTH);
	if (w->xattrs.opaque &&
	    write_whiteout(w, buf_str(&w->path), STR(".wh..opq"), e) < 0)
		return -1;
	if (dirlist_push(&w->names, dirfd, &mark, e) < 0)
		return -1;
	w->depth++;
	for (size_t i = mark.n, n = w->names.n; i < n && result == 0; i++)
		result = write_name(w, dirfd, i, e);
	w->depth--;
	dirlist_pop(&w->names, &mark);
	return result;
}

static void walk_release(struct walk *w)
{
	layer_out_release(&w->out);
	dirlist_release(&w->names);
	inode_names_release(&w->links);
	xattrs_release(&w->xattrs);
	buf_release(&w->path);
	buf_release(&w->header);
	buf_release(&w->meta);
}

static int write_end(struct walk *w, struct layer_info *info, struct err *e)
{
	static const unsigned char end[2 * TAR_BLOCK];

	if (layer_out_add(&w->out, end, sizeof(end), e) < 0 ||
	    layer_out_end(&w->out, &info->diff_id, e) < 0)
		return -1;
	if (w->opt->bytes_only)
		info->content_id = (struct digest){0};
	else
		sha256_final(&w->content, &info->content_id);
	info->size_bytes = w->out.size_bytes;
	info->n_entries = w->n_entries;
	return 0;
}

int layer_write(int dirfd, const struct layer_write_options *opt,
		struct sink *out, struct layer_info *info, struct err *e)
{
	SCOPED(walk_release)
	struct walk w = {
		.opt = opt,
		.path = BUF_INIT(PATH_MAX_BYTES),
		.header = BUF_INIT(2 * TAR_HEADER_MAX_BYTES),
		.meta = BUF_INIT(2 * TAR_HEADER_MAX_BYTES),
	};
	/* its own position, whatever was read from dirfd before */
	SCOPED_FD int root =
		openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (root < 0)
		return err_sys(e, "open layer folder");
	layer_out_begin(&w.out, out, opt->bytes_only);
	sha256_init(&w.content);
	sha256_update(&w.content, "layer/1\n", 8);
	if (xattrs_read(&w.xattrs, root, e) < 0 ||
	    write_children(&w, root, e) < 0)
		return err_wrap(e, "layer: /%s", buf_c(&w.path));
	return write_end(&w, info, e);
}
