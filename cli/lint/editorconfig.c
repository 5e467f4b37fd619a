/*
 *   file    = (blank | comment | section | pair)*
 *   section = "[" pattern "]"
 *   pair    = key ("=" | ":") value
 *   comment = ("#" | ";") any*
 *
 * A pattern is one of a shell, with ** for any folders and {a,b} for one of
 * several; without a slash it is meant in every folder.
 */
#include "cli/lint/editorconfig.h"

#include "base/arena.h"
#include "base/io.h"
#include "base/vec.h"
#include "cli/lint/gitignore.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum {
	FILE_MAX_BYTES = 1 << 20,
	PATTERN_MAX_BYTES = 1024, /* longer ones match nothing */
	BRACES_MAX = 100,	  /* more alternatives than this, too */
	FOLDERS_MAX = 64,
};

/* Patterns. */

struct expansion {
	struct arena arena;
	const char *path;
	unsigned n;
};

/* The } that belongs to the { at open; NULL. */
static const char *closing(const char *open)
{
	unsigned depth = 0;

	for (const char *p = open; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '{')
			depth++;
		else if (*p == '}' && --depth == 0)
			return p;
	}
	return NULL;
}

/* The , or } that ends the alternative at p. */
static const char *alternative_end(const char *p)
{
	unsigned depth = 0;

	for (; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (depth == 0 && (*p == ',' || *p == '}'))
			break;
		else if (*p == '{')
			depth++;
		else if (*p == '}')
			depth--;
	}
	return p;
}

static bool matches(struct expansion *x, const char *pattern)
{
	const char *open = strchr(pattern, '{');
	const char *close = open ? closing(open) : NULL;
	const char *from = open;

	if (++x->n > BRACES_MAX)
		return false;
	if (!close)
		return glob_matches(pattern, x->path);
	do {
		const char *end = alternative_end(from + 1);
		struct str one = arena_printf(
			&x->arena, "%.*s%.*s%s", (int)(open - pattern), pattern,
			(int)(end - from - 1), from + 1, close + 1);

		if (matches(x, one.p))
			return true;
		from = end;
	} while (from < close);
	return false;
}

bool editorconfig_matches(const char *pattern, const char *path)
{
	struct expansion x = {.path = path};
	bool result = false;

	if (strlen(pattern) <= PATTERN_MAX_BYTES) {
		if (*pattern == '/')
			pattern++;
		else if (!strchr(pattern, '/'))
			pattern = arena_printf(&x.arena, "**/%s", pattern).p;
		result = matches(&x, pattern);
	}
	arena_release(&x.arena);
	return result;
}

/* Files. */

static bool is(struct str value, const char *word)
{
	return str_eq_nocase(value, str_from(word));
}

static void take_pair(struct fmt_options *options, struct str key,
		      struct str value)
{
	uint64_t n;

	if (is(key, "indent_style") && (is(value, "tab") || is(value, "space")))
		options->tabs = is(value, "tab");
	else if ((is(key, "indent_size") || is(key, "tab_width")) &&
		 str_to_u64(value, FMT_INDENT_MAX, &n) && n > 0)
		options->indent = (unsigned)n;
	else if (is(key, "end_of_line") && is(value, "lf"))
		options->newline = FMT_NEWLINE_LF;
	else if (is(key, "end_of_line") && is(value, "crlf"))
		options->newline = FMT_NEWLINE_CRLF;
	else if (is(key, "binary_next_line") && is(value, "true"))
		options->operators = FMT_OPERATORS_FIRST;
	else if (is(key, "binary_next_line") && is(value, "false"))
		options->operators = FMT_OPERATORS_LAST;
}

static bool cut_pair(struct str line, struct str *key, struct str *value)
{
	if (!str_cut(line, '=', key, value) && !str_cut(line, ':', key, value))
		return false;
	*key = str_trim(*key);
	*value = str_trim(*value);
	return true;
}

struct reading {
	struct arena *arena;
	struct fmt_options *options;
	const char *path; /* relative to the file's folder */
	bool in_section;
	bool matches;
	bool root;
};

static void take_line(struct reading *r, struct str line)
{
	struct str key;
	struct str value;

	line = str_trim(line);
	if (line.n == 0 || line.p[0] == '#' || line.p[0] == ';')
		return;
	if (line.p[0] == '[' && line.p[line.n - 1] == ']') {
		r->in_section = true;
		r->matches = editorconfig_matches(
			arena_c(r->arena, str_sub(line, 1, line.n - 1)),
			r->path);
	} else if (cut_pair(line, &key, &value)) {
		if (!r->in_section && is(key, "root"))
			r->root |= is(value, "true");
		else if (r->matches)
			take_pair(r->options, key, value);
	}
}

static bool read_text(struct reading *r, struct str text)
{
	if (str_starts(text, "\xef\xbb\xbf"))
		text = str_skip(text, 3);
	while (text.n) {
		struct str line;

		(void)str_cut(text, '\n', &line, &text);
		take_line(r, line);
	}
	return r->root;
}

/* The texts found, the nearest first. */
struct found {
	struct str text;
	const char *path; /* the file asked about, relative to the folder */
};

static int find_files(struct arena *a, const char *real, struct found *found,
		      size_t *n, struct err *e)
{
	size_t end = strlen(real);
	struct fmt_options ignored = {0};

	while (*n < FOLDERS_MAX) {
		SCOPED_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
		struct reading r = {.arena = a, .options = &ignored};
		int status;

		while (end && real[end - 1] != '/')
			end--;
		if (end == 0)
			break;
		status = io_read_file(
			AT_FDCWD,
			arena_printf(a, "%.*s.editorconfig", (int)end, real).p,
			&text, e);
		if (status < 0 || buf_check(&text, ".editorconfig", e) < 0)
			return -1;
		r.path = real + end;
		found[*n] = (struct found){arena_str(a, buf_str(&text)),
					   real + end};
		(*n)++;
		if (read_text(&r, buf_str(&text)))
			break;
		end--;
	}
	return 0;
}

/* The folder has to be there, the file in it not. */
static char *real_path(struct arena *a, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *folder =
		slash ? arena_c(a,
				(struct str){path, (size_t)(slash - path) + 1})
		      : arena_c(a, STR("."));
	SCOPED_PTR char *real = realpath(folder, NULL);

	if (!real)
		return NULL;
	return arena_c(a, arena_printf(a, "%s%s%s", real,
				       str_ends(str_from(real), "/") ? "" : "/",
				       slash ? slash + 1 : path));
}

int editorconfig_read(const char *path, struct fmt_options *options,
		      struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	const char *real = real_path(&a, path);
	struct found found[FOLDERS_MAX];
	size_t n = 0;

	if (!real)
		return 0;
	if (find_files(&a, real, found, &n, e) < 0)
		return -1;
	/* the nearest has the last word */
	for (size_t i = n; i > 0; i--) {
		struct reading r = {.arena = &a,
				    .options = options,
				    .path = found[i - 1].path};

		(void)read_text(&r, found[i - 1].text);
	}
	return 0;
}
