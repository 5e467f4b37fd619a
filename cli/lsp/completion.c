/*
 * What may stand where the cursor is: instructions, flags with their values,
 * mounts' keys, stages, variables, images, paths, and in comments the words
 * that steer the linter.
 */
#include "cli/lsp/answers.h"
#include "cli/lsp/cursor.h"
#include "cli/lsp/images.h"
#include "cli/lsp/json.h"
#include "cli/lsp/names.h"
#include "lint/rule.h"
#include "parser/utf8.h"

#include "base/strmap.h"

#include <ctype.h>
#include <dirent.h>
#include <jansson.h>
#include <string.h>

/* LSP's CompletionItemKind. */
enum {
	ITEM_VARIABLE = 6,
	ITEM_MODULE = 9,
	ITEM_PROPERTY = 10,
	ITEM_VALUE = 12,
	ITEM_KEYWORD = 14,
	ITEM_FILE = 17,
	ITEM_FOLDER = 19,
	ITEM_CONSTANT = 21,
};

enum { ITEMS_MAX = 1000 };

struct completion {
	const struct lsp_question *q;
	struct arena *arena;
	const struct lsp_cursor *cursor;
	json_t *items;
	bool incomplete;
	json_t *range;	  /* of what a choice replaces */
	struct str typed; /* what stands in it */
};

/* What the n bytes before the cursor begin with is still to be written. */
static void replace_last(struct completion *c, size_t n)
{
	struct span span = {c->cursor->offset - (uint32_t)n, c->cursor->offset};

	json_decref(c->range);
	c->range = lsp_json_range(lsp_text_range(&c->q->doc->text, span));
	c->typed = source_text(&c->q->doc->source, span);
}

static bool is_typed(const struct completion *c, struct str label)
{
	return label.n >= c->typed.n &&
	       str_eq_nocase(str_sub(label, 0, c->typed.n), c->typed);
}

static void add(struct completion *c, int kind, struct str label,
		struct str text, struct str detail)
{
	json_t *item;

	if (!is_typed(c, text))
		return;
	if (json_array_size(c->items) >= ITEMS_MAX) {
		c->incomplete = true;
		return;
	}
	item = json_pack("{s:o, s:i, s:{s:O, s:o}}", "label",
			 lsp_json_str(label), "kind", kind, "textEdit", "range",
			 c->range, "newText", lsp_json_str(text));
	if (detail.n)
		json_object_set_new(item, "detail", lsp_json_str(detail));
	json_array_append_new(c->items, item);
}

static void add_word(struct completion *c, int kind, const char *word)
{
	add(c, kind, str_from(word), str_from(word), (struct str){0});
}

static void add_words(struct completion *c, int kind, const char *const *words,
		      size_t n)
{
	for (size_t i = 0; i < n; i++)
		add_word(c, kind, words[i]);
}

/* Keywords. */

static bool is_lower(struct str s)
{
	return s.n && islower((unsigned char)s.p[0]);
}

static void add_keyword(struct completion *c, const char *name,
			struct str detail)
{
	char *text = arena_c(c->arena, str_from(name));

	if (is_lower(c->cursor->word))
		for (char *p = text; *p; p++)
			*p = (char)tolower((unsigned char)*p);
	add(c, ITEM_KEYWORD, str_from(text), str_from(text), detail);
}

static struct str first_form(const char *forms)
{
	struct str head;
	struct str rest;

	(void)str_cut(str_from(forms), '\n', &head, &rest);
	return head;
}

static void complete_keyword(struct completion *c)
{
	replace_last(c, c->cursor->word.n);
	for (size_t i = 0; i < INSTRUCTION_N; i++) {
		const struct instruction_info *info =
			instruction_info((enum instruction_kind)i);

		if (!c->cursor->onbuild || info->in_onbuild)
			add_keyword(c, info->name, first_form(info->forms));
	}
}

/* Comments. */

