#include "registry/settings.h"

#include "base/io.h"
#include "registry/toml.h"
#include "registry/url.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* --- reading ------------------------------------------------------------ */

static int wrong(const struct toml *t, const struct toml_item *item,
		 const char *expected, struct err *e)
{
	return err_set(e, ERR_INVALID, "%s: line %u: %.*s is not %s", t->what,
		       item->line, STR_ARG(item->key), expected);
}

static int as_string(const struct toml *t, const struct toml_item *item,
		     struct str *out, struct err *e)
{
	if (item->kind != TOML_STRING)
		return wrong(t, item, "a string", e);
	*out = item->string;
	return 0;
}

static int as_bool(const struct toml *t, const struct toml_item *item,
		   bool *out, struct err *e)
{
	if (item->kind != TOML_BOOL)
		return wrong(t, item, "true or false", e);
	*out = item->boolean;
	return 0;
}

static int as_seconds(const struct toml *t, const struct toml_item *item,
		      unsigned *out, struct err *e)
{
	if (item->kind != TOML_INTEGER || item->integer < 1 ||
	    item->integer > 24 * 3600)
		return wrong(t, item, "a number of seconds", e);
	*out = (unsigned)item->integer;
	return 0;
}

static int as_use(const struct toml *t, const struct toml_item *item,
		  enum mirror_use *out, struct err *e)
{
	static const char *const names[] = {
		[MIRROR_ALL] = "all",
		[MIRROR_DIGESTS] = "digest-only",
		[MIRROR_TAGS] = "tag-only",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (item->kind != TOML_STRING ||
		    !str_eq_c(item->string, names[i]))
			continue;
		*out = (enum mirror_use)i;
		return 0;
	}
	return wrong(t, item, "all, digest-only or tag-only", e);
}

/* Keys that other programs know are left to them. */
static int take_registry_key(const struct toml *t, const struct toml_item *item,
			     struct registry_entry *r, struct err *e)
{
	if (str_eq_c(item->key, "prefix"))
		return as_string(t, item, &r->prefix, e);
	if (str_eq_c(item->key, "location"))
		return as_string(t, item, &r->location, e);
	if (str_eq_c(item->key, "insecure"))
		return as_bool(t, item, &r->insecure, e);
	if (str_eq_c(item->key, "blocked"))
		return as_bool(t, item, &r->blocked, e);
	if (str_eq_c(item->key, "timeout"))
		return as_seconds(t, item, &r->timeout_s, e);
	return 0;
}

static int take_mirror_key(const struct toml *t, const struct toml_item *item,
			   struct mirror *m, struct err *e)
{
	if (str_eq_c(item->key, "location"))
		return as_string(t, item, &m->location, e);
	if (str_eq_c(item->key, "insecure"))
		return as_bool(t, item, &m->insecure, e);
	if (str_eq_c(item->key, "pull-from-mirror"))
		return as_use(t, item, &m->use, e);
	return 0;
}

enum section {
	SECTION_OTHER,
	SECTION_REGISTRY,
	SECTION_MIRROR,
};

static int take_item(struct settings *s, const struct toml *t,
		     const struct toml_item *item, size_t first,
		     enum section *section, struct err *e)
{
	struct registry_entry *last =
		s->entries.n > first ? &s->entries.v[s->entries.n - 1] : NULL;

	switch (item->kind) {
	case TOML_TABLE: *section = SECTION_OTHER; return 0;
	case TOML_ARRAY_TABLE:
		*section = SECTION_OTHER;
		if (str_eq_c(item->key, "registry")) {
			*section = SECTION_REGISTRY;
			(void)vec_push(&s->entries);
		} else if (str_eq_c(item->key, "registry.mirror")) {
			if (!last)
				return wrong(t, item, "below a [[registry]]",
					     e);
			*section = SECTION_MIRROR;
			(void)vec_push(&last->mirrors);
		}
		return 0;
	case TOML_STRING:
	case TOML_BOOL:
	case TOML_INTEGER:
	case TOML_STRINGS: break;
	}
	if (*section == SECTION_REGISTRY)
		return take_registry_key(t, item, last, e);
	if (*section == SECTION_MIRROR)
		return take_mirror_key(
			t, item, &last->mirrors.v[last->mirrors.n - 1], e);
	return 0;
}

