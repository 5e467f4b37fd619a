/* FROM: the image, its tag, its registry, its platform. */
#include "lint/rules.h"

#include "parser/suggest.h"

#include <string.h>

/* "registry/name:tag@digest", cut without checking. */
struct image_name {
	struct str registry; /* empty where it is docker.io */
	struct str name;     /* with the registry */
	struct str tag;
	struct str digest;
};

static struct image_name cut_image(struct str text)
{
	struct image_name image = {.name = text};
	struct str rest;
	struct str first;
	ptrdiff_t colon;

	if (str_cut(text, '@', &image.name, &rest))
		image.digest = rest;
	colon = str_rfind(image.name, ':');
	if (colon > str_rfind(image.name, '/')) {
		image.tag = str_skip(image.name, (size_t)colon + 1);
		image.name.n = (size_t)colon;
	}
	if (str_cut(image.name, '/', &first, &rest) &&
	    (str_find(first, '.') >= 0 || str_find(first, ':') >= 0 ||
	     str_eq_c(first, "localhost")))
		image.registry = first;
	return image;
}

/* FROM of an image, not of a stage or scratch. */
static bool is_image(const struct lint *l, const struct lint_item *item,
		     struct image_name *out)
{
	if (item->in->kind != INSTRUCTION_FROM ||
	    item->in->from.base.text.n == 0 ||
	    l->stages[item->stage].base != NO_STAGE)
		return false;
	*out = cut_image(lint_plain(&item->in->from.base));
	return !str_eq_c(out->name, "scratch");
}

/* "$BASE", "docker.io/$BASE": it may have a tag, or be a stage. */
static bool name_is_variable(const struct image_name *image)
{
	struct str name = image->name;

	if (image->registry.n)
		name = str_skip(name, image->registry.n + 1);
	return str_starts(name, "$");
}

void check_tag(struct lint *l, const struct rule *rule)
{
	struct image_name image;

	FOR_ITEMS(l, item)
	{
		if (is_image(l, item, &image) && image.digest.n == 0 &&
		    image.tag.n == 0 && !name_is_variable(&image))
			(void)lint_report(l, rule, item->in->from.base.span,
					  "%.*s has no tag: what it is changes "
					  "with time",
					  STR_ARG(image.name));
	}
}

void check_latest(struct lint *l, const struct rule *rule)
{
	struct image_name image;

	FOR_ITEMS(l, item)
	{
		if (is_image(l, item, &image) && image.digest.n == 0 &&
		    str_eq_c(image.tag, "latest"))
			(void)lint_report(
				l, rule, item->in->from.base.span,
				"%.*s:latest changes with time: pin a "
				"release",
				STR_ARG(image.name));
	}
}

/* pattern may hold one * at either end, or be "*". */
static bool registry_matches(struct str registry, struct str pattern)
{
	if (str_eq_c(pattern, "*"))
		return true;
	if (pattern.n && pattern.p[0] == '*') {
		struct str end = str_skip(pattern, 1);

		return registry.n >= end.n &&
		       str_eq(str_skip(registry, registry.n - end.n), end);
	}
	if (pattern.n && pattern.p[pattern.n - 1] == '*')
		return registry.n >= pattern.n - 1 &&
		       memcmp(registry.p, pattern.p, pattern.n - 1) == 0;
	return str_eq(registry, pattern);
}

static bool is_trusted(const struct lint *l, struct str registry)
{
	const struct lint_strings *trusted = &l->options->trusted;
	bool docker_io = str_eq_c(registry, "docker.io");

	for (size_t i = 0; i < trusted->n; i++)
		if (registry_matches(registry, trusted->v[i]) ||
		    (docker_io && str_eq_c(trusted->v[i], "hub.docker.com")))
			return true;
	return false;
}

static void check_source(struct lint *l, const struct rule *rule,
			 const struct word *word)
{
	struct image_name image = cut_image(lint_plain(word));

	if (image.name.n == 0 || str_eq_c(image.name, "scratch"))
		return;
	if (image.registry.n == 0) {
		if (name_is_variable(&image))
			return;
		image.registry = STR("docker.io");
	}
	if (!is_trusted(l, image.registry))
		(void)lint_report(l, rule, word->span,
				  "%.*s is not among the trusted registries",
				  STR_ARG(image.registry));
}

