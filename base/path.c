#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

bool path_next(struct str *rest, struct str *component)
{
	size_t i = 0;
	size_t start;

	while (i < rest->n && rest->p[i] == '/')
		i++;
	start = i;
	while (i < rest->n && rest->p[i] != '/')
		i++;
	*component = str_sub(*rest, start, i);
	*rest = str_skip(*rest, i);
	return component->n > 0;
}

/* Drop the last component of out[0..*n), but nothing before floor. */
static void drop_last(const char *out, size_t *n, size_t floor)
{
	while (*n > floor && out[*n - 1] != '/')
		(*n)--;
	if (*n > floor)
		(*n)--;
}

struct str path_clean(struct arena *a, struct str p)
{
	char *out = arena_alloc(a, p.n + 2);
	bool rooted = p.n && p.p[0] == '/';
	size_t n = 0;
	size_t floor; /* what ".." can't take away */
	struct str component;

	if (rooted)
		out[n++] = '/';
	floor = n;
	while (path_next(&p, &component)) {
		if (str_eq_c(component, "."))
			continue;
		if (str_eq_c(component, "..") && n > floor) {
			drop_last(out, &n, floor);
			continue;
		}
		if (str_eq_c(component, "..") && rooted)
			continue;
		if (n > (size_t)rooted)
			out[n++] = '/';
		memcpy(out + n, component.p, component.n);
		n += component.n;
		if (str_eq_c(component, ".."))
			floor = n;
	}
	if (n == 0)
		out[n++] = '.';
	return (struct str){out, n};
}

struct str path_join(struct arena *a, struct str base, struct str p)
{
	if (p.n && p.p[0] == '/')
		return path_clean(a, p);
	return path_clean(
		a, arena_printf(a, "%.*s/%.*s", STR_ARG(base), STR_ARG(p)));
}

struct str path_in_root(struct arena *a, struct str p)
{
	return str_skip(path_clean(a, arena_printf(a, "/%.*s", STR_ARG(p))), 1);
}

struct str path_base(struct str p)
{
	ptrdiff_t slash = str_rfind(p, '/');

	return slash < 0 ? p : str_skip(p, (size_t)slash + 1);
}

struct str path_dir(struct str p)
{
	ptrdiff_t slash = str_rfind(p, '/');

	return str_sub(p, 0, slash < 0 ? 0 : (size_t)slash);
}

static int open_how(int dirfd, const char *path, int flags, unsigned mode,
		    uint64_t resolve)
{
	struct open_how how = {
		.flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
		.mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
		.resolve = resolve,
	};
	int fd;

	/* EAGAIN: something was renamed during the walk (openat2(2)) */
	do
		fd = (int)syscall(SYS_openat2, dirfd, *path ? path : ".", &how,
				  sizeof(how));
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

int path_open_in_root(int root_fd, const char *path, int flags, unsigned mode)
{
	return open_how(root_fd, path, flags, mode,
			RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

int path_open_nofollow(int dirfd, const char *path, int flags, unsigned mode)
{
	return open_how(dirfd, path, flags, mode,
			RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}
