#include "parser/git_url.h"

#include "base/mem.h"
#include "parser/values.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct str url_decode(struct arena *a, struct str s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int high = s.p[i] == '%' && i + 2 < s.n ? hex_value(s.p[i + 1])
							: -1;
		int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;

		out[n++] = low >= 0 ? (char)(high << 4 | low) : s.p[i];
		i += low >= 0 ? 2 : 0;
	}
	return (struct str){out, n};
}

struct str url_without_suffix(struct str url)
{
	struct str head;
	struct str tail;

	(void)str_cut(url, '#', &head, &tail);
	(void)str_cut(head, '?', &head, &tail);
	return head;
}

static bool is_word(struct str s, const char *also)
{
	for (size_t i = 0; i < s.n; i++) {
		char lower = s.p[i] | 0x20;

		if (!(lower >= 'a' && lower <= 'z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && !strchr(also, s.p[i]))
			return false;
	}
	return s.n > 0;
}

/* user@host:path, as ssh takes it */
static bool is_scp_like(struct str s)
{
	struct str user;
	struct str host;
	struct str rest;

	return str_cut(s, '@', &user, &rest) &&
	       str_cut(rest, ':', &host, &rest) && is_word(user, "-_") &&
	       is_word(host, "-.");
}

bool git_url_is(struct str s)
{
	if (str_starts(s, "git://") || str_starts(s, "ssh://") ||
	    is_scp_like(s))
		return true;
	return (str_starts(s, "http://") || str_starts(s, "https://")) &&
	       str_ends(url_without_suffix(s), ".git");
}

/* What the query says beside what goes straight into a git_url. */
struct query {
	struct str ref;
	struct str tag;
	struct str branch;
	struct str folder;
};

static int parse_choice(struct str key, struct str value, enum git_choice *out,
			struct err *e)
{
	bool yes = true;

	if (value.n && bool_parse(value, &yes, e) < 0)
		return err_set(e, ERR_INVALID, "invalid %.*s value: \"%.*s\"",
			       STR_ARG(key), STR_ARG(value));
	*out = yes ? GIT_YES : GIT_NO;
	return 0;
}

static int parse_times(struct str value, enum git_choice *out, struct err *e)
{
	if (!str_eq_c(value, "commit") && !str_eq_c(value, "checkout"))
		return err_set(e, ERR_INVALID,
			       "invalid mtime value: \"%.*s\": neither commit "
			       "nor checkout",
			       STR_ARG(value));
	*out = str_eq_c(value, "commit") ? GIT_YES : GIT_NO;
	return 0;
}

static int parse_pair(struct str key, struct str value, struct git_url *out,
		      struct query *q, struct err *e)
{
	const struct {
		const char *name;
		struct str *field;
	} texts[] = {
		{"ref", &q->ref},
		{"tag", &q->tag},
		{"branch", &q->branch},
		{"subdir", &q->folder},
		{"checksum", &out->checksum},
		{"commit", &out->checksum},
	};

	if (str_eq_c(key, "keep-git-dir"))
		return parse_choice(key, value, &out->keep_git_dir, e);
	if (str_eq_c(key, "submodules"))
		return parse_choice(key, value, &out->submodules, e);
	if (value.n == 0)
		return err_set(e, ERR_INVALID, "query \"%.*s\" has no value",
			       STR_ARG(key));
	if (str_eq_c(key, "mtime"))
		return parse_times(value, &out->commit_times, e);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (!str_eq_c(key, texts[i].name))
			continue;
		if (texts[i].field->n)
			return err_set(e, ERR_INVALID,
				       "query \"%.*s\" has multiple values",
				       STR_ARG(key));
		*texts[i].field = value;
		return 0;
	}
	return err_set(e, ERR_INVALID, "unexpected query \"%.*s\"",
		       STR_ARG(key));
}

/* Two ways to say one thing must say the same. */
static int settle(const char *what, struct str *have, struct str said,
		  struct err *e)
{
	if (said.n == 0)
		return 0;
	if (have->n && !str_eq(*have, said))
		return err_set(e, ERR_INVALID,
			       "%s conflicts: \"%.*s\" vs \"%.*s\"", what,
			       STR_ARG(*have), STR_ARG(said));
	*have = said;
	return 0;
}

/* A tag or branch by its whole name, so that it can't be the other. */
static struct str full_ref(struct arena *a, const char *prefix, struct str name)
{
	if (name.n == 0 || str_starts(name, prefix))
		return name;
	return arena_printf(a, "%s%.*s", prefix, STR_ARG(name));
}

static int parse_query(struct arena *a, struct str text, struct git_url *out,
		       struct err *e)
{
	struct query q = {0};

	while (text.n) {
		struct str pair;
		struct str key;
		struct str value;

		(void)str_cut(text, '&', &pair, &text);
		(void)str_cut(pair, '=', &key, &value);
		if (pair.n && parse_pair(url_decode(a, key),
					 url_decode(a, value), out, &q, e) < 0)
			return -1;
	}
	if (q.tag.n && q.branch.n)
		return err_set(e, ERR_INVALID, "branch conflicts with tag");
	if (settle("ref", &out->ref, q.ref, e) < 0 ||
	    settle("ref", &out->ref, full_ref(a, "refs/tags/", q.tag), e) < 0 ||
	    settle("ref", &out->ref, full_ref(a, "refs/heads/", q.branch), e) <
		    0)
		return -1;
	return settle("subdir", &out->folder, q.folder, e);
}

/* remote["?"query]["#"ref[":"folder]] */
static int parse_remote(struct arena *a, struct str s, struct git_url *out,
			struct err *e)
{
	struct str fragment;
	struct str query;

	*out = (struct git_url){0};
	(void)str_cut(s, '#', &s, &fragment);
	(void)str_cut(s, '?', &out->remote, &query);
	(void)str_cut(url_decode(a, fragment), ':', &out->ref, &out->folder);
	if (parse_query(a, query, out, e) < 0)
		return err_wrap(e, "%.*s", STR_ARG(out->remote));
	if (out->ref.n == 0)
		out->ref = out->checksum;
	/* git would take it for an option */
	if (str_starts(out->ref, "-") || str_starts(out->remote, "-"))
		return err_set(e, ERR_INVALID, "%.*s: no name of a git ref",
			       STR_ARG(out->ref));
	return 1;
}

int git_url_parse(struct arena *a, struct str s, struct git_url *out,
		  struct err *e)
{
	return git_url_is(s) ? parse_remote(a, s, out, e) : 0;
}

static bool is_folder(struct arena *a, struct str path)
{
	struct stat st;

	return stat(arena_c(a, path), &st) == 0 && S_ISDIR(st.st_mode);
}

/* git runs in another folder than ours. */
static int parse_local(struct arena *a, struct str s, struct git_url *out,
		       struct err *e)
{
	int result = parse_remote(a, s, out, e);
	SCOPED_PTR char *path = NULL;

	if (result < 0)
		return -1;
	path = realpath(arena_c(a, out->remote), NULL);
	if (!path)
		return err_sys(e, "git repository %.*s", STR_ARG(out->remote));
	out->remote = arena_str(a, str_from(path));
	return 1;
}

int git_url_parse_context(struct arena *a, struct str s, struct git_url *out,
			  struct err *e)
{
	struct str path;
	struct str fragment;

	if (git_url_is(s))
		return parse_remote(a, s, out, e);
	if (str_starts(s, "file://"))
		return parse_local(a, str_skip(s, strlen("file://")), out, e);
	if (is_folder(a, s))
		return 0;
	if (str_starts(s, "github.com/"))
		return parse_remote(
			a, arena_printf(a, "https://%.*s", STR_ARG(s)), out, e);
	if (str_cut(s, '#', &path, &fragment) && is_folder(a, path))
		return parse_local(a, s, out, e);
	return 0;
}

enum remote_kind remote_kind_of(struct str source)
{
	if (git_url_is(source))
		return REMOTE_GIT;
	return str_starts(source, "http://") || str_starts(source, "https://")
		       ? REMOTE_HTTP
		       : REMOTE_NONE;
}