/* The stages above item's and item's own, by name. */
static bool is_stage_name(const struct lint *l, const struct lint_item *item,
			  struct str name)
{
	for (size_t i = 0; i < l->n_stages && i <= item->stage; i++)
		if (str_eq_nocase(l->df->stages[i].from->from.alias, name))
			return true;
	return false;
}

/* Images that FROM, COPY --from and RUN --mount=from fetch. */
void check_trusted(struct lint *l, const struct rule *rule)
{
	struct image_name image;

	if (l->options->trusted.n == 0)
		return;
	FOR_ITEMS(l, item)
	{
		const struct instruction *in = item->in;

		if (is_image(l, item, &image))
			check_source(l, rule, &in->from.base);
		if (in->kind == INSTRUCTION_COPY && item->from == NO_STAGE &&
		    !is_stage_name(l, item, lint_plain(&in->copy.from)))
			check_source(l, rule, &in->copy.from);
		for (size_t i = 0;
		     in->kind == INSTRUCTION_RUN && i < in->run.n_mounts; i++) {
			const struct word *from = &in->run.mounts[i].from;

			if (!is_stage_name(l, item, lint_plain(from)))
				check_source(l, rule, from);
		}
	}
}

/* BuildKit accepts it in a stage that is named for the system or processor. */
static bool named_for_platform(const struct from *from, struct str platform)
{
	for (int i = 0; i < 2; i++) {
		struct str part;
		char text[64];

		(void)str_cut(platform, '/', &part, &platform);
		if (part.n == 0 || part.n >= sizeof(text))
			continue;
		memcpy(text, part.p, part.n);
		text[part.n] = '\0';
		if (str_has(from->alias, text))
			return true;
	}
	return false;
}

/* hadolint wants BUILDPLATFORM or TARGETPLATFORM; BuildKit, any variable. */
void check_platform_constant(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		const struct from *from = &item->in->from;
		struct str platform = from->platform.text;
		struct diag *diag;

		if (item->in->kind != INSTRUCTION_FROM || platform.n == 0 ||
		    str_has(platform, "BUILDPLATFORM") ||
		    str_has(platform, "TARGETPLATFORM"))
			continue;
		diag = lint_report(l, rule, from->platform.span,
				   "the platform is %.*s, whatever is built "
				   "for",
				   STR_ARG(platform));
		if (lint_has_variable(&from->platform) ||
		    named_for_platform(from, platform))
			diag->alias = NULL;
	}
}

void check_platform_redundant(struct lint *l, const struct rule *rule)
{
	FOR_ITEMS(l, item)
	{
		struct str platform;
		bool bare;
		struct diag *diag;

		if (item->in->kind != INSTRUCTION_FROM)
			continue;
		platform = lint_plain(&item->in->from.platform);
		bare = str_eq_c(platform, "$TARGETPLATFORM") ||
		       str_eq_c(platform, "${TARGETPLATFORM}");
		if (!bare && !str_starts(platform, "${TARGETPLATFORM:-"))
			continue;
		diag = lint_report(l, rule, item->in->from.platform.span,
				   "the target platform is what FROM takes "
				   "anyway");
		if (bare)
			continue;
		diag->id = rule->alias; /* hadolint doesn't say so */
		diag->alias = NULL;
	}
}

/* Variables in FROM. */

static const char *const platform_args[] = {
	"BUILDPLATFORM", "BUILDOS",	   "BUILDOSVERSION", "BUILDARCH",
	"BUILDVARIANT",	 "TARGETPLATFORM", "TARGETOS",	     "TARGETOSVERSION",
	"TARGETARCH",	 "TARGETVARIANT",  "TARGETSTAGE",
};

static bool is_platform_arg(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(platform_args); i++)
		if (str_eq_c(name, platform_args[i]))
			return true;
	return false;
}

/* The ARGs before the first FROM, by name; of equal ones the last. */
static struct strmap meta_args(const struct dockerfile *df)
{
	struct strmap args = {0};

	for (size_t i = 0; i < df->n_meta_args; i++) {
		const struct pairs *pairs = &df->instructions[i].pairs;

		for (size_t k = 0; k < pairs->n; k++)
			strmap_set(&args, pairs->v[k].key.text,
				   (void *)&pairs->v[k]);
	}
	return args;
}

