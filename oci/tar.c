/*
 * ustar block (POSIX.1-2017 pax, "ustar Interchange Format"):
 *
 *   name 0 100 | mode 100 8 | uid 108 8 | gid 116 8 | size 124 12 |
 *   mtime 136 12 | chksum 148 8 | typeflag 156 1 | linkname 157 100 |
 *   magic 257 6 | version 263 2 | uname 265 32 | gname 297 32 |
 *   devmajor 329 8 | devminor 337 8 | prefix 345 155
 *
 * What does not fit goes into an extended header before it: a ustar entry of
 * type 'x' whose content is records "<length> <key>=<value>\n", the length
 * counting all of the record.
 */
#include "oci/tar.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum {
	NAME_SIZE = 100,
	PREFIX_SIZE = 155,
	OCTAL_7_MAX = 07777777,
};

#define OCTAL_11_MAX 077777777777ull

/* n digits and a NUL */
static void put_octal(unsigned char *field, size_t n, uint64_t value)
{
	field[n] = '\0';
	while (n) {
		field[--n] = (unsigned char)('0' + (value & 7));
		value >>= 3;
	}
}

static void put_text(unsigned char *field, size_t size, struct str s)
{
	if (s.n > size)
		s.n = size;
	if (s.n)
		memcpy(field, s.p, s.n);
}

static unsigned checksum(const unsigned char *block)
{
	unsigned sum = 0;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += block[i];
	/* the field itself counts as blanks */
	for (size_t i = 148; i < 156; i++)
		sum += ' ' - block[i];
	return sum;
}

static void put_checksum(unsigned char *block)
{
	put_octal(block + 148, 6, checksum(block));
	block[155] = ' ';
}

bool tar_is_header(const void *block)
{
	const unsigned char *b = block;
	uint64_t recorded = 0;
	size_t i = 148;

	while (i < 156 && b[i] == ' ')
		i++;
	if (i == 156 || b[i] < '0' || b[i] > '7')
		return false;
	for (; i < 156 && b[i] >= '0' && b[i] <= '7'; i++)
		recorded = recorded * 8 + (b[i] - '0');
	return recorded == checksum(b);
}

/*
 * Where to cut a path between prefix and name: at the last slash that leaves
 * the prefix short enough. false where no cut fits both.
 */
static bool split_path(struct str path, struct str *prefix, struct str *name)
{
	ptrdiff_t cut;

	*prefix = STR("");
	*name = path;
	if (path.n <= NAME_SIZE)
		return true;
	if (path.n > PREFIX_SIZE + 1 + NAME_SIZE)
		return false;
	/* a slash at the very end belongs to the name */
	cut = str_rfind(str_sub(path, 0,
				path.n - 1 < PREFIX_SIZE + 1 ? path.n - 1
							     : PREFIX_SIZE + 1),
			'/');
	if (cut <= 0 || path.n - (size_t)cut - 1 > NAME_SIZE)
		return false;
	*prefix = str_sub(path, 0, (size_t)cut);
	*name = str_skip(path, (size_t)cut + 1);
	return true;
}

static char type_of(const struct tar_entry *entry)
{
	if (entry->hardlink)
		return '1';
	switch (entry->mode & S_IFMT) {
	case S_IFREG: return '0';
	case S_IFLNK: return '2';
	case S_IFCHR: return '3';
	case S_IFBLK: return '4';
	case S_IFDIR: return '5';
	case S_IFIFO: return '6';
	default: return '\0';
	}
}

static size_t n_digits(size_t n)
{
	size_t digits = 1;

	while (n >= 10) {
		n /= 10;
		digits++;
	}
	return digits;
}

static void add_record(struct buf *out, struct str key, struct str value)
{
	/* ' ' '=' '\n' and the length's own digits */
	size_t rest = key.n + value.n + 3;
	size_t n = rest + n_digits(rest);

	if (n_digits(n) != n_digits(rest))
		n = rest + n_digits(n);
	buf_printf(out, "%zu ", n);
	buf_add_str(out, key);
	buf_add_char(out, '=');
	buf_add_str(out, value);
	buf_add_char(out, '\n');
}

static void add_number_record(struct buf *out, const char *key, int64_t value)
{
	SCOPED_BUF struct buf text = BUF_INIT(32);

	buf_printf(&text, "%lld", (long long)value);
	add_record(out, str_from(key), buf_str(&text));
}

static void add_xattr_record(struct buf *out, const struct tar_xattr *x)
{
	SCOPED_BUF struct buf key = BUF_INIT(512);

	buf_add_c(&key, "SCHILY.xattr.");
	buf_add_str(&key, x->name);
	add_record(out, buf_str(&key), x->value);
}

/* What is in a header: the parts that fit, and which ones need a record. */
struct header {
	const struct tar_entry *entry;
	struct str path; /* with a folder's slash */
	struct str prefix;
	struct str name;
	char type;
	bool path_fits;
	bool link_fits;
	bool size_fits;
	bool uid_fits;
	bool gid_fits;
	bool mtime_fits;
};

