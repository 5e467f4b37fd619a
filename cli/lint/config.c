/*
 * The config file, hadolint's YAML and a few keys more. libyaml reads it: it
 * is YAML whatever way people write it, and only this file knows of libyaml.
 *
 *   failure-threshold: warning        ignored: [DL3008, SC2086]
 *   format: json                      select: [DL3006]
 *   formats: [{format: sarif, output: lint.sarif}]
 *   override: {error: [DL3006], warning: [], info: [], style: []}
 *   label-schema: {author: text}      strict-labels: true
 *   trustedRegistries: [docker.io]    no-color: true
 *   no-fail: true                     disable-ignore-pragma: true
 *   verbose: true                     preset: hadolint
 *   exclude: [vendor]                 shellcheck: false
 *   rules-version: 1
 */
#include "cli/lint/settings.h"

#include <string.h>
#include <yaml.h>

struct config {
	struct lint_settings *settings;
	const char *name;
	yaml_document_t document;
	struct err *e;
};

static struct str scalar(const yaml_node_t *node)
{
	if (!node || node->type != YAML_SCALAR_NODE)
		return (struct str){0};
	return (struct str){(const char *)node->data.scalar.value,
			    node->data.scalar.length};
}

static int wrong(struct config *c, const yaml_node_t *node, const char *key,
		 const char *what)
{
	return err_set(c->e, ERR_INVALID, "%s:%zu: %s: %s", c->name,
		       node->start_mark.line + 1, key, what);
}

static const yaml_node_t *node_at(struct config *c, int index)
{
	return yaml_document_get_node(&c->document, index);
}

/* A value that is not there ("ignored:") counts as an empty list. */
static bool is_null(const yaml_node_t *node)
{
	struct str s = scalar(node);

	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (s.n == 0 || str_eq_c(s, "~") || str_eq_c(s, "null"));
}

static int take_string(struct config *c, const yaml_node_t *node,
		       const char *key, const char **out)
{
	if (node->type != YAML_SCALAR_NODE || is_null(node))
		return wrong(c, node, key, "takes a string");
	*out = arena_c(&c->settings->arena, scalar(node));
	return 0;
}

/* A list of strings, or one string. */
static int take_list(struct config *c, const yaml_node_t *node, const char *key,
		     string_list *out)
{
	if (is_null(node))
		return 0;
	if (node->type == YAML_SCALAR_NODE)
		return take_string(c, node, key, vec_push(out));
	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(c, node, key, "takes a list of strings");
	for (const yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++)
		if (take_string(c, node_at(c, *i), key, vec_push(out)) < 0)
			return -1;
	return 0;
}

static int take_bool(struct config *c, const yaml_node_t *node, const char *key,
		     bool *out)
{
	static const char *const yes[] = {"true", "yes", "on"};
	static const char *const no[] = {"false", "no", "off"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		if (str_eq_nocase(scalar(node), str_from(yes[i]))) {
			*out = true;
			return 0;
		}
		if (str_eq_nocase(scalar(node), str_from(no[i]))) {
			*out = false;
			return 0;
		}
	}
	return wrong(c, node, key, "takes true or false");
}

static int take_overrides(struct config *c, const yaml_node_t *node,
			  const char *key)
{
	static const char *const levels[] = {
		[DIAG_ERROR] = "error",
		[DIAG_WARNING] = "warning",
		[DIAG_INFO] = "info",
		[DIAG_STYLE] = "style",
	};

	if (is_null(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return wrong(c, node, key,
			     "takes error, warning, info and style, each a "
			     "list");
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		const yaml_node_t *name = node_at(c, p->key);
		size_t i = 0;

		while (i < ARRAY_LEN(levels) &&
		       !str_eq_c(scalar(name), levels[i]))
			i++;
		if (i == ARRAY_LEN(levels))
			return wrong(
				c, name, key,
				"a level is error, warning, info or style");
		if (take_list(c, node_at(c, p->value), levels[i],
			      &c->settings->overrides[i]) < 0)
			return -1;
	}
	return 0;
}

static int take_labels(struct config *c, const yaml_node_t *node,
		       const char *key)
{
	if (is_null(node))
		return 0;
	if (node->type != YAML_MAPPING_NODE)
		return wrong(c, node, key, "takes label: kind");
	for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
	     p < node->data.mapping.pairs.top; p++) {
		struct str name = scalar(node_at(c, p->key));
		const yaml_node_t *value = node_at(c, p->value);
		struct str kind = scalar(value);
		enum label_kind ignored;

		if (name.n == 0 || !lint_label_kind(kind, &ignored))
			return wrong(c, value, key,
				     "a kind is text, rfc3339, semver, url, "
				     "hash, spdx or email");
		*vec_push(&c->settings->labels) =
			arena_printf(&c->settings->arena, "%.*s:%.*s",
				     STR_ARG(name), STR_ARG(kind))
				.p;
	}
	return 0;
}

