/* LABEL: keys, and values as the label schema wants them. */
#include "lint/rules.h"

#include "base/clock.h"

#include <ctype.h>
#include <string.h>

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* What docker's guide for label keys says is wrong with key; NULL. */
static const char *key_mistake(struct str key)
{
	if (key.n == 0 || !is_lower(key.p[0]))
		return "begins with a lower-case letter";
	if (!is_lower(key.p[key.n - 1]) && !is_digit(key.p[key.n - 1]))
		return "ends in a lower-case letter or a digit";
	for (size_t i = 0; i < key.n; i++)
		if (!is_lower(key.p[i]) && !is_digit(key.p[i]) &&
		    !strchr(".-_/", key.p[i]))
			return "is made of lower-case letters, digits, ., -, _ "
			       "and /";
	if (str_starts(key, "com.docker.") || str_starts(key, "io.docker.") ||
	    str_starts(key, "org.dockerproject."))
		return "leaves docker's own namespaces alone";
	if (str_has(key, "..") || str_has(key, "--"))
		return "has no two separators side by side";
	return NULL;
}

/* Every key=value of every LABEL. */
typedef void label_function(struct lint *l, const struct rule *rule,
			    const struct pair *pair, struct str key);

static void for_labels(struct lint *l, const struct rule *rule,
		       label_function *function)
{
	FOR_ITEMS(l, item)
	{
		if (item->in->kind != INSTRUCTION_LABEL)
			continue;
		for (size_t i = 0; i < item->in->pairs.n; i++) {
			const struct pair *pair = &item->in->pairs.v[i];

			function(l, rule, pair, lint_plain(&pair->key));
		}
	}
}

static void label_key(struct lint *l, const struct rule *rule,
		      const struct pair *pair, struct str key)
{
	const char *mistake = key_mistake(key);

	if (mistake)
		(void)lint_report(l, rule, pair->key.span,
				  "'%.*s': a label's key %s", STR_ARG(key),
				  mistake);
}

void check_label_key(struct lint *l, const struct rule *rule)
{
	for_labels(l, rule, label_key);
}

static const struct lint_label *in_schema(const struct lint *l, struct str key)
{
	for (size_t i = 0; i < l->options->n_labels; i++)
		if (str_eq(l->options->labels[i].name, key))
			return &l->options->labels[i];
	return NULL;
}

static bool stage_has_label(const struct lint *l, size_t stage, struct str name)
{
	const struct lint_stage *s = &l->stages[stage];

	for (size_t i = s->first; i < s->end; i++) {
		const struct instruction *in = l->items[i].in;

		if (in->kind != INSTRUCTION_LABEL)
			continue;
		for (size_t k = 0; k < in->pairs.n; k++)
			if (str_eq(lint_plain(&in->pairs.v[k].key), name))
				return true;
	}
	return false;
}

static bool stage_is_copied(const struct lint *l, size_t stage)
{
	return l->stages[stage].used && !l->stages[stage].is_base;
}

/* A stage that only gives files to another needs no labels. */
void check_label_missing(struct lint *l, const struct rule *rule)
{
	bool *good = arena_new_array(l->arena, l->n_stages, bool);

	for (size_t i = 0; i < l->options->n_labels; i++) {
		struct str name = l->options->labels[i].name;

		for (size_t s = 0; s < l->n_stages; s++) {
			size_t base = l->stages[s].base;

			good[s] = stage_has_label(l, s, name) ||
				  (base != NO_STAGE && good[base]);
			if (!good[s] && !stage_is_copied(l, s))
				(void)lint_report(
					l, rule, l->stages[s].stage->from->span,
					"this stage has no label %.*s",
					STR_ARG(name));
		}
	}
}

static void label_extra(struct lint *l, const struct rule *rule,
			const struct pair *pair, struct str key)
{
	if (!in_schema(l, key))
		(void)lint_report(l, rule, pair->key.span,
				  "the label %.*s is not in the label schema",
				  STR_ARG(key));
}

void check_label_extra(struct lint *l, const struct rule *rule)
{
	if (l->options->strict_labels)
		for_labels(l, rule, label_extra);
}

static void label_empty(struct lint *l, const struct rule *rule,
			const struct pair *pair, struct str key)
{
	if (in_schema(l, key) && lint_plain(&pair->value).n == 0)
		(void)lint_report(l, rule, pair->span,
				  "the label %.*s is empty", STR_ARG(key));
}

void check_label_empty(struct lint *l, const struct rule *rule)
{
	for_labels(l, rule, label_empty);
}

