/*
 * distribution/reference:
 *
 *   reference := name [ ":" tag ] [ "@" digest ]
 *   name      := [ domain "/" ] component { "/" component }
 *   domain    := host [ ":" port ]
 *   host      := label { "." label } | "[" ipv6 "]"
 *   label     := alnum { alnum | "-" } ending in alnum, either case
 *   component := low { ( "." | "_" | "__" | "-"+ ) low }, low := [a-z0-9]+
 *   tag       := [A-Za-z0-9_] [A-Za-z0-9_.-]{0,127}
 */
#include "oci/reference.h"

#include "base/digest.h"

#include <string.h>

enum {
	DOMAIN_MAX_BYTES = 255, /* of any host name */
	PATH_MAX_BYTES = 255,
	TAG_MAX_BYTES = 128,
	INPUT_MAX_BYTES = 1024,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_low(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_up(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alnum(char c)
{
	return is_low(c) || is_up(c);
}

/* Length of a separator between two runs of [a-z0-9], 0 where there is none. */
static size_t separator_length(struct str s)
{
	size_t n = 0;

	if (!s.n)
		return 0;
	if (s.p[0] == '.')
		return 1;
	if (s.p[0] == '_')
		return s.n > 1 && s.p[1] == '_' ? 2 : 1;
	while (n < s.n && s.p[n] == '-')
		n++;
	return n;
}

static bool is_component(struct str s)
{
	for (;;) {
		size_t n = 0;

		while (n < s.n && is_low(s.p[n]))
			n++;
		if (!n)
			return false;
		if (n == s.n)
			return true;
		s = str_skip(s, n);
		n = separator_length(s);
		if (!n)
			return false;
		s = str_skip(s, n);
	}
}

static bool is_path(struct str s)
{
	struct str component;
	bool more = true;

	while (more) {
		more = str_cut(s, '/', &component, &s);
		if (!is_component(component))
			return false;
	}
	return true;
}

static bool is_label(struct str s)
{
	if (!s.n || !is_alnum(s.p[0]) || !is_alnum(s.p[s.n - 1]))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '-')
			return false;
	return true;
}

static bool is_port(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]))
			return false;
	return s.n > 0;
}

static bool is_ipv6(struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (c != ':' && !is_digit(c) && !(c >= 'a' && c <= 'f') &&
		    !(c >= 'A' && c <= 'F'))
			return false;
	}
	return s.n > 0;
}

static bool is_domain(struct str s)
{
	struct str label;
	struct str port;
	bool more = true;

	if (s.n && s.p[0] == '[') {
		ptrdiff_t end = str_find(s, ']');

		if (end < 0 || !is_ipv6(str_sub(s, 1, (size_t)end)))
			return false;
		s = str_skip(s, (size_t)end + 1);
		return !s.n || (s.p[0] == ':' && is_port(str_skip(s, 1)));
	}
	if (str_cut(s, ':', &s, &port) && !is_port(port))
		return false;
	while (more) {
		more = str_cut(s, '.', &label, &s);
		if (!is_label(label))
			return false;
	}
	return true;
}

static bool is_tag(struct str s)
{
	if (!s.n || s.n > TAG_MAX_BYTES || s.p[0] == '.' || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && !strchr("_.-", s.p[i]))
			return false;
	return true;
}

static bool has_upper(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (is_up(s.p[i]))
			return true;
	return false;
}

/* Whether what stands before the first slash is a registry's host. */
static bool names_host(struct str first)
{
	return str_find(first, '.') >= 0 || str_find(first, ':') >= 0 ||
	       str_eq_c(first, "localhost") || has_upper(first);
}

static void split_domain(struct str *name, struct str *domain)
{
	struct str first;
	struct str rest;

	*domain = STR("docker.io");
	if (!str_cut(*name, '/', &first, &rest) || !names_host(first))
		return;
	*name = rest;
	if (!str_eq_c(first, "index.docker.io"))
		*domain = first;
}

/* Take ":tag" off the end; a colon before a slash belongs to a port. */
static bool split_tag(struct str *name, struct str *tag)
{
	ptrdiff_t colon = str_rfind(*name, ':');
	ptrdiff_t slash = str_rfind(*name, '/');

	*tag = STR("");
	if (colon < 0 || colon < slash)
		return false;
	*tag = str_skip(*name, (size_t)colon + 1);
	*name = str_sub(*name, 0, (size_t)colon);
	return true;
}

