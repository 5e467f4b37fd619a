/* ARG, ENV, and the variables that instructions read. */
#include "lint/rules.h"

#include "parser/suggest.h"

#include <string.h>

/* DL3044 */

static void check_env(const struct strmap *seen, struct lint *l,
		      const struct rule *rule, const struct pairs *pairs)
{
	SCOPED_STRMAP struct strmap own = {0};

	for (size_t i = 0; i < pairs->n; i++)
		strmap_set(&own, lint_plain(&pairs->v[i].key), &own);
	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->v[i];
		struct word_names names = {0};

		if (pair->value.template)
			names = word_names(pair->value.template);
		for (size_t k = 0; k < names.n; k++) {
			if (str_eq(names.v[k], lint_plain(&pair->key)) ||
			    !strmap_has(&own, names.v[k]) ||
			    strmap_has(seen, names.v[k]))
				continue;
			(void)lint_report(l, rule, pair->value.span,
					  "%.*s is set by this very ENV, and "
					  "has its old value here",
					  STR_ARG(names.v[k]));
		}
	}
}

/* A name that any ENV or ARG above sets, in whatever stage, is let pass. */
void check_env_self(struct lint *l, const struct rule *rule)
{
	SCOPED_STRMAP struct strmap seen = {0};

	FOR_ITEMS(l, item)
	{
		const struct pairs *pairs = &item->in->pairs;

		if (item->in->kind != INSTRUCTION_ENV &&
		    item->in->kind != INSTRUCTION_ARG)
			continue;
		/* one pair reads nothing that it sets but itself */
		if (item->in->kind == INSTRUCTION_ENV && pairs->n > 1)
			check_env(&seen, l, rule, pairs);
		for (size_t i = 0; i < pairs->n; i++)
			strmap_set(&seen, lint_plain(&pairs->v[i].key), &seen);
	}
}

/* Secrets. */

static const char *const secret_names[] = {
	"ACCESS_TOKEN",		"APPLICATION_KEY",
	"APP_SECRET",		"AUTH_TOKEN",
	"AWS_ACCESS_KEY_ID",	"AWS_SECRET_ACCESS_KEY",
	"CF_PASSWORD",		"CF_USERNAME",
	"CIRCLE_TOKEN",		"CI_DEPLOY_PASSWORD",
	"CI_DEPLOY_USER",	"DOCKERHUB_PASSWORD",
	"DOCKER_EMAIL",		"DOCKER_PASSWORD",
	"DOCKER_USERNAME",	"GH_TOKEN",
	"GITHUB_TOKEN",		"HEROKU_API_KEY",
	"HEROKU_API_USER",	"NPM_TOKEN",
	"OKTA_AUTHN_GROUPID",	"OKTA_CLIENT_ORGURL",
	"OKTA_OAUTH2_CLIENTID", "OS_PASSWORD",
	"OS_USERNAME",		"POSTGRES_PASSWORD",
	"STRIPE_API_KEY",	"STRIPE_DEVICE_NAME",
	"TRAVIS_OS_NAME",	"TRAVIS_SECURE_ENV_VARS",
	"TRAVIS_SUDO",		"VAULT_TOKEN",
	"FACEBOOK_APP_ID",
};

static const char *const secret_parts[] = {
	"api_key", "client_key", "password", "private",
	"secret",  "token",	 "username",
};

static const char *const secret_words =
	"apikey auth credential credentials key password pword passwd secret "
	"token";

static struct str lower(struct arena *a, struct str s)
{
	struct str copy = arena_str(a, s);

	for (size_t i = 0; i < copy.n; i++)
		if (copy.p[i] >= 'A' && copy.p[i] <= 'Z')
			((char *)copy.p)[i] = (char)(copy.p[i] + ('a' - 'A'));
	return copy;
}

/* hadolint's measure. */
static bool is_suspicious(struct str name, struct str lower_name)
{
	for (size_t i = 0; i < ARRAY_LEN(secret_names); i++)
		if (str_eq_nocase(name, str_from(secret_names[i])))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(secret_parts); i++)
		if (str_has(lower_name, secret_parts[i]))
			return true;
	return false;
}

/*
 * BuildKit's: one of the words between underscores, and none that says that it
 * is not the secret itself.
 */
