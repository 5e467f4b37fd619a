#include "cli/build_call.h"

#include "base/vec.h"
#include "cli/excerpt.h"
#include "lint/rule.h"

#include <ctype.h>
#include <jansson.h>
#include <string.h>

/* --- tables ------------------------------------------------------------- */

enum { COLUMNS_MAX = 3 };

struct row {
	struct str cells[COLUMNS_MAX];
};

/* Each column but the last as wide as its widest cell and padding blanks. */
static void add_table(struct buf *out, const struct row *rows, size_t n_rows,
		      size_t n_columns, size_t padding)
{
	size_t widths[COLUMNS_MAX] = {0};

	for (size_t i = 0; i < n_rows; i++)
		for (size_t k = 0; k < n_columns; k++)
			if (rows[i].cells[k].n > widths[k])
				widths[k] = rows[i].cells[k].n;
	for (size_t i = 0; i < n_rows; i++) {
		for (size_t k = 0; k < n_columns; k++) {
			struct str cell = rows[i].cells[k];

			buf_add_str(out, cell);
			for (size_t w = cell.n;
			     k + 1 < n_columns && w < widths[k] + padding; w++)
				buf_add_char(out, ' ');
		}
		buf_add_char(out, '\n');
	}
}

/* --- JSON --------------------------------------------------------------- */

/* Empty ones are left out, as docker does. */
static void set_text(json_t *object, const char *key, struct str text)
{
	json_t *value = json_stringn(text.p ? text.p : "", text.n);

	if (!value) /* not UTF-8 */
		value = json_string("\xef\xbf\xbd");
	if (text.n)
		json_object_set_new(object, key, value);
	else
		json_decref(value);
}

static json_t *json_position(uint32_t line)
{
	return json_pack("{s:i}", "line", (int)line);
}

/* One range for each line, as BuildKit counts them. */
static void set_location(json_t *object, const struct source *src,
			 struct span span)
{
	uint32_t from = source_position(src, span.offset).line;
	uint32_t to = span.end > span.offset
			      ? source_position(src, span.end - 1).line
			      : from;
	json_t *ranges = json_array();

	for (uint32_t line = from; line <= to; line++)
		json_array_append_new(ranges,
				      json_pack("{s:o,s:o}", "start",
						json_position(line), "end",
						json_position(line)));
	json_object_set_new(object, "location",
			    json_pack("{s:o}", "ranges", ranges));
}

static json_t *json_base64(struct str text)
{
	SCOPED_BUF struct buf coded = BUF_INIT(SOURCE_MAX_BYTES * 2);

	buf_add_base64(&coded, text);
	return json_string(buf_c(&coded));
}

static void add_json(struct buf *out, json_t *value)
{
	char *text = json_dumps(value, JSON_INDENT(2));

	buf_add_c(out, text);
	buf_add_char(out, '\n');
	free(text);
	json_decref(value);
}

/* --- targets ------------------------------------------------------------ */

static void add_targets_json(struct buf *out, const struct dockerfile *df)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < df->n_stages; i++) {
		const struct instruction *in = df->stages[i].from;
		json_t *target = json_object();

		set_text(target, "name", in->from.alias);
		if (i + 1 == df->n_stages)
			json_object_set_new(target, "default", json_true());
		set_text(target, "description", in->from.doc);
		set_text(target, "base", in->from.base.text);
		set_text(target, "platform", in->from.platform.text);
		set_location(target, df->source, in->span);
		json_array_append_new(targets, target);
	}
	add_json(out, json_pack("{s:o,s:[o]}", "targets", targets, "sources",
				json_base64(df->source->text)));
}

void call_targets(struct buf *out, const struct dockerfile *df, bool json)
{
	VEC(struct row) rows = {0};
	struct arena a = {0};

	if (json) {
		add_targets_json(out, df);
		return;
	}
	*vec_push(&rows) = (struct row){{STR("TARGET"), STR("DESCRIPTION")}};
	for (size_t i = 0; i < df->n_stages; i++) {
		const struct from *from = &df->stages[i].from->from;
		bool is_default = i + 1 == df->n_stages;
		struct str name = from->alias;

		if (is_default)
			name = arena_printf(&a, "%.*s%s(default)",
					    STR_ARG(name), name.n ? " " : "");
		*vec_push(&rows) = (struct row){{name, from->doc}};
	}
	add_table(out, rows.v, rows.n, 2, 1);
	vec_release(&rows);
	arena_release(&a);
}

/* --- outline ------------------------------------------------------------ */

static void add_arguments(struct buf *out, struct outline_list list)
{
	VEC(struct row) rows = {0};

	if (list.n == 0)
		return;
	*vec_push(&rows) = (struct row){
		{STR("BUILD ARG"), STR("VALUE"), STR("DESCRIPTION")}};
	for (size_t i = 0; i < list.n; i++)
		*vec_push(&rows) = (struct row){
			{list.v[i].name, list.v[i].value, list.v[i].doc}};
	add_table(out, rows.v, rows.n, 3, 3);
	buf_add_char(out, '\n');
	vec_release(&rows);
}

static void add_required(struct buf *out, struct str title,
			 struct outline_list list)
{
	VEC(struct row) rows = {0};

	if (list.n == 0)
		return;
	*vec_push(&rows) = (struct row){{title, STR("REQUIRED")}};
	for (size_t i = 0; i < list.n; i++)
		*vec_push(&rows) = (struct row){
			{list.v[i].name,
			 list.v[i].required ? STR("true") : STR("")}};
	add_table(out, rows.v, rows.n, 2, 3);
	buf_add_char(out, '\n');
	vec_release(&rows);
}

