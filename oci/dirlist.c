#include "oci/dirlist.h"

#include "base/mem.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHUNK_SIZE = 64 * 1024 };

static uint64_t key_of(const char *name, size_t n)
{
	unsigned char first[8] = {0};
	uint64_t key = 0;

	memcpy(first, name, n < sizeof(first) ? n : sizeof(first));
	for (size_t i = 0; i < sizeof(first); i++)
		key = key << 8 | first[i];
	return key;
}

static uint32_t add_bytes(struct dirlist *l, const char *name, size_t n)
{
	uint32_t offset = (uint32_t)l->n_bytes;

	if (l->cap_bytes - l->n_bytes < n + 1) {
		l->cap_bytes = l->cap_bytes ? l->cap_bytes * 2 : 16 * 1024;
		l->bytes = xrealloc(l->bytes, l->cap_bytes);
	}
	memcpy(l->bytes + l->n_bytes, name, n);
	l->bytes[l->n_bytes + n] = '\0';
	l->n_bytes += n + 1;
	return offset;
}

/*
 * A character device may be a whiteout, and some file systems don't tell types
 * in their folders: those two are looked at.
 */
static int classify(int dirfd, const char *name, struct dirlist_name *out,
		    struct err *e)
{
	struct stat st;

	if (out->type != DT_CHR && out->type != DT_UNKNOWN)
		return 0;
	if (fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_sys(e, "stat %s", name);
	out->type = IFTODT(st.st_mode);
	out->whiteout = S_ISCHR(st.st_mode) && st.st_rdev == 0;
	return 0;
}

static int add_name(struct dirlist *l, int dirfd, const struct dirent64 *d,
		    struct err *e)
{
	struct dirlist_name *name;
	size_t n = strlen(d->d_name);

	if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
		return 0;
	if (l->n_bytes > UINT32_MAX - 2 * CHUNK_SIZE)
		return err_set(e, ERR_LIMIT, "more than 4 GiB of file names");
	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->v = xreallocarray(l->v, l->cap, sizeof(*l->v));
	}
	name = &l->v[l->n++];
	*name = (struct dirlist_name){
		.key = key_of(d->d_name, n),
		.length = (uint16_t)n,
		.type = d->d_type,
	};
	name->offset = add_bytes(l, d->d_name, n);
	return classify(dirfd, d->d_name, name, e);
}

static int compare(const void *a, const void *b, void *ctx)
{
	const struct dirlist_name *x = a;
	const struct dirlist_name *y = b;
	const char *bytes = ctx;

	if (x->whiteout != y->whiteout)
		return x->whiteout ? -1 : 1;
	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	return strcmp(bytes + x->offset, bytes + y->offset);
}

static int read_all(struct dirlist *l, int dirfd, struct err *e)
{
	if (!l->chunk)
		l->chunk = xmalloc(CHUNK_SIZE);
	for (;;) {
		ssize_t n = getdents64(dirfd, l->chunk, CHUNK_SIZE);

		if (n < 0)
			return err_sys(e, "read folder");
		if (n == 0)
			return 0;
		for (ssize_t at = 0; at < n;) {
			const struct dirent64 *d =
				(const struct dirent64 *)(l->chunk + at);

			if (add_name(l, dirfd, d, e) < 0)
				return -1;
			at += d->d_reclen;
		}
	}
}

int dirlist_push(struct dirlist *l, int dirfd, struct dirlist_mark *mark,
		 struct err *e)
{
	*mark = (struct dirlist_mark){l->n, l->n_bytes};
	if (read_all(l, dirfd, e) < 0)
		return -1;
	if (l->n > mark->n)
		qsort_r(l->v + mark->n, l->n - mark->n, sizeof(*l->v), compare,
			l->bytes);
	return 0;
}

void dirlist_pop(struct dirlist *l, const struct dirlist_mark *mark)
{
	l->n = mark->n;
	l->n_bytes = mark->n_bytes;
}

struct str dirlist_name_str(const struct dirlist *l, size_t i)
{
	return (struct str){l->bytes + l->v[i].offset, l->v[i].length};
}

void dirlist_release(struct dirlist *l)
{
	free(l->v);
	free(l->bytes);
	free(l->chunk);
	*l = (struct dirlist){0};
}