static bool is_secret(struct str lower_name)
{
	static const char harmless[] = "public file version";
	bool found = false;

	while (lower_name.n) {
		struct str part;

		(void)str_cut(lower_name, '_', &part, &lower_name);
		if (part.n && name_in(part, harmless))
			return false;
		found = found || (part.n && name_in(part, secret_words));
	}
	return found;
}

void check_secrets(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct pairs *pairs = &item->in->pairs;

		if (item->in->kind != INSTRUCTION_ARG &&
		    item->in->kind != INSTRUCTION_ENV)
			continue;
		for (size_t i = 0; i < pairs->n; i++) {
			struct str name = lint_plain(&pairs->v[i].key);
			struct str low = lower(l->arena, name);
			bool hadolint = is_suspicious(name, low);
			bool buildkit = is_secret(low) &&
					item->stage != NO_STAGE &&
					!item->onbuild;
			struct diag *diag;

			if (!hadolint && !buildkit)
				continue;
			diag = lint_report(
				l, rule, pairs->v[i].span,
				"%.*s looks like a secret, and stays "
				"in the image's history: use RUN "
				"--mount=type=secret",
				STR_ARG(name));
			if (!hadolint)
				diag->id = rule->alias;
			if (!hadolint || !buildkit)
				diag->alias = NULL;
		}
	}
}

/* The names that ARG and ENV have set so far, by stage. */
struct scope {
	const struct lint *lint;
	struct strmap *of_stage;
};

static void scope_init(struct scope *s, struct lint *l)
{
	s->lint = l;
	s->of_stage = arena_new_array(l->arena, l->n_stages, struct strmap);
}

static void scope_release(struct scope *s)
{
	for (size_t i = 0; i < s->lint->n_stages; i++)
		strmap_release(&s->of_stage[i]);
}

/* Behind item: what it sets is set for what follows. */
static void scope_pass(struct scope *s, const struct lint_item *item)
{
	if (item->stage == NO_STAGE || (item->in->kind != INSTRUCTION_ENV &&
					item->in->kind != INSTRUCTION_ARG))
		return;
	for (size_t i = 0; i < item->in->pairs.n; i++)
		strmap_set(&s->of_stage[item->stage],
			   lint_plain(&item->in->pairs.v[i].key), s);
}

enum { BASES_MAX = 100 }; /* longer chains of stages are not followed */

static bool scope_has(const struct scope *s, size_t stage, struct str name)
{
	for (unsigned i = 0; stage != NO_STAGE && i < BASES_MAX; i++) {
		if (strmap_has(&s->of_stage[stage], name))
			return true;
		stage = s->lint->stages[stage].base;
	}
	return false;
}

/*
 * UndefinedVar. What a base image sets is not known here, so a name that
 * nothing sets is reported only where the stage began from scratch, or where
 * the file itself says that the name is meant: it sets it elsewhere, it is one
 * that BuildKit would set after an ARG, or a name that is set is much like it.
 * What a shell sets (HOME) hardly any image does.
 */

static const char *const builtin_args[] = {
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
	"BUILDPLATFORM",  "BUILDOS",  "BUILDARCH",  "BUILDVARIANT",
};

static const char *const shell_args[] = {
	"HOME", "USER", "PWD", "UID", "GID", "HOSTNAME",
};

static const char *const always_set[] = {
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy",
	"FTP_PROXY",  "ftp_proxy",  "NO_PROXY",	   "no_proxy",
	"ALL_PROXY",  "all_proxy",  "PATH",
};

static bool is_one_of(struct str name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_c(name, list[i]))
			return true;
	return false;
}

static bool begins_from_scratch(const struct lint *l, size_t stage)
{
	for (unsigned i = 0; i < BASES_MAX; i++) {
		if (l->stages[stage].base == NO_STAGE)
			break;
		stage = l->stages[stage].base;
	}
	return str_eq_c(lint_plain(&l->stages[stage].stage->from->from.base),
			"scratch");
}

enum { SUGGEST_MAX = 200 }; /* among more names than this, none is sought */

struct undefined {
	struct lint *lint;
	const struct rule *rule;
	struct scope scope;
	struct strmap all;  /* every name that the file sets somewhere */
	const char **names; /* the first of them */
	size_t n_names;
};