static void add_rules(struct completion *c, bool buildkit_only)
{
	for (size_t i = 0; i < rules_n; i++) {
		const struct rule *rule = &rules[i];
		const char *id =
			buildkit_only && rule->alias ? rule->alias : rule->id;

		if (!buildkit_only || rule_is_buildkit(id))
			add(c, ITEM_CONSTANT, str_from(id), str_from(id),
			    str_from(rule->summary));
	}
}

static void complete_comment(struct completion *c)
{
	static const char *const pragmas[] = {
		"hadolint ignore=",
		"hadolint global ignore=",
		"hadolint stage ignore=",
		"hadolint shell=",
		"check=skip=",
		"check=error=true",
		"escape=`",
		"syntax=docker/dockerfile:1",
		"fmt: off",
		"fmt: on",
	};
	struct str text = str_trim_space_left(c->cursor->line);
	ptrdiff_t list;

	text = str_trim_space_left(str_skip(text, 1));
	replace_last(c, text.n);
	add_words(c, ITEM_KEYWORD, pragmas, ARRAY_LEN(pragmas));
	if (!str_starts(text, "hadolint") && !str_starts(text, "check"))
		return;
	list = str_rfind(text, '=');
	if (str_rfind(text, ',') > list)
		list = str_rfind(text, ',');
	if (list < 0)
		return;
	text = str_trim_space_left(str_skip(text, (size_t)list + 1));
	replace_last(c, text.n);
	add_rules(c, str_starts(str_trim_space_left(
					str_skip(str_trim(c->cursor->line), 1)),
				"check"));
}

/* Names. */

static void complete_variable(struct completion *c)
{
	SCOPED_STRMAP struct strmap seen = {0};
	struct lsp_names *names = lsp_document_names(c->q->doc);
	size_t n;
	const struct lsp_use *all = lsp_names_all(names, &n);

	for (size_t i = n; i > 0; i--) {
		const struct lsp_use *use = &all[i - 1];
		struct str value = {0};

		if (!lsp_names_holds(names, use, c->cursor->offset) ||
		    strmap_has(&seen, use->text))
			continue;
		strmap_set(&seen, use->text, c);
		(void)lsp_names_value(names, use, &value);
		add(c, ITEM_VARIABLE, use->text, use->text, value);
	}
}

static const char *const platform_args[] = {
	"TARGETPLATFORM", "TARGETOS", "TARGETARCH", "TARGETVARIANT",
	"BUILDPLATFORM",  "BUILDOS",  "BUILDARCH",  "BUILDVARIANT",
};

/* Behind $ or ${: how many bytes of a name are written; -1 for elsewhere. */
static ptrdiff_t n_of_variable(struct str word)
{
	size_t n = 0;

	while (n < word.n && (isalnum((unsigned char)word.p[word.n - 1 - n]) ||
			      word.p[word.n - 1 - n] == '_'))
		n++;
	word.n -= n;
	if (str_ends(word, "$") || str_ends(word, "${"))
		return (ptrdiff_t)n;
	return -1;
}

static void add_stages(struct completion *c)
{
	const struct dockerfile *df = c->q->doc->lint.dockerfile;

	for (size_t i = 0; i < df->n_stages; i++) {
		const struct from *from = &df->stages[i].from->from;

		if (df->stages[i].from->span.end >= c->cursor->offset)
			break;
		if (from->alias.n)
			add(c, ITEM_MODULE, from->alias_text, from->alias_text,
			    from->base.text);
	}
}

static void add_images(struct completion *c)
{
	size_t n;
	const struct str *images = lsp_images(c->arena, &n);

	for (size_t i = 0; i < n; i++)
		add(c, ITEM_VALUE, images[i], images[i], STR("in the store"));
}

/* Flags. */

