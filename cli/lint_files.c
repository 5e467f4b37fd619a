#include "cli/lint_files.h"

#include "base/io.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool is_excluded(const string_list *excludes, const char *path)
{
	for (size_t i = 0; i < excludes->n; i++)
		if (fnmatch(excludes->v[i], path, FNM_LEADING_DIR) == 0 ||
		    fnmatch(excludes->v[i], path, 0) == 0)
			return true;
	return false;
}

static bool is_dockerfile(const char *name)
{
	static const char *const patterns[] = {
		"Dockerfile",	   "Dockerfile.*",    "*.Dockerfile",
		"*.dockerfile",	   "Containerfile",   "Containerfile.*",
		"*.Containerfile", "*.containerfile",
	};

	/* "Dockerfile.dockerignore" is not one */
	if (fnmatch("*.dockerignore", name, 0) == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}

static int no_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

struct finder {
	struct arena *arena;
	const string_list *excludes;
	string_list *out;
	unsigned depth;
};

enum { DEPTH_MAX = 64 };

static void find_below(struct finder *f, const char *folder);

static void visit(struct finder *f, const char *folder, const char *name)
{
	const char *path =
		strcmp(folder, ".") == 0
			? arena_c(f->arena, str_from(name))
			: arena_printf(f->arena, "%s/%s", folder, name).p;
	struct stat st;

	if (is_excluded(f->excludes, path) || lstat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		find_below(f, path);
	else if (S_ISREG(st.st_mode) && is_dockerfile(name))
		*vec_push(f->out) = path;
}

static void find_below(struct finder *f, const char *folder)
{
	struct dirent **entries;
	int n;

	if (f->depth == DEPTH_MAX)
		return;
	f->depth++;
	n = scandir(folder, &entries, no_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		visit(f, folder, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	f->depth--;
}

void lint_files_find(struct arena *a, const string_list *arguments,
		     const string_list *excludes, string_list *out)
{
	struct finder f = {a, excludes, out, 0};

	for (size_t i = 0; i < arguments->n; i++) {
		const char *path = arguments->v[i];
		size_t n = strlen(path);
		struct stat st;

		while (n > 1 && path[n - 1] == '/')
			n--;
		if (strcmp(path, "-") == 0 || stat(path, &st) < 0 ||
		    !S_ISDIR(st.st_mode)) {
			if (!is_excluded(excludes, path))
				*vec_push(out) = path;
		} else {
			find_below(&f, arena_c(a, (struct str){path, n}));
		}
	}
}

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

const struct ignore *lint_dockerignore(struct arena *a, const char *path,
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