/* RFC 3986: scheme ":" and something that is no blank. */
static bool is_url(struct str s)
{
	ptrdiff_t colon = str_find(s, ':');

	if (colon <= 0 || !isalpha((unsigned char)s.p[0]))
		return false;
	for (ptrdiff_t i = 0; i < colon; i++)
		if (!isalnum((unsigned char)s.p[i]) && !strchr("+-.", s.p[i]))
			return false;
	for (size_t i = (size_t)colon + 1; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' ||
		    strchr("<>\"\\^`{}", s.p[i]))
			return false;
	s = str_skip(s, (size_t)colon + 1);
	return s.n > 2 && (!str_starts(s, "//") || s.p[2] != '/');
}

static bool is_rfc3339(struct str s)
{
	int64_t ignored;

	return clock_parse_rfc3339(s, &ignored);
}

static bool is_hash(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_digit(s.p[i]) && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.n == 7 || s.n == 40 || s.n == 64;
}

static bool take_number(struct str *s)
{
	size_t n = 0;

	while (n < s->n && is_digit(s->p[n]))
		n++;
	if (n == 0 || (n > 1 && s->p[0] == '0'))
		return false;
	*s = str_skip(*s, n);
	return true;
}

/* Identifiers between dots; numeric ones of a pre-release have no leading 0. */
static bool is_identifiers(struct str s, bool pre_release)
{
	bool more = true;

	while (more) {
		struct str one;
		struct str rest;
		bool numeric = true;

		more = str_cut(s, '.', &one, &rest);
		s = rest;
		if (one.n == 0)
			return false;
		for (size_t i = 0; i < one.n; i++) {
			if (!isalnum((unsigned char)one.p[i]) &&
			    one.p[i] != '-')
				return false;
			numeric = numeric && is_digit(one.p[i]);
		}
		if (pre_release && numeric && one.n > 1 && one.p[0] == '0')
			return false;
	}
	return true;
}

/* semver.org 2.0.0 */
static bool is_semver(struct str s)
{
	struct str build;
	struct str pre;
	bool has_build = str_cut(s, '+', &s, &build);
	bool has_pre = str_cut(s, '-', &s, &pre);

	for (int i = 0; i < 3; i++) {
		if (!take_number(&s))
			return false;
		if (i < 2 && !str_starts(s, "."))
			return false;
		s = i < 2 ? str_skip(s, 1) : s;
	}
	return s.n == 0 && (!has_pre || is_identifiers(pre, true)) &&
	       (!has_build || is_identifiers(build, false));
}

/* RFC 5322 addr-spec without comments: dot-atom@domain. */
static bool is_email(struct str s)
{
	ptrdiff_t at = str_rfind(s, '@');
	struct str local;
	struct str domain;

	if (at <= 0)
		return false;
	local = str_sub(s, 0, (size_t)at);
	domain = str_skip(s, (size_t)at + 1);
	if (domain.n == 0 || str_has(local, "..") || str_has(domain, "..") ||
	    str_starts(local, ".") || str_ends(local, ".") ||
	    str_starts(domain, ".") || str_ends(domain, "."))
		return false;
	for (size_t i = 0; i < local.n; i++)
		if (!isalnum((unsigned char)local.p[i]) &&
		    !strchr("!#$%&'*+-/=?^_`{|}~.", local.p[i]))
			return false;
	for (size_t i = 0; i < domain.n; i++)
		if (!isalnum((unsigned char)domain.p[i]) &&
		    !strchr("-.[]:", domain.p[i]))
			return false;
	return true;
}

static const struct {
	bool (*is_valid)(struct str value);
	const char *what;
} kinds[LABEL_KIND_N] = {
	[LABEL_RFC3339] = {is_rfc3339, "time of RFC 3339"},
	[LABEL_SEMVER] = {is_semver, "semantic version"},
	[LABEL_URL] = {is_url, "URL"},
	[LABEL_HASH] = {is_hash, "git hash"},
	[LABEL_SPDX] = {spdx_is_valid, "SPDX license"},
	[LABEL_EMAIL] = {is_email, "e-mail address"},
};

static void label_value(struct lint *l, const struct rule *rule,
			const struct pair *pair, struct str key)
{
	const struct lint_label *label = in_schema(l, key);
	const enum label_kind *kind = rule->data;
	struct str value = lint_plain(&pair->value);

	if (label && label->kind == *kind && value.n &&
	    !kinds[*kind].is_valid(value))
		(void)lint_report(l, rule, pair->value.span,
				  "the label %.*s is no %s: %.*s", STR_ARG(key),
				  kinds[*kind].what, STR_ARG(value));
}

void check_label_value(struct lint *l, const struct rule *rule)
{
	for_labels(l, rule, label_value);
}