/* An entry says what it is for, and its mirrors where they are. */
static int check_entry(struct registry_entry *r, const char *what,
		       struct err *e)
{
	if (!r->prefix.n)
		r->prefix = r->location;
	if (!r->prefix.n)
		return err_set(e, ERR_INVALID,
			       "%s: a [[registry]] without prefix and location",
			       what);
	for (size_t i = 0; i < r->mirrors.n; i++)
		if (!r->mirrors.v[i].location.n)
			return err_set(e, ERR_INVALID,
				       "%s: a mirror of %.*s without location",
				       what, STR_ARG(r->prefix));
	return 0;
}

int settings_parse(struct settings *s, struct arena *a, struct str text,
		   const char *what, struct err *e)
{
	struct toml t = toml_begin(a, arena_str(a, text), what);
	enum section section = SECTION_OTHER;
	size_t first = s->entries.n;
	struct toml_item item;
	int found;

	while ((found = toml_next(&t, &item, e)) > 0)
		if (take_item(s, &t, &item, first, &section, e) < 0)
			return -1;
	for (size_t i = first; found == 0 && i < s->entries.n; i++)
		if (check_entry(&s->entries.v[i], what, e) < 0)
			return -1;
	return found;
}

/* 1 read, 0 there is no such file, -1. */
static int read_file(struct settings *s, struct arena *a, const char *path,
		     struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(SETTINGS_MAX_BYTES);
	int found = io_read_settings(path, &text, e);

	if (found <= 0)
		return found;
	return settings_parse(s, a, buf_str(&text), path, e) < 0 ? -1 : 1;
}

static int compare_names(const struct dirent **x, const struct dirent **y)
{
	return strcmp((*y)->d_name, (*x)->d_name); /* the last one counts */
}

static int is_conf(const struct dirent *d)
{
	return str_ends(str_from(d->d_name), ".conf");
}

static int read_folder(struct settings *s, struct arena *a, const char *path,
		       struct err *e)
{
	struct dirent **names;
	int n = scandir(path, &names, is_conf, compare_names);
	int result = 0;

	for (int i = 0; i < n; i++) {
		SCOPED_PTR char *file =
			xasprintf("%s/%s", path, names[i]->d_name);

		if (result >= 0)
			result = read_file(s, a, file, e);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	return result < 0 ? -1 : 0;
}

static const char *config_folder(struct arena *a)
{
	const char *config = getenv("XDG_CONFIG_HOME");
	const char *home = getenv("HOME");

	if (config && *config)
		return config;
	if (home && *home)
		return arena_printf(a, "%s/.config", home).p;
	return "/nonexistent";
}

static int read_own(struct settings *s, struct arena *a, struct err *e)
{
	const char *given = getenv("IMGBUILD_REGISTRIES");
	const char *user =
		arena_printf(a, "%s/imgbuild/registries.conf", config_folder(a))
			.p;

	if (given && *given) {
		int found = read_file(s, a, given, e);

		if (found == 0)
			return err_set(e, ERR_NOT_FOUND,
				       "$IMGBUILD_REGISTRIES: there is no file "
				       "%s",
				       given);
		return found < 0 ? -1 : 0;
	}
	if (read_file(s, a, user, e) < 0 ||
	    read_file(s, a, "/etc/imgbuild/registries.conf", e) < 0)
		return -1;
	return 0;
}

static int read_containers(struct settings *s, struct arena *a, struct err *e)
{
	const char *given = getenv("CONTAINERS_REGISTRIES_CONF");
	const char *user = arena_printf(a, "%s/containers/registries.conf",
					config_folder(a))
				   .p;
	int found;

	if (given && *given)
		return read_file(s, a, given, e) < 0 ? -1 : 0;
	if (read_folder(s, a, "/etc/containers/registries.conf.d", e) < 0)
		return -1;
	found = read_file(s, a, user, e);
	if (found == 0)
		found = read_file(s, a, "/etc/containers/registries.conf", e);
	return found < 0 ? -1 : 0;
}

int settings_read(struct settings *s, struct arena *a, struct err *e)
{
	*s = (struct settings){0};
	if (read_own(s, a, e) == 0 && read_containers(s, a, e) == 0)
		return 0;
	settings_release(s);
	return -1;
}

void settings_release(struct settings *s)
{
	for (size_t i = 0; i < s->entries.n; i++)
		vec_release(&s->entries.v[i].mirrors);
	vec_release(&s->entries);
}

/* --- asking ------------------------------------------------------------- */

/* How much of "HOST/PATH" a prefix stands for; 0: it is for others. */
static size_t match(struct str prefix, struct str name)
{
	struct str host;
	struct str path;

	if (str_starts(prefix, "*.")) {
		struct str domain = str_skip(prefix, 1);

		(void)str_cut(name, '/', &host, &path);
		return host.n > domain.n &&
				       str_eq(str_skip(host, host.n - domain.n),
					      domain)
			       ? host.n
			       : 0;
	}
	if (name.n < prefix.n || memcmp(name.p, prefix.p, prefix.n) != 0)
		return 0;
	return name.n == prefix.n || strchr("/:@", name.p[prefix.n]) ? prefix.n
								     : 0;
}

static const struct registry_entry *find_entry(const struct settings *s,
					       struct str name, size_t *matched)
{
	const struct registry_entry *best = NULL;