static void set_entries(json_t *object, const char *key,
			const struct source *src, struct outline_list list)
{
	json_t *entries;

	if (list.n == 0)
		return;
	entries = json_array();
	for (size_t i = 0; i < list.n; i++) {
		json_t *entry = json_object();

		set_text(entry, "name", list.v[i].name);
		set_text(entry, "description", list.v[i].doc);
		set_text(entry, "value", list.v[i].value);
		if (list.v[i].required)
			json_object_set_new(entry, "required", json_true());
		set_location(entry, src, list.v[i].span);
		json_array_append_new(entries, entry);
	}
	json_object_set_new(object, key, entries);
}

static void add_outline_json(struct buf *out, const struct source *src,
			     const struct outline *o)
{
	json_t *object = json_object();

	set_text(object, "name", o->name);
	set_text(object, "description", o->doc);
	set_entries(object, "args", src, o->args);
	set_entries(object, "secrets", src, o->secrets);
	set_entries(object, "ssh", src, o->agents);
	json_object_set_new(object, "sources",
			    json_pack("[o]", json_base64(src->text)));
	add_json(out, object);
}

void call_outline(struct buf *out, const struct source *src,
		  const struct outline *o, bool json)
{
	struct row head[2] = {0};
	size_t n = 0;

	if (json) {
		add_outline_json(out, src, o);
		return;
	}
	if (o->name.n)
		head[n++] = (struct row){{STR("TARGET:"), o->name}};
	if (o->doc.n)
		head[n++] = (struct row){{STR("DESCRIPTION:"), o->doc}};
	add_table(out, head, n, 2, 1);
	if (n)
		buf_add_char(out, '\n');
	add_arguments(out, o->args);
	add_required(out, STR("SECRET"), o->secrets);
	add_required(out, STR("SSH"), o->agents);
}

/* --- check -------------------------------------------------------------- */

static const char *check_name(const struct diag *d)
{
	return d->alias ? d->alias : d->id;
}

/* "StageNameCasing" has its page at .../stage-name-casing/. */
static void add_url(struct buf *out, const char *name)
{
	buf_add_c(out, "https://docs.docker.com/go/dockerfile/rule/");
	for (const char *p = name; *p; p++) {
		bool inner = p != name && isupper((unsigned char)*p) &&
			     islower((unsigned char)p[-1]);

		if (inner || (p != name && isupper((unsigned char)*p) &&
			      islower((unsigned char)p[1])))
			buf_add_char(out, '-');
		buf_add_char(out, (char)tolower((unsigned char)*p));
	}
	buf_add_char(out, '/');
}

static bool is_mistake(const struct diag *d)
{
	return strcmp(d->id, "DL1000") == 0;
}

static void add_check_text(struct buf *out, const struct lint_file *f,
			   const struct diag *d)
{
	if (is_mistake(d)) {
		buf_printf(out, "\nERROR: %.*s\n", STR_ARG(d->text));
	} else {
		buf_printf(out, "\nWARNING: %s - ", check_name(d));
		add_url(out, check_name(d));
		buf_printf(out, "\n%.*s\n", STR_ARG(d->text));
	}
	excerpt_add(out, f->source, d->span);
}

static size_t count_warnings(const struct lint_file *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->diags.n; i++)
		n += !is_mistake(&f->diags.v[i]);
	return n;
}

/* "check=error=true": what was found counts as a failed build. */
void call_failed_rules(struct buf *out, const struct lint_file *f)
{
	const char *separator = "\nERROR: lint violation found for rules: ";

	for (size_t i = 0; i < f->diags.n; i++) {
		bool again = is_mistake(&f->diags.v[i]);

		for (size_t k = 0; k < i; k++)
			again |= strcmp(check_name(&f->diags.v[k]),
					check_name(&f->diags.v[i])) == 0;
		if (again)
			continue;
		buf_printf(out, "%s%s", separator, check_name(&f->diags.v[i]));
		separator = ", ";
	}
	buf_add_char(out, '\n');
}

static void add_check_json(struct buf *out, const struct lint_file *f)
{
	json_t *warnings = json_array();

	for (size_t i = 0; i < f->diags.n; i++) {
		SCOPED_BUF struct buf url = BUF_INIT(1000);
		const struct diag *d = &f->diags.v[i];
		const struct rule *rule = rule_find(str_from(d->id));
		json_t *warning = json_object();

		add_url(&url, check_name(d));
		set_text(warning, "ruleName", str_from(check_name(d)));
		set_text(warning, "description",
			 str_from(rule ? rule->summary : ""));
		if (!is_mistake(d))
			set_text(warning, "url", buf_str(&url));
		set_text(warning, "detail", d->text);
		set_location(warning, f->source, d->span);
		json_array_append_new(warnings, warning);
	}
	add_json(out, json_pack("{s:o,s:[{s:s#,s:o,s:s}]}", "warnings",
				warnings, "sources", "filename",
				f->source->name.p, (int)f->source->name.n,
				"data", json_base64(f->source->text),
				"language", "Dockerfile"));
}

void call_check(struct buf *out, const struct lint_file *f, bool json)
{
	size_t n = count_warnings(f);

	if (json) {
		add_check_json(out, f);
		return;
	}
	if (f->diags.n == 0)
		buf_add_c(out, "Check complete, no warnings found.\n");
	else if (n == 1)
		buf_add_c(out, "Check complete, 1 warning has been found!\n");
	else if (n)
		buf_printf(out,
			   "Check complete, %zu warnings have been "
			   "found!\n",
			   n);
	for (size_t i = 0; i < f->diags.n; i++)
		add_check_text(out, f, &f->diags.v[i]);
	if (n && f->check_error)
		call_failed_rules(out, f);
}
