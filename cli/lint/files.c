#include "cli/lint/files.h"

#include "cli/lint/gitignore.h"

#include <dirent.h>
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

static bool is_any(const char *name, const char *const *patterns, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (fnmatch(patterns[i], name, FNM_CASEFOLD) == 0)
			return true;
	return false;
}

/* In any case: Dockerfile, Dockerfile.dev, Dockerfile-dev, dev.Dockerfile. */
static bool is_dockerfile(const char *name)
{
	static const char *const patterns[] = {
		"Dockerfile",	 "Dockerfile[._-]*",	"*.Dockerfile",
		"Containerfile", "Containerfile[._-]*", "*.Containerfile",
	};
	/* texts about one, templates of one, what editors and patch leave */
	static const char *const others[] = {
		"*.dockerignore", "*.md",    "*.rst",	   "*.adoc", "*.html",
		"*.j2",		  "*.jinja", "*.jinja2",   "*.tmpl", "*.tpl",
		"*.template",	  "*.erb",   "*.mustache", "*.ejs",  "*.orig",
		"*.rej",	  "*.bak",   "*.swp",	   "*~",
	};

	return is_any(name, patterns, ARRAY_LEN(patterns)) &&
	       !is_any(name, others, ARRAY_LEN(others));
}

static int no_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

struct finder {
	struct arena *arena;
	const struct lint_search *search;
	string_list *out;
	const char *pattern; /* all files that match; NULL: Dockerfiles */
	size_t base_n;	     /* of a path: what the pattern does not see */
	const char *real;    /* the absolute path of where the search began */
	size_t start_n;	     /* of a path: what real stands for */
	unsigned depth;
};

enum { DEPTH_MAX = 64 };

static void find_below(struct finder *f, const char *folder,
		       const struct gitignore *ignored);

/* path, which the search came to, as an absolute one. */
static const char *absolute(const struct finder *f, const char *path)
{
	const char *rest = path + f->start_n;

	while (*rest == '/')
		rest++;
	return arena_printf(f->arena, "%s%s%s", f->real, *rest ? "/" : "", rest)
		.p;
}

static bool is_wanted(const struct finder *f, const char *path,
		      const char *name)
{
	return f->pattern ? glob_matches(f->pattern, path + f->base_n)
			  : is_dockerfile(name);
}

static void visit(struct finder *f, const char *folder, const char *name,
		  const struct gitignore *ignored)
{
	size_t n = strlen(folder);
	bool slash = n && folder[n - 1] != '/';
	const char *path = strcmp(folder, ".") == 0
				   ? arena_c(f->arena, str_from(name))
				   : arena_printf(f->arena, "%s%s%s", folder,
						  slash ? "/" : "", name)
					     .p;
	struct stat st;

	if (is_excluded(f->search->excludes, path) || lstat(path, &st) < 0 ||
	    gitignore_excludes(ignored, absolute(f, path), S_ISDIR(st.st_mode)))
		return;
	if (S_ISDIR(st.st_mode))
		find_below(f, path, ignored);
	else if (S_ISREG(st.st_mode) && is_wanted(f, path, name))
		*vec_push(f->out) = path;
}

static void find_below(struct finder *f, const char *folder,
		       const struct gitignore *ignored)
{
	struct dirent **entries;
	int n;

	if (f->depth == DEPTH_MAX)
		return;
	if (f->depth++ && !f->search->no_gitignore)
		ignored =
			gitignore_read(f->arena, absolute(f, folder), ignored);
	n = scandir(folder, &entries, no_hidden, alphasort);
	for (int i = 0; i < n; i++) {
		visit(f, folder, entries[i]->d_name, ignored);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	f->depth--;
}

static void find_from(struct finder *f, const char *folder)
{
	const struct gitignore *ignored = NULL;
	char *real = realpath(folder, NULL);

	f->real = arena_c(f->arena, str_from(real ? real : folder));
	/* a path below "." does not begin with it */
	f->start_n = strcmp(folder, ".") == 0 ? 0 : strlen(folder);
	free(real);
	if (!f->search->no_gitignore)
		ignored = gitignore_read_all(f->arena, f->real);
	find_below(f, folder, ignored);
}

/* "a/b*\/c": what is below a and matches. False where nothing does. */
static bool find_pattern(struct finder *f, const char *pattern)
{
	size_t n = strcspn(pattern, "*?[");
	size_t before = f->out->n;

	if (!pattern[n])
		return false;
	while (n && pattern[n - 1] != '/')
		n--;
	f->pattern = pattern + n;
	f->base_n = n;
	find_from(f, n ? arena_c(f->arena, (struct str){pattern, n}) : ".");
	f->pattern = NULL;
	return f->out->n > before;
}

static void find_argument(struct finder *f, const char *path)
{
	size_t n = strlen(path);
	struct stat st;

	while (n > 1 && path[n - 1] == '/')
		n--;
	if (strcmp(path, "-") == 0) {
		*vec_push(f->out) = path;
	} else if (stat(path, &st) < 0) {
		if (!find_pattern(f, path))
			*vec_push(f->out) = path;
	} else if (S_ISDIR(st.st_mode)) {
		find_from(f, arena_c(f->arena, (struct str){path, n}));
	} else if (!is_excluded(f->search->excludes, path)) {
		*vec_push(f->out) = path;
	}
}

void lint_files_find(struct arena *a, const string_list *arguments,
		     const struct lint_search *search, string_list *out)
{
	struct finder f = {.arena = a, .search = search, .out = out};

	for (size_t i = 0; i < arguments->n; i++)
		find_argument(&f, arguments->v[i]);
}
