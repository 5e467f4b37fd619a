#include "cli/dockerignore.h"

#include "base/io.h"

#include <fcntl.h>
#include <string.h>

static const char *folder_of(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return ".";
	return arena_c(a, (struct str){path, (size_t)(slash - path) + 1});
}

/* 1 read, 0 there is none or it can't be read. */
static int read_ignore(const char *path, struct buf *text)
{
	struct err e;

	return io_read_file(AT_FDCWD, path, text, &e) > 0;
}

const struct ignore *dockerignore_read(struct arena *a, const char *path,
				       const char *folder)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	const struct ignore *ignore;
	struct err e;

	if (!folder)
		folder = folder_of(a, path);
	if (!(path &&
	      read_ignore(arena_printf(a, "%s.dockerignore", path).p, &text)) &&
	    !read_ignore(arena_printf(a, "%s/.dockerignore", folder).p, &text))
		return NULL;
	if (ignore_parse(a, arena_str(a, buf_str(&text)), &ignore, &e) < 0)
		return NULL;
	return ignore;
}
