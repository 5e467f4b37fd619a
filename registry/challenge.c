#include "registry/challenge.h"

#include <stddef.h>
#include <string.h>

static bool is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void skip_any(struct str *s, const char *set)
{
	while (s->n && s->p[0] && strchr(set, s->p[0]))
		*s = str_skip(*s, 1);
}

static struct str take_token(struct str *s)
{
	struct str token;
	size_t n = 0;

	while (n < s->n && is_token_char(s->p[n]))
		n++;
	token = str_sub(*s, 0, n);
	*s = str_skip(*s, n);
	return token;
}

/* After the opening quote. false where it never ends. */
static bool take_quoted(struct arena *a, struct str *s, struct str *out)
{
	char *text = arena_alloc(a, s->n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		if (s->p[i] == '"') {
			*out = (struct str){text, n};
			*s = str_skip(*s, i + 1);
			return true;
		}
		if (s->p[i] == '\\' && i + 1 < s->n)
			i++;
		text[n++] = s->p[i];
	}
	return false;
}

static void keep(struct challenge *c, struct str name, struct str value)
{
	static const struct {
		const char *name;
		size_t at;
	} fields[] = {
		{"realm", offsetof(struct challenge, realm)},
		{"service", offsetof(struct challenge, service)},
		{"scope", offsetof(struct challenge, scope)},
		{"error", offsetof(struct challenge, error)},
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (str_eq_nocase(name, str_from(fields[i].name)))
			*(struct str *)((char *)c + fields[i].at) = value;
}

/* Take "name=value" off *rest; false where something else stands there. */
static bool take_param(struct arena *a, struct str *rest, struct challenge *c)
{
	struct str s = *rest;
	struct str name = take_token(&s);
	struct str value;

	skip_any(&s, " \t");
	if (!name.n || !s.n || s.p[0] != '=')
		return false;
	s = str_skip(s, 1);
	skip_any(&s, " \t");
	if (s.n && s.p[0] == '"') {
		s = str_skip(s, 1);
		if (!take_quoted(a, &s, &value))
			return false;
	} else {
		value = take_token(&s);
		skip_any(&s, "=/"); /* the end of a token68 */
	}
	keep(c, name, value);
	*rest = s;
	return true;
}

bool challenge_next(struct arena *a, struct str *rest, struct challenge *out)
{
	*out = (struct challenge){0};
	skip_any(rest, " \t,");
	out->scheme = take_token(rest);
	if (!out->scheme.n)
		return false;
	do
		skip_any(rest, " \t,");
	while (take_param(a, rest, out));
	return true;
}
