#include "builder/plan/named_context.h"

#include "oci/reference.h"
#include "parser/git_url.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* "docker.io/library/alpine:latest" and "alpine" are one name. */
static int normalise(struct arena *a, struct str name, struct str *out,
		     struct err *e)
{
	static const char latest[] = ":latest";
	struct reference ref;

	if (reference_parse(a, name, &ref, e) < 0)
		return -1;
	*out = reference_familiar(a, &ref);
	if (str_ends(*out, latest))
		out->n -= strlen(latest);
	return 0;
}

static int check_folder(struct arena *a, const struct named_context *c,
			struct err *e)
{
	const char *path = arena_c(a, c->value);
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		return 0;
	if (errno == ENOENT)
		return err_set(e, ERR_NOT_FOUND, "%s: there is no such folder",
			       path);
	return err_set(e, ERR_INVALID, "%s is no folder", path);
}

static bool take_prefix(struct str *value, const char *prefix)
{
	if (!str_starts(*value, prefix))
		return false;
	*value = str_skip(*value, strlen(prefix));
	return true;
}

/* 1 a git repository or a URL, 0 neither, -1. */
static int is_remote(struct arena *a, struct str value, struct err *e)
{
	struct git_url git;
	int is_git = git_url_parse_context(a, value, &git, e);

	return is_git ? is_git : remote_kind_of(value) == REMOTE_HTTP;
}

static int parse_value(struct arena *a, struct named_context *c, struct err *e)
{
	int remote;

	if (take_prefix(&c->value, "docker-image://"))
		c->kind = str_eq_c(c->value, "scratch") ? NAMED_SCRATCH
							: NAMED_IMAGE;
	else if (take_prefix(&c->value, "oci-layout://"))
		c->kind = NAMED_LAYOUT;
	else if (take_prefix(&c->value, "target:"))
		c->kind = NAMED_STAGE;
	if (c->kind != NAMED_FOLDER)
		return 0;
	remote = is_remote(a, c->value, e);
	if (remote == 0)
		return check_folder(a, c, e);
	c->kind = NAMED_REMOTE;
	return remote < 0 ? -1 : 0;
}

int named_context_parse(struct arena *a, struct str text,
			struct named_context *out, struct err *e)
{
	struct str name;

	*out = (struct named_context){0};
	if (!str_cut(text, '=', &name, &out->value) || name.n == 0 ||
	    out->value.n == 0)
		return err_set(e, ERR_INVALID, "expected NAME=VALUE");
	if (normalise(a, name, &out->name, e) < 0)
		return -1;
	return parse_value(a, out, e);
}

const struct named_context *
named_context_find(const struct named_context *contexts, size_t n,
		   struct str name)
{
	SCOPED_ARENA struct arena a = {0};
	struct err ignored; /* what is no name is no context's */
	struct str plain;

	if (n == 0 || normalise(&a, name, &plain, &ignored) < 0)
		return NULL;
	/* the last one given wins */
	for (size_t i = n; i > 0; i--)
		if (str_eq(contexts[i - 1].name, plain))
			return &contexts[i - 1];
	return NULL;
}

void layout_reference_parse(struct str value, struct layout_reference *out)
{
	ptrdiff_t colon;

	*out = (struct layout_reference){0};
	(void)str_cut(value, '@', &out->path, &out->digest);
	colon = str_rfind(out->path, ':');
	if (colon <= str_rfind(out->path, '/'))
		return;
	out->tag = str_skip(out->path, (size_t)colon + 1);
	out->path = str_sub(out->path, 0, (size_t)colon);
}