static int take_format(struct config *c, const yaml_node_t *node,
		       const char *key)
{
	const char *format = NULL;
	const char *output = "";

	if (node->type == YAML_SCALAR_NODE) {
		if (take_string(c, node, key, &format) < 0)
			return -1;
	} else if (node->type != YAML_MAPPING_NODE) {
		return wrong(c, node, key, "takes {format: F, output: FILE}");
	} else {
		for (const yaml_node_pair_t *p = node->data.mapping.pairs.start;
		     p < node->data.mapping.pairs.top; p++) {
			const yaml_node_t *name = node_at(c, p->key);
			bool is_format = str_eq_c(scalar(name), "format");

			if (!is_format && !str_eq_c(scalar(name), "output") &&
			    !str_eq_c(scalar(name), "file"))
				return wrong(c, name, key,
					     "takes {format: F, output: FILE}");
			if (take_string(c, node_at(c, p->value), key,
					is_format ? &format : &output) < 0)
				return -1;
		}
	}
	if (!format)
		return wrong(c, node, key, "names no format");
	while (c->settings->outputs.n < c->settings->formats.n)
		*vec_push(&c->settings->outputs) = "";
	*vec_push(&c->settings->formats) = format;
	*vec_push(&c->settings->outputs) = output;
	return 0;
}

static int take_formats(struct config *c, const yaml_node_t *node,
			const char *key)
{
	if (is_null(node))
		return 0;
	if (node->type != YAML_SEQUENCE_NODE)
		return wrong(c, node, key, "takes a list");
	for (const yaml_node_item_t *i = node->data.sequence.items.start;
	     i < node->data.sequence.items.top; i++)
		if (take_format(c, node_at(c, *i), key) < 0)
			return -1;
	return 0;
}

enum key_kind { KEY_BOOL, KEY_STRING, KEY_LIST, KEY_FUNCTION };

struct key {
	const char *name;
	enum key_kind kind;
	void *target;
	int (*function)(struct config *c, const yaml_node_t *node,
			const char *key);
};

static int take_value(struct config *c, const struct key *key,
		      const yaml_node_t *node)
{
	switch (key->kind) {
	case KEY_BOOL: return take_bool(c, node, key->name, key->target);
	case KEY_STRING: return take_string(c, node, key->name, key->target);
	case KEY_LIST: return take_list(c, node, key->name, key->target);
	case KEY_FUNCTION: return key->function(c, node, key->name);
	}
	return 0;
}

static int take_key(struct config *c, const yaml_node_t *name,
		    const yaml_node_t *value)
{
	struct lint_settings *s = c->settings;
	const struct key keys[] = {
		{"failure-threshold", KEY_STRING, &s->threshold, NULL},
		{"format", KEY_FUNCTION, NULL, take_format},
		{"formats", KEY_FUNCTION, NULL, take_formats},
		{"ignored", KEY_LIST, &s->ignored, NULL},
		{"select", KEY_LIST, &s->selected, NULL},
		{"override", KEY_FUNCTION, NULL, take_overrides},
		{"label-schema", KEY_FUNCTION, NULL, take_labels},
		{"strict-labels", KEY_BOOL, &s->strict_labels, NULL},
		{"trustedRegistries", KEY_LIST, &s->trusted, NULL},
		{"no-color", KEY_BOOL, &s->no_color, NULL},
		{"no-fail", KEY_BOOL, &s->no_fail, NULL},
		{"disable-ignore-pragma", KEY_BOOL, &s->disable_pragmas, NULL},
		{"verbose", KEY_BOOL, &s->verbose, NULL},
		{"preset", KEY_STRING, &s->preset, NULL},
		{"rules-version", KEY_STRING, &s->rules_version, NULL},
		{"exclude", KEY_LIST, &s->excludes, NULL},
		{"shellcheck", KEY_STRING, &s->shell_check, NULL},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (str_eq_c(scalar(name), keys[i].name))
			return take_value(c, &keys[i], value);
	return err_set(c->e, ERR_INVALID, "%s:%zu: unknown key '%.*s'", c->name,
		       name->start_mark.line + 1, STR_ARG(scalar(name)));
}

static int take_document(struct config *c)
{
	const yaml_node_t *root = yaml_document_get_root_node(&c->document);

	if (!root || is_null(root))
		return 0;
	if (root->type != YAML_MAPPING_NODE)
		return wrong(c, root, "the file", "is no mapping of keys");
	for (const yaml_node_pair_t *p = root->data.mapping.pairs.start;
	     p < root->data.mapping.pairs.top; p++)
		if (take_key(c, node_at(c, p->key), node_at(c, p->value)) < 0)
			return -1;
	return 0;
}

int lint_settings_yaml(struct lint_settings *s, struct str text,
		       const char *name, struct err *e)
{
	struct config c = {.settings = s, .name = name, .e = e};
	yaml_parser_t parser;
	int status = -1;

	if (!yaml_parser_initialize(&parser))
		return err_set(e, ERR_LIMIT, "%s: no memory", name);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text.p,
				     text.n);
	if (!yaml_parser_load(&parser, &c.document)) {
		(void)err_set(e, ERR_INVALID, "%s:%zu: %s", name,
			      parser.problem_mark.line + 1,
			      parser.problem ? parser.problem : "no YAML");
	} else {
		status = take_document(&c);
		yaml_document_delete(&c.document);
	}
	yaml_parser_delete(&parser);
	return status;
}