enum { SUGGEST_MAX = 200 }; /* among more names than this, none is sought */

static const char *suggest_arg(struct lint *l, const struct strmap *args,
			       struct str name)
{
	const char *names[SUGGEST_MAX + ARRAY_LEN(platform_args)];
	size_t n = 0;

	if (args->n > SUGGEST_MAX)
		return NULL;
	for (; n < args->n; n++)
		names[n] = arena_c(l->arena, args->entries[n].key);
	for (size_t i = 0; i < ARRAY_LEN(platform_args); i++)
		names[n++] = platform_args[i];
	return suggest(name, names, n);
}

static void check_names(struct lint *l, const struct rule *rule,
			const struct strmap *args, const struct word *word)
{
	struct word_names names;

	if (!word->template)
		return;
	names = word_names(word->template);
	for (size_t i = 0; i < names.n; i++) {
		const char *near;
		struct diag *diag;

		if (strmap_has(args, names.v[i]) || is_platform_arg(names.v[i]))
			continue;
		diag = lint_report(l, rule, word->span,
				   "no ARG before the first FROM declares %.*s",
				   STR_ARG(names.v[i]));
		near = suggest_arg(l, args, names.v[i]);
		if (near)
			diag_hint(l->diags, diag, "did you mean %s?", near);
	}
}

void check_arg_in_from(struct lint *l, const struct rule *rule)
{
	SCOPED_STRMAP struct strmap args = meta_args(l->df);

	FOR_ITEMS(l, item)
	{
		if (item->in->kind != INSTRUCTION_FROM)
			continue;
		check_names(l, rule, &args, &item->in->from.base);
		check_names(l, rule, &args, &item->in->from.platform);
	}
}

struct defaults {
	struct lint *lint;
	const struct strmap *args;
	unsigned depth;
};

/* What an ARG before the first FROM is worth when nobody sets it. */
static bool get_default(void *ctx, struct str name, struct str *value)
{
	struct defaults *d = ctx;
	const struct pair *pair = strmap_get(d->args, name);
	struct word_env env = {get_default, d};
	struct err e;
	bool found;

	if (!pair && is_platform_arg(name)) {
		*value = STR("linux");
		return true;
	}
	if (!pair || !pair->has_value || d->depth > 8)
		return false;
	*value = pair->value.text;
	if (!pair->value.template)
		return true;
	d->depth++;
	found = word_expand(d->lint->arena, pair->value.template, &env, NULL,
			    value, &e) == 0;
	d->depth--;
	return found;
}

/* Only what no reference can be; the whole grammar is oci's. */
static bool is_reference(struct str s)
{
	if (s.n == 0 || strchr(":/@-._", s.p[0]) ||
	    strchr(":/@-._", s.p[s.n - 1]))
		return false;
	if (str_has(s, "//") || str_has(s, "::") || str_has(s, ":/") ||
	    str_has(s, "/:") || str_has(s, ":@") || str_has(s, "/-"))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' ||
		    strchr("$\"'\\{}()<>|;&*?!", s.p[i]))
			return false;
	return true;
}

void check_default_in_from(struct lint *l, const struct rule *rule)
{
	SCOPED_STRMAP struct strmap args = meta_args(l->df);
	struct defaults d = {l, &args, 0};
	struct word_env env = {get_default, &d};

	FOR_ITEMS(l, item)
	{
		const struct word *base = &item->in->from.base;
		struct str value;
		struct err e;

		if (item->in->kind != INSTRUCTION_FROM ||
		    !lint_has_variable(base))
			continue;
		if (word_expand(l->arena, base->template, &env, NULL, &value,
				&e) == 0 &&
		    is_reference(value))
			continue;
		(void)lint_report(l, rule, base->span,
				  "with no build arguments %.*s is no image: "
				  "give its ARG a default",
				  STR_ARG(base->text));
	}
}

void check_image_platform(struct lint *l, const struct rule *rule)
{
	for (size_t i = 0; i < l->options->n_foreign; i++) {
		const struct lint_foreign *f = &l->options->foreign[i];

		(void)lint_report(l, rule, f->span,
				  "%.*s is an image for %.*s, and %.*s is "
				  "wanted",
				  STR_ARG(f->name), STR_ARG(f->found),
				  STR_ARG(f->wanted));
	}
}