static int refuse_upper(struct arena *a, struct str s, struct str path,
			struct err *e)
{
	char *suggestion = arena_c(a, s);
	size_t start = (size_t)(path.p - s.p);

	for (size_t i = start; i < start + path.n; i++)
		if (is_up(suggestion[i]))
			suggestion[i] = (char)(suggestion[i] - 'A' + 'a');
	return err_set(e, ERR_INVALID,
		       "image name '%.*s': repository name must be lowercase; "
		       "did you mean '%s'?",
		       STR_ARG(s), suggestion);
}

static int check_path(struct arena *a, struct str s, struct str path,
		      struct err *e)
{
	struct digest hex;

	if (has_upper(path))
		return refuse_upper(a, s, path, e);
	if (digest_parse_hex(s, &hex))
		return err_set(
			e, ERR_INVALID,
			"image name '%.*s': 64 hexadecimal digits are an "
			"image id, not a name",
			STR_ARG(s));
	if (!is_path(path))
		return err_set(e, ERR_INVALID,
			       "image name '%.*s': invalid reference format",
			       STR_ARG(s));
	return 0;
}

static bool has_nul(struct str s)
{
	return s.n && memchr(s.p, '\0', s.n);
}

int reference_parse(struct arena *a, struct str s, struct reference *out,
		    struct err *e)
{
	struct str name;
	struct str domain;
	struct str tag;
	struct str digest;
	struct digest parsed;
	bool has_digest;
	bool has_tag;

	if (!s.n)
		return err_set(e, ERR_INVALID, "image name is empty");
	if (s.n > INPUT_MAX_BYTES || has_nul(s))
		return err_set(e, ERR_INVALID,
			       "image name: invalid reference format");
	s = arena_str(a, s);
	has_digest = str_cut(s, '@', &name, &digest);
	if (has_digest && !digest_parse(digest, &parsed))
		return err_set(e, ERR_INVALID,
			       "image name '%.*s': expected sha256: and 64 "
			       "lower-case hexadecimal digits after '@'",
			       STR_ARG(s));
	split_domain(&name, &domain);
	has_tag = split_tag(&name, &tag);
	if (check_path(a, s, name, e) < 0)
		return -1;
	if (domain.n > DOMAIN_MAX_BYTES || !is_domain(domain) ||
	    (has_tag && !is_tag(tag)))
		return err_set(e, ERR_INVALID,
			       "image name '%.*s': invalid reference format",
			       STR_ARG(s));
	if (str_eq_c(domain, "docker.io") && str_find(name, '/') < 0)
		name = arena_printf(a, "library/%.*s", STR_ARG(name));
	if (name.n > PATH_MAX_BYTES)
		return err_set(e, ERR_INVALID,
			       "image name '%.64s…': longer than %d bytes",
			       name.p, PATH_MAX_BYTES);
	if (!has_tag && !has_digest)
		tag = STR("latest");
	*out = (struct reference){domain, name, tag, digest};
	return 0;
}

static struct str with_tag_and_digest(struct arena *a, struct str name,
				      const struct reference *r)
{
	return arena_printf(a, "%.*s%s%.*s%s%.*s", STR_ARG(name),
			    r->tag.n ? ":" : "", STR_ARG(r->tag),
			    r->digest.n ? "@" : "", STR_ARG(r->digest));
}

struct str reference_name(struct arena *a, const struct reference *r)
{
	struct str name = arena_printf(a, "%.*s/%.*s", STR_ARG(r->domain),
				       STR_ARG(r->path));

	return with_tag_and_digest(a, name, r);
}

/* Whether docker.io may be left out: not where the rest names a host itself. */
static bool may_omit_domain(struct str path)
{
	struct str first;
	struct str rest;

	return !str_cut(path, '/', &first, &rest) || !names_host(first);
}

struct str reference_familiar(struct arena *a, const struct reference *r)
{
	const struct str official = STR("library/");
	struct str path = r->path;

	if (!str_eq_c(r->domain, "docker.io") || !may_omit_domain(path))
		path = arena_printf(a, "%.*s/%.*s", STR_ARG(r->domain),
				    STR_ARG(path));
	else if (str_starts(path, official.p) &&
		 str_find(str_skip(path, official.n), '/') < 0)
		path = str_skip(path, official.n);
	return with_tag_and_digest(a, path, r);
}