static void complete_mount_value(struct completion *c, struct str key)
{
	static const char *const bools[] = {"true", "false"};

	if (str_eq_c(key, "type")) {
		for (size_t i = 0; mount_type(i); i++)
			add_word(c, ITEM_VALUE, mount_type(i));
	} else if (str_eq_c(key, "sharing")) {
		for (size_t i = 0; mount_sharing_name(i); i++)
			add_word(c, ITEM_VALUE, mount_sharing_name(i));
	} else if (str_eq_c(key, "from")) {
		add_stages(c);
		add_images(c);
	} else if (str_eq_c(key, "required") || str_eq_c(key, "readonly") ||
		   str_eq_c(key, "ro") || str_eq_c(key, "rw") ||
		   str_eq_c(key, "readwrite")) {
		add_words(c, ITEM_VALUE, bools, ARRAY_LEN(bools));
	}
}

static void complete_mount(struct completion *c, struct str value)
{
	struct str field = str_skip(value, (size_t)(str_rfind(value, ',') + 1));
	struct str key;
	struct str rest;

	if (str_cut(field, '=', &key, &rest)) {
		replace_last(c, rest.n);
		complete_mount_value(c, key);
		return;
	}
	replace_last(c, field.n);
	for (size_t i = 0; mount_key(i); i++) {
		struct str name = str_from(mount_key(i));

		add(c, ITEM_PROPERTY, name,
		    arena_printf(c->arena, "%s=", mount_key(i)),
		    (struct str){0});
	}
}

static void complete_flag_value(struct completion *c, struct str name,
				struct str value)
{
	static const char *const platforms[] = {
		"$BUILDPLATFORM", "$TARGETPLATFORM", "linux/amd64",
		"linux/arm64",	  "linux/arm/v7",    "linux/386",
		"linux/ppc64le",  "linux/riscv64",   "linux/s390x",
		"windows/amd64",
	};
	static const char *const networks[] = {"default", "none", "host"};
	static const char *const securities[] = {"sandbox", "insecure"};
	static const char *const bools[] = {"true", "false"};
	int i = instruction_find_flag(c->cursor->info, name);

	replace_last(c, value.n);
	if (str_eq_c(name, "from")) {
		add_stages(c);
		add_images(c);
	} else if (str_eq_c(name, "mount")) {
		complete_mount(c, value);
	} else if (str_eq_c(name, "platform")) {
		add_words(c, ITEM_VALUE, platforms, ARRAY_LEN(platforms));
	} else if (str_eq_c(name, "network")) {
		add_words(c, ITEM_VALUE, networks, ARRAY_LEN(networks));
	} else if (str_eq_c(name, "security")) {
		add_words(c, ITEM_VALUE, securities, ARRAY_LEN(securities));
	} else if (i >= 0 && c->cursor->info->flags[i].kind == FLAG_BOOL) {
		add_words(c, ITEM_VALUE, bools, ARRAY_LEN(bools));
	}
}

static void complete_flag(struct completion *c)
{
	const struct instruction_info *info = c->cursor->info;
	struct str name;
	struct str value;

	if (str_cut(c->cursor->word, '=', &name, &value)) {
		complete_flag_value(c, str_skip(name, 2), value);
		return;
	}
	replace_last(c, c->cursor->word.n);
	for (size_t i = 0; i < info->n_flags; i++) {
		const struct flag_info *flag = &info->flags[i];
		struct str text = arena_printf(c->arena, "--%s%s", flag->name,
					       flag->value ? "=" : "");

		add(c, ITEM_PROPERTY, text, text, str_from(flag->value));
	}
}

/* Paths of the context, which is taken to be the Dockerfile's folder. */

static void add_path(struct completion *c, const struct dirent *entry)
{
	bool folder = entry->d_type == DT_DIR;
	struct str text = arena_printf(c->arena, "%s%s", entry->d_name,
				       folder ? "/" : "");

	add(c, folder ? ITEM_FOLDER : ITEM_FILE, text, text, (struct str){0});
}

static void complete_path(struct completion *c)
{
	SCOPED_BUF struct buf path = BUF_INIT(64u << 10);
	struct str word = c->cursor->word;
	size_t in_folder = (size_t)(str_rfind(word, '/') + 1);
	struct dirent *entry;
	DIR *folder;

	if (!lsp_document_folder(c->q->doc, &path))
		return;
	buf_add_str(&path, str_sub(word, 0, in_folder));
	folder = path.over ? NULL : opendir(buf_c(&path));
	if (!folder)
		return;
	replace_last(c, word.n - in_folder);
	while ((entry = readdir(folder)))
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			add_path(c, entry);
	closedir(folder);
}

