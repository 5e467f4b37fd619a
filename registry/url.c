#include "registry/url.h"

#include <string.h>

/* No blank or control character is part of a URL. */
static bool is_clean(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == 0x7f)
			return false;
	return true;
}

static size_t find_any(struct str s, const char *set)
{
	size_t i = 0;

	while (i < s.n && !strchr(set, s.p[i]))
		i++;
	return i;
}

bool url_split(struct str s, struct url *out)
{
	ptrdiff_t colon = str_find(s, ':');
	struct str authority;
	ptrdiff_t at;
	size_t n;

	*out = (struct url){0};
	if (colon < 0 || !is_clean(s))
		return false;
	out->scheme = str_sub(s, 0, (size_t)colon);
	s = str_skip(s, (size_t)colon + 1);
	if ((!str_eq_nocase(out->scheme, STR("http")) &&
	     !str_eq_nocase(out->scheme, STR("https"))) ||
	    !str_starts(s, "//"))
		return false;
	s = str_skip(s, 2);
	n = find_any(s, "/?#");
	authority = str_sub(s, 0, n);
	out->rest = str_skip(s, n);
	at = str_rfind(authority, '@');
	if (at >= 0)
		out->userinfo = str_sub(authority, 0, (size_t)at);
	out->host = str_skip(authority, (size_t)(at + 1));
	return out->host.n > 0;
}

static struct str with_rest(struct arena *a, const struct url *u,
			    struct str rest)
{
	return arena_printf(a, "%.*s://%.*s%s%.*s%.*s", STR_ARG(u->scheme),
			    STR_ARG(u->userinfo), u->userinfo.n ? "@" : "",
			    STR_ARG(u->host), STR_ARG(rest));
}

/* The path of rest up to its last slash. */
static struct str folder_of(struct str rest)
{
	struct str path = str_sub(rest, 0, find_any(rest, "?#"));
	ptrdiff_t slash = str_rfind(path, '/');

	return slash < 0 ? STR("/") : str_sub(path, 0, (size_t)slash + 1);
}

bool url_resolve(struct arena *a, struct str base, struct str location,
		 struct str *out)
{
	struct url from;
	struct url to;

	if (!url_split(base, &from) || !location.n || !is_clean(location))
		return false;
	if (url_split(location, &to)) {
		*out = arena_str(a, location);
		return true;
	}
	if (str_starts(location, "//"))
		*out = arena_printf(a, "%.*s:%.*s", STR_ARG(from.scheme),
				    STR_ARG(location));
	else if (location.p[0] == '/')
		*out = with_rest(a, &from, location);
	else if (location.p[0] == '?')
		*out = with_rest(
			a, &from,
			arena_printf(
				a, "%.*s%.*s",
				STR_ARG(str_sub(from.rest, 0,
						find_any(from.rest, "?#"))),
				STR_ARG(location)));
	else if (find_any(location, ":") < find_any(location, "/?#"))
		return false; /* another scheme */
	else
		*out = with_rest(a, &from,
				 arena_printf(a, "%.*s%.*s",
					      STR_ARG(folder_of(from.rest)),
					      STR_ARG(location)));
	return url_split(*out, &to);
}

bool url_is_https(struct str s)
{
	struct url u;

	return url_split(s, &u) && str_eq_nocase(u.scheme, STR("https"));
}

/* host without the port that its scheme has anyway */
static struct str plain_host(const struct url *u)
{
	const char *port =
		str_eq_nocase(u->scheme, STR("https")) ? ":443" : ":80";

	if (str_ends(u->host, port))
		return str_sub(u->host, 0, u->host.n - strlen(port));
	return u->host;
}

bool url_same_origin(struct str a, struct str b)
{
	struct url x;
	struct url y;

	return url_split(a, &x) && url_split(b, &y) &&
	       str_eq_nocase(x.scheme, y.scheme) &&
	       str_eq_nocase(plain_host(&x), plain_host(&y));
}

struct str url_shown(struct arena *a, struct str s)
{
	struct url u;

	if (!url_split(s, &u))
		return STR("(no URL)");
	u.userinfo = (struct str){0};
	return with_rest(a, &u, str_sub(u.rest, 0, find_any(u.rest, "?#")));
}

bool host_is_loopback(struct str host)
{
	struct str port;

	if (str_starts(host, "[::1]"))
		return host.n == 5 || host.p[5] == ':';
	(void)str_cut(host, ':', &host, &port);
	if (str_eq_nocase(host, STR("localhost")) ||
	    (host.n > 10 &&
	     str_eq_nocase(str_skip(host, host.n - 10), STR(".localhost"))))
		return true;
	if (!str_starts(host, "127."))
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
			return false;
	return true;
}

void url_add_escaped(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || (c && strchr("-._~", c)))
			buf_add_char(out, (char)c);
		else
			buf_printf(out, "%%%02X", c);
	}
}
