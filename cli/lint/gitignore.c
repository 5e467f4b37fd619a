#include "cli/lint/gitignore.h"

#include "base/io.h"
#include "base/vec.h"

#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

struct pattern {
	const char *text; /* without what the fields below say */
	bool negated;
	bool folders_only;
	bool anchored; /* from the .gitignore's folder on; else any name */
};

struct gitignore {
	const struct gitignore *up;
	struct str folder; /* with a slash at the end */
	const struct pattern *v;
	size_t n;
};

enum { STARS_MAX = 8, GITIGNORE_MAX_BYTES = 1 << 20 };

static bool segment_matches(struct str pattern, struct str name)
{
	char p[NAME_MAX + 1];
	char s[NAME_MAX + 1];

	if (pattern.n > NAME_MAX || name.n > NAME_MAX)
		return false;
	memcpy(p, pattern.p, pattern.n);
	memcpy(s, name.p, name.n);
	p[pattern.n] = s[name.n] = '\0';
	return fnmatch(p, s, 0) == 0;
}

/* n_stars bounds the time: each ** may try every segment. */
static bool matches(struct str pattern, struct str path, unsigned n_stars)
{
	struct str first;
	struct str name;

	while (pattern.n) {
		struct str rest;

		(void)str_cut(pattern, '/', &first, &rest);
		if (str_eq_c(first, "**")) {
			if (rest.n == 0)
				return path.n > 0;
			if (n_stars == STARS_MAX)
				return false;
			while (path.n) {
				if (matches(rest, path, n_stars + 1))
					return true;
				(void)str_cut(path, '/', &name, &path);
			}
			return false;
		}
		if (path.n == 0)
			return false;
		(void)str_cut(path, '/', &name, &path);
		if (!segment_matches(first, name))
			return false;
		pattern = rest;
	}
	return path.n == 0;
}

bool glob_matches(const char *pattern, const char *path)
{
	return matches(str_from(pattern), str_from(path), 0);
}

/* A blank at the end counts where a backslash stands before it. */
static struct str trim_line(struct str line)
{
	while (line.n && strchr(" \t\r", line.p[line.n - 1]) &&
	       !(line.n > 1 && line.p[line.n - 2] == '\\'))
		line.n--;
	return line;
}

/* False for an empty line or a comment. */
static bool read_pattern(struct arena *a, struct str line, struct pattern *out)
{
	line = trim_line(line);
	if (line.n == 0 || line.p[0] == '#')
		return false;
	*out = (struct pattern){0};
	if (line.p[0] == '!') {
		out->negated = true;
		line = str_skip(line, 1);
	}
	if (str_ends(line, "/")) {
		out->folders_only = true;
		line.n--;
	}
	out->anchored = str_find(line, '/') >= 0;
	if (str_starts(line, "/"))
		line = str_skip(line, 1);
	out->text = arena_c(a, line);
	return line.n > 0;
}

const struct gitignore *gitignore_read(struct arena *a, const char *folder,
				       const struct gitignore *up)
{
	SCOPED_BUF struct buf text = BUF_INIT(GITIGNORE_MAX_BYTES);
	const char *path = arena_printf(a, "%s/.gitignore", folder).p;
	VEC(struct pattern) found = {0};
	struct gitignore *g;
	struct pattern *v;
	struct str rest;
	struct err e;

	if (io_read_file(AT_FDCWD, path, &text, &e) <= 0 || text.over)
		return up;
	rest = buf_str(&text);
	while (rest.n) {
		struct pattern pattern;
		struct str line;

		(void)str_cut(rest, '\n', &line, &rest);
		if (read_pattern(a, line, &pattern))
			*vec_push(&found) = pattern;
	}
	g = arena_new(a, struct gitignore);
	v = arena_new_array(a, found.n, struct pattern);
	if (found.n)
		memcpy(v, found.v, found.n * sizeof(*v));
	*g = (struct gitignore){up, arena_printf(a, "%s/", folder), v, found.n};
	vec_release(&found);
	return g;
}

static bool is_repository(struct arena *a, const char *folder)
{
	return access(arena_printf(a, "%s/.git", folder).p, F_OK) == 0;
}

const struct gitignore *gitignore_read_all(struct arena *a, const char *folder)
{
	const struct gitignore *g = NULL;
	size_t n = strlen(folder);

	while (n && !is_repository(a, arena_c(a, (struct str){folder, n})))
		while (n && folder[--n] != '/')
			;
	/* no repository: the folder's own, for what it is worth */
	if (n == 0)
		return gitignore_read(a, folder, NULL);
	for (;;) {
		g = gitignore_read(a, arena_c(a, (struct str){folder, n}), g);
		if (!folder[n])
			return g;
		n++;
		while (folder[n] && folder[n] != '/')
			n++;
	}
}

static bool pattern_matches(const struct pattern *p, const char *path,
			    bool is_folder)
{
	const char *slash = strrchr(path, '/');

	if (p->folders_only && !is_folder)
		return false;
	return glob_matches(p->text, p->anchored || !slash ? path : slash + 1);
}

bool gitignore_excludes(const struct gitignore *g, const char *path,
			bool is_folder)
{
	for (; g; g = g->up) {
		if (!str_starts(str_from(path), g->folder.p))
			continue;
		for (size_t i = g->n; i > 0; i--)
			if (pattern_matches(&g->v[i - 1], path + g->folder.n,
					    is_folder))
				return !g->v[i - 1].negated;
	}
	return false;
}