static void undefined_init(struct undefined *u, struct lint *l,
			   const struct rule *rule)
{
	*u = (struct undefined){.lint = l, .rule = rule};
	scope_init(&u->scope, l);
	FOR_ITEMS(l, item)
	{
		if (item->in->kind != INSTRUCTION_ARG &&
		    item->in->kind != INSTRUCTION_ENV)
			continue;
		for (size_t i = 0; i < item->in->pairs.n; i++)
			strmap_set(&u->all,
				   lint_plain(&item->in->pairs.v[i].key), u);
	}
	u->n_names = u->all.n <= SUGGEST_MAX ? u->all.n : 0;
	u->names = arena_new_array(l->arena, u->n_names, const char *);
	for (size_t i = 0; i < u->n_names; i++)
		u->names[i] = arena_c(l->arena, u->all.entries[i].key);
}

static const char *near_name(const struct undefined *u, struct str name)
{
	const char *near = suggest(name, u->names, u->n_names);

	if (near &&
	    (str_eq_c(name, near) ||
	     is_one_of(str_from(near), always_set, ARRAY_LEN(always_set))))
		return NULL;
	return near;
}

static void check_name(struct undefined *u, const struct lint_item *item,
		       const struct word *word, struct str name)
{
	struct lint *l = u->lint;
	const char *near;
	struct diag *diag;

	if (is_one_of(name, always_set, ARRAY_LEN(always_set)) ||
	    scope_has(&u->scope, item->stage, name))
		return;
	near = near_name(u, name);
	if (!near && !begins_from_scratch(l, item->stage) &&
	    !strmap_has(&u->all, name) &&
	    !is_one_of(name, builtin_args, ARRAY_LEN(builtin_args)) &&
	    !is_one_of(name, shell_args, ARRAY_LEN(shell_args)))
		return;
	diag = lint_report(l, u->rule, word->span,
			   "nothing in this stage sets %.*s", STR_ARG(name));
	if (near)
		diag_hint(l->diags, diag, "did you mean $%s?", near);
}

static void check_word(struct undefined *u, const struct lint_item *item,
		       const struct word *word)
{
	struct word_names names = {0};

	if (word->template)
		names = word_names(word->template);
	for (size_t i = 0; i < names.n; i++)
		check_name(u, item, word, names.v[i]);
}

static void check_heredocs(struct undefined *u, const struct lint_item *item,
			   const struct heredocs *heredocs)
{
	for (size_t i = 0; i < heredocs->n; i++) {
		const struct heredoc *h = &heredocs->v[i];
		struct word body = {.template = h->template, .span = h->span};

		check_word(u, item, &body);
	}
}

static void check_words(struct undefined *u, const struct lint_item *item,
			const struct words *words)
{
	for (size_t i = 0; i < words->n; i++)
		check_word(u, item, &words->v[i]);
}

static void check_pairs(struct undefined *u, const struct lint_item *item)
{
	for (size_t i = 0; i < item->in->pairs.n; i++) {
		check_word(u, item, &item->in->pairs.v[i].key);
		check_word(u, item, &item->in->pairs.v[i].value);
	}
}

static void check_instruction(struct undefined *u, const struct lint_item *item)
{
	const struct instruction *in = item->in;

	switch (in->kind) {
	case INSTRUCTION_ADD:
	case INSTRUCTION_COPY:
		check_words(u, item, &in->copy.sources);
		check_heredocs(u, item, &in->copy.heredocs);
		check_word(u, item, &in->copy.dest);
		check_word(u, item, &in->copy.chown);
		break;
	case INSTRUCTION_ARG:
	case INSTRUCTION_ENV:
	case INSTRUCTION_LABEL: check_pairs(u, item); break;
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_VOLUME: check_words(u, item, &in->words); break;
	case INSTRUCTION_STOPSIGNAL:
	case INSTRUCTION_USER:
	case INSTRUCTION_WORKDIR: check_word(u, item, &in->word); break;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_FROM:
	case INSTRUCTION_HEALTHCHECK:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_ONBUILD:
	case INSTRUCTION_RUN:
	case INSTRUCTION_SHELL:
	case INSTRUCTION_N: break;
	}
}

void check_undefined(struct lint *l, const struct rule *rule)
{
	struct undefined u;

	undefined_init(&u, l, rule);
	FOR_ITEMS(l, item)
	{
		if (item->stage != NO_STAGE && !item->onbuild)
			check_instruction(&u, item);
		scope_pass(&u.scope, item);
	}
	strmap_release(&u.all);
	scope_release(&u.scope);
}
