#include "cache/seal.h"

#include "base/io.h"
#include "cache/tree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEAL_PATH_MAX = 128, SEAL_TEXT_MAX = 80 };

static const char *seal_path(const struct digest *diff_id, char *out)
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, SEAL_PATH_MAX, "seals/%s",
		       digest_hex(diff_id, hex));
	return out;
}

/* One number of hexadecimal digits, and what ends it. */
static bool take_number(const char **at, char end, uint64_t *out)
{
	uint64_t value = 0;
	size_t n = 0;

	for (; (**at >= '0' && **at <= '9') || (**at >= 'a' && **at <= 'f');
	     (*at)++) {
		int digit = **at <= '9' ? **at - '0' : **at - 'a' + 10;

		value = value << 4 | (uint64_t)digit;
		if (++n > 16)
			return false;
	}
	if (n == 0 || **at != end)
		return false;
	*at += end != '\0';
	*out = value;
	return true;
}

bool seal_parse(struct str text, struct seal *out)
{
	char copy[SEAL_TEXT_MAX];
	const char *at = copy;
	uint64_t version;
	uint64_t ctime_ns;

	if (text.n >= sizeof(copy) || memchr(text.p, '\0', text.n))
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	if (!take_number(&at, ' ', &version) || version != 2 ||
	    !take_number(&at, ' ', &out->inode) ||
	    !take_number(&at, ' ', &ctime_ns) ||
	    !take_number(&at, ' ', &out->rights) ||
	    !take_number(&at, '\0', &out->seen))
		return false;
	out->ctime_ns = (int64_t)ctime_ns;
	return true;
}

struct seal seal_of(const struct stat *st)
{
	return (struct seal){
		.inode = st->st_ino,
		.ctime_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 +
			    st->st_ctim.tv_nsec,
		.rights = (st->st_mode & 07777u) ^ (uint64_t)st->st_uid << 12 ^
			  (uint64_t)st->st_gid << 20,
	};
}

bool seal_fits(const struct seal *seal, const struct stat *st)
{
	struct seal now = seal_of(st);

	/* owners look otherwise outside of the user namespace */
	return seal->inode == now.inode && seal->ctime_ns == now.ctime_ns;
}

struct looker {
	struct tree_visitor visitor;
	struct sha256 hash;
};

static int look_at(struct tree_visitor *v, const struct tree_entry *entry,
		   struct err *e)
{
	struct looker *l = (struct looker *)v;
	const struct stat *st = entry->st;
	struct seal seal = seal_of(st);
	const uint64_t what[] = {
		/* the top gets another ctime when it is put in its place */
		entry->depth ? seal.inode : 0,
		entry->depth ? (uint64_t)seal.ctime_ns
			     : (uint64_t)st->st_mtim.tv_sec,
		st->st_mode,
		st->st_uid,
		st->st_gid,
		(uint64_t)st->st_size,
	};

	(void)e;
	sha256_update(&l->hash, what, sizeof(what));
	sha256_update(&l->hash, entry->path.p, entry->path.n);
	return 0;
}

int seal_look(int fd, uint64_t *seen, struct err *e)
{
	const struct tree tree = {
		.view = {.layer_fds = &fd, .n_layers = 1, .plain = true}};
	struct looker l = {.visitor.entry = look_at};
	struct digest digest;

	sha256_init(&l.hash);
	if (tree_walk(&tree, (struct str){0}, &l.visitor, e) < 0)
		return -1;
	sha256_final(&l.hash, &digest);
	memcpy(seen, digest.bytes, sizeof(*seen));
	*seen |= 1;
	return 0;
}

int seal_read(const struct store *s, const struct digest *diff_id,
	      struct seal *out)
{
	char path[SEAL_PATH_MAX];
	char text[SEAL_TEXT_MAX];
	ssize_t n =
		readlinkat(s->fd, seal_path(diff_id, path), text, sizeof(text));

	return n > 0 && seal_parse((struct str){text, (size_t)n}, out);
}

int seal_put(const struct store *s, const struct digest *diff_id,
	     const struct seal *seal, struct err *e)
{
	char path[SEAL_PATH_MAX];
	char text[SEAL_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "2 %llx %llx %llx %llx",
		       (unsigned long long)seal->inode,
		       (unsigned long long)seal->ctime_ns,
		       (unsigned long long)seal->rights,
		       (unsigned long long)seal->seen);
	/*
	 * In two steps, since in between there is none, which reads as a
	 * snapshot that is not known; a link under another name would be litter
	 * that no lock tells from one in use.
	 */
	for (int i = 0; i < 2; i++) {
		if (symlinkat(text, s->fd, seal_path(diff_id, path)) == 0)
			return 0;
		if (errno != EEXIST || unlinkat(s->fd, path, 0) < 0)
			break;
	}
	/* somebody else's came in between: as good as ours */
	return errno == EEXIST || errno == ENOENT
		       ? 0
		       : err_sys(e, "write %s", path);
}

void seal_remove(const struct store *s, const struct digest *diff_id)
{
	char path[SEAL_PATH_MAX];

	/* one that stays does not fit the next snapshot */
	(void)unlinkat(s->fd, seal_path(diff_id, path), 0);
}