/* Arguments. */

static void complete_from(struct completion *c)
{
	if (c->cursor->n_words == 0) {
		add_stages(c);
		add_images(c);
		add_word(c, ITEM_VALUE, "scratch");
	} else if (c->cursor->n_words == 1) {
		add_keyword(c, "AS", (struct str){0});
	}
}

static void complete_arg(struct completion *c)
{
	const struct dockerfile *df = c->q->doc->lint.dockerfile;

	for (size_t i = 0; i < df->n_meta_args; i++) {
		const struct pairs *pairs = &df->instructions[i].pairs;

		for (size_t k = 0; k < pairs->n; k++)
			add(c, ITEM_VARIABLE, pairs->v[k].key.text,
			    pairs->v[k].key.text, pairs->v[k].value.text);
	}
	add_words(c, ITEM_VARIABLE, platform_args, ARRAY_LEN(platform_args));
}

static void complete_argument(struct completion *c)
{
	const struct lsp_cursor *at = c->cursor;

	replace_last(c, at->word.n);
	switch (at->info->kind) {
	case INSTRUCTION_FROM: complete_from(c); break;
	case INSTRUCTION_ARG: complete_arg(c); break;
	case INSTRUCTION_COPY:
	case INSTRUCTION_ADD:
		if (!at->has_from)
			complete_path(c);
		break;
	case INSTRUCTION_HEALTHCHECK:
		if (at->n_words == 0) {
			add_keyword(c, "CMD", (struct str){0});
			add_keyword(c, "NONE", (struct str){0});
		}
		break;
	case INSTRUCTION_STOPSIGNAL:
		for (size_t i = 0; signal_name(i); i++) {
			struct str name =
				arena_printf(c->arena, "SIG%s", signal_name(i));

			add(c, ITEM_CONSTANT, name, name, (struct str){0});
		}
		break;
	case INSTRUCTION_SHELL:
		add_word(c, ITEM_VALUE,
			 "[\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]");
		break;
	case INSTRUCTION_CMD:
	case INSTRUCTION_ENTRYPOINT:
	case INSTRUCTION_ENV:
	case INSTRUCTION_EXPOSE:
	case INSTRUCTION_LABEL:
	case INSTRUCTION_MAINTAINER:
	case INSTRUCTION_ONBUILD:
	case INSTRUCTION_RUN:
	case INSTRUCTION_USER:
	case INSTRUCTION_VOLUME:
	case INSTRUCTION_WORKDIR:
	case INSTRUCTION_N: break;
	}
}

static void complete_arguments(struct completion *c)
{
	ptrdiff_t n = n_of_variable(c->cursor->word);

	if (n >= 0) {
		replace_last(c, (size_t)n);
		complete_variable(c);
		if (c->cursor->info->kind == INSTRUCTION_FROM)
			add_words(c, ITEM_VARIABLE, platform_args,
				  ARRAY_LEN(platform_args));
	} else if (c->cursor->n_words == 0 &&
		   str_starts(c->cursor->word, "-")) {
		complete_flag(c);
	} else {
		complete_argument(c);
	}
}

json_t *lsp_completion(const struct lsp_question *q, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct lsp_cursor cursor;
	struct completion c = {
		.q = q, .arena = &a, .cursor = &cursor, .items = json_array()};

	(void)e;
	lsp_cursor_find(&a, q->doc, q->offset, &cursor);
	switch (cursor.kind) {
	case LSP_IN_KEYWORD: complete_keyword(&c); break;
	case LSP_IN_COMMENT: complete_comment(&c); break;
	case LSP_IN_ARGUMENTS: complete_arguments(&c); break;
	case LSP_IN_HEREDOC: break;
	}
	json_decref(c.range);
	return json_pack("{s:b, s:o}", "isIncomplete", c.incomplete, "items",
			 c.items);
}
