#include "oci/xattr.h"

#include <errno.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

bool xattr_is_kept(struct str name)
{
	return str_eq_c(name, XATTR_CAPABILITY);
}

/* Where to read from: an open file, or a path that ends in a link. */
struct place {
	int fd;
	const char *path; /* NULL: fd */
};

static ssize_t list(const struct place *at, char *names, size_t n)
{
	return at->path ? llistxattr(at->path, names, n)
			: flistxattr(at->fd, names, n);
}

static ssize_t get(const struct place *at, const char *name, void *p, size_t n)
{
	return at->path ? lgetxattr(at->path, name, p, n)
			: fgetxattr(at->fd, name, p, n);
}

static int compare(const void *a, const void *b)
{
	const struct tar_xattr *x = a;
	const struct tar_xattr *y = b;

	return str_cmp(x->name, y->name);
}

static void reserve_values(struct xattrs *x, size_t n)
{
	char *old = x->values;

	if (x->cap_values >= n)
		return;
	x->values = xrealloc(x->values, n);
	x->cap_values = n;
	for (size_t i = 0; i < x->list.n; i++)
		x->list.v[i].value.p = x->values + (x->list.v[i].value.p - old);
}

static int read_value(struct xattrs *x, const struct place *at,
		      const char *name, size_t *used, struct err *e)
{
	struct tar_xattr *attr;
	ssize_t n;

	reserve_values(x, *used + XATTR_SIZE_MAX);
	n = get(at, name, x->values + *used, XATTR_SIZE_MAX);
	if (n < 0)
		return err_sys(e, "read attribute %s", name);
	attr = vec_push(&x->list);
	attr->name = str_from(name);
	attr->value = (struct str){x->values + *used, (size_t)n};
	*used += (size_t)n;
	return 0;
}

static bool is_opaque(const struct place *at, const char *name)
{
	char value = 0;

	return (strcmp(name, XATTR_OPAQUE) == 0 ||
		strcmp(name, XATTR_OPAQUE_ROOT) == 0) &&
	       get(at, name, &value, 1) == 1 && value == 'y';
}

static int read_place(struct xattrs *x, const struct place *at, struct err *e)
{
	size_t used = 0;
	ssize_t n;

	x->list.n = 0;
	x->opaque = false;
	if (!x->names)
		x->names = xmalloc(XATTR_LIST_MAX);
	n = list(at, x->names, XATTR_LIST_MAX);
	if (n < 0 && errno == ENOTSUP)
		return 0;
	if (n < 0)
		return err_sys(e, "list attributes");
	for (const char *name = x->names; name < x->names + n;
	     name += strlen(name) + 1) {
		x->opaque = x->opaque || is_opaque(at, name);
		if (xattr_is_kept(str_from(name)) &&
		    read_value(x, at, name, &used, e) < 0)
			return -1;
	}
	if (x->list.n > 1)
		qsort(x->list.v, x->list.n, sizeof(*x->list.v), compare);
	return 0;
}

int xattrs_read(struct xattrs *x, int fd, struct err *e)
{
	return read_place(x, &(struct place){.fd = fd}, e);
}

int xattrs_read_at(struct xattrs *x, int dirfd, const char *name, struct err *e)
{
	char path[64 + NAME_MAX];

	/* no call takes a dirfd and a name until Linux 6.13 */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd, name);
	return read_place(x, &(struct place){.path = path}, e);
}

void xattrs_release(struct xattrs *x)
{
	vec_release(&x->list);
	free(x->names);
	free(x->values);
	*x = (struct xattrs){0};
}