static void add_records(struct buf *out, const struct header *h)
{
	const struct tar_entry *entry = h->entry;

	for (size_t i = 0; i < entry->n_xattrs; i++)
		add_xattr_record(out, &entry->xattrs[i]);
	if (!h->gid_fits)
		add_number_record(out, "gid", entry->gid);
	if (!h->link_fits)
		add_record(out, STR("linkpath"), entry->link);
	if (!h->mtime_fits)
		add_number_record(out, "mtime", entry->mtime_s);
	if (!h->path_fits)
		add_record(out, STR("path"), h->path);
	if (!h->size_fits)
		add_number_record(out, "size", (int64_t)entry->size_bytes);
	if (!h->uid_fits)
		add_number_record(out, "uid", entry->uid);
}

static void add_zeros(struct buf *out, size_t n)
{
	char *p = buf_reserve(out, n);

	if (!p)
		return;
	memset(p, 0, n);
	out->n += n;
	out->p[out->n] = '\0';
}

static void add_pax(struct buf *out, const struct header *h)
{
	SCOPED_BUF struct buf records = BUF_INIT(TAR_HEADER_MAX_BYTES);
	unsigned char block[TAR_BLOCK] = {0};
	ptrdiff_t slash = str_rfind(h->entry->path, '/');
	struct str base = str_skip(h->entry->path, (size_t)(slash + 1));
	const struct str folder = STR("PaxHeaders.0/");

	add_records(&records, h);
	if (records.over)
		out->over = true;
	put_text(block, NAME_SIZE, folder);
	put_text(block + folder.n, NAME_SIZE - folder.n, base);
	put_octal(block + 100, 7, 0644);
	put_octal(block + 108, 7, 0);
	put_octal(block + 116, 7, 0);
	put_octal(block + 124, 11, records.n);
	put_octal(block + 136, 11, 0);
	block[156] = 'x';
	memcpy(block + 257, "ustar\00000", 8);
	put_octal(block + 329, 7, 0);
	put_octal(block + 337, 7, 0);
	put_checksum(block);
	buf_add(out, block, sizeof(block));
	buf_add_str(out, buf_str(&records));
	add_zeros(out, tar_padding(records.n));
}

static void add_ustar(struct buf *out, const struct header *h)
{
	const struct tar_entry *entry = h->entry;
	unsigned char block[TAR_BLOCK] = {0};
	bool device = S_ISCHR(entry->mode) || S_ISBLK(entry->mode);

	put_text(block, NAME_SIZE, h->name);
	put_octal(block + 100, 7, entry->mode & 07777);
	put_octal(block + 108, 7, h->uid_fits ? entry->uid : 0);
	put_octal(block + 116, 7, h->gid_fits ? entry->gid : 0);
	put_octal(block + 124, 11,
		  h->type == '0' && h->size_fits ? entry->size_bytes : 0);
	put_octal(block + 136, 11,
		  h->mtime_fits ? (uint64_t)entry->mtime_s : 0);
	block[156] = (unsigned char)h->type;
	put_text(block + 157, NAME_SIZE, entry->link);
	memcpy(block + 257, "ustar\00000", 8);
	put_octal(block + 329, 7, device ? major(entry->rdev) : 0);
	put_octal(block + 337, 7, device ? minor(entry->rdev) : 0);
	put_text(block + 345, PREFIX_SIZE, h->prefix);
	put_checksum(block);
	buf_add(out, block, sizeof(block));
}

static bool needs_pax(const struct header *h)
{
	return h->entry->n_xattrs || !h->path_fits || !h->link_fits ||
	       !h->size_fits || !h->uid_fits || !h->gid_fits || !h->mtime_fits;
}

int tar_add_header(struct buf *out, const struct tar_entry *entry,
		   struct err *e)
{
	SCOPED_BUF struct buf folder = BUF_INIT(TAR_HEADER_MAX_BYTES);
	struct header h = {.entry = entry, .path = entry->path};

	h.type = type_of(entry);
	if (!h.type)
		return err_set(e, ERR_UNSUPPORTED,
			       "%.*s: a socket can't be in a layer",
			       STR_ARG(entry->path));
	if (S_ISDIR(entry->mode)) {
		buf_add_str(&folder, entry->path);
		buf_add_char(&folder, '/');
		h.path = buf_str(&folder);
	}
	h.path_fits = split_path(h.path, &h.prefix, &h.name);
	h.link_fits = entry->link.n <= NAME_SIZE;
	h.size_fits = entry->size_bytes <= OCTAL_11_MAX;
	h.uid_fits = entry->uid <= OCTAL_7_MAX;
	h.gid_fits = entry->gid <= OCTAL_7_MAX;
	h.mtime_fits =
		entry->mtime_s >= 0 && (uint64_t)entry->mtime_s <= OCTAL_11_MAX;
	if (needs_pax(&h))
		add_pax(out, &h);
	add_ustar(out, &h);
	return buf_check(out, "tar header", e);
}

int tar_write_header(struct sink *out, const struct tar_entry *entry,
		     struct err *e)
{
	SCOPED_BUF struct buf bytes = BUF_INIT(2 * TAR_HEADER_MAX_BYTES);

	if (tar_add_header(&bytes, entry, e) < 0)
		return -1;
	return out->write(out, bytes.p, bytes.n, e);
}

static const char zeros[2 * TAR_BLOCK];

int tar_write_padding(struct sink *out, uint64_t size_bytes, struct err *e)
{
	size_t n = tar_padding(size_bytes);

	return n ? out->write(out, zeros, n, e) : 0;
}

int tar_write_end(struct sink *out, struct err *e)
{
	return out->write(out, zeros, sizeof(zeros), e);
}