	*matched = 0;
	for (size_t i = 0; i < s->entries.n; i++) {
		size_t n = match(s->entries.v[i].prefix, name);

		if (n <= *matched)
			continue;
		best = &s->entries.v[i];
		*matched = n;
	}
	return best;
}

static bool is_insecure(struct str host, struct str_list insecure)
{
	for (size_t i = 0; i < insecure.n; i++)
		if (str_eq(insecure.v[i], host))
			return true;
	return false;
}

/* docker.io is a name; its registry is elsewhere. */
static struct str server_of(struct str host)
{
	return str_eq_c(host, "docker.io") ? STR("registry-1.docker.io") : host;
}

static struct endpoint make_endpoint(struct arena *a, struct str location,
				     bool insecure, unsigned timeout_s)
{
	struct endpoint out = {.insecure = insecure, .timeout_s = timeout_s};

	(void)str_cut(location, '/', &out.host, &out.path);
	if (host_is_loopback(out.host))
		out.insecure = true;
	out.base =
		arena_printf(a, "https://%.*s", STR_ARG(server_of(out.host)));
	return out;
}

static bool serves(const struct mirror *m, const struct reference *r)
{
	switch (m->use) {
	case MIRROR_ALL: return true;
	case MIRROR_DIGESTS: return r->digest.n > 0;
	case MIRROR_TAGS: return r->digest.n == 0;
	}
	return true;
}

/* location with what stood after the prefix */
static struct str rewrite(struct arena *a, struct str location, struct str name,
			  size_t matched)
{
	return arena_printf(a, "%.*s%.*s", STR_ARG(location),
			    STR_ARG(str_skip(name, matched)));
}

int settings_endpoints(const struct settings *s, struct arena *a,
		       const struct reference *r, struct str_list insecure,
		       struct endpoint **out, size_t *n_out, struct err *e)
{
	struct str name = arena_printf(a, "%.*s/%.*s", STR_ARG(r->domain),
				       STR_ARG(r->path));
	size_t matched;
	const struct registry_entry *entry = find_entry(s, name, &matched);
	size_t n_mirrors = entry ? entry->mirrors.n : 0;
	struct str at = name;

	*out = arena_new_array(a, n_mirrors + 1, struct endpoint);
	*n_out = 0;
	if (entry && entry->blocked)
		return err_set(e, ERR_INVALID,
			       "%.*s: registries.conf blocks it",
			       STR_ARG(name));
	for (size_t i = 0; i < n_mirrors; i++) {
		const struct mirror *m = &entry->mirrors.v[i];
		struct endpoint *p = &(*out)[*n_out];

		if (!serves(m, r))
			continue;
		*p = make_endpoint(a, rewrite(a, m->location, name, matched),
				   m->insecure, entry->timeout_s);
		p->insecure |= is_insecure(p->host, insecure);
		p->is_mirror = true;
		(*n_out)++;
	}
	if (entry && entry->location.n)
		at = rewrite(a, entry->location, name, matched);
	(*out)[*n_out] = make_endpoint(a, at, entry && entry->insecure,
				       entry ? entry->timeout_s : 0);
	(*out)[*n_out].insecure |= is_insecure((*out)[*n_out].host, insecure);
	(*n_out)++;
	return 0;
}
