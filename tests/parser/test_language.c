/* docs/language.md says what the instruction table says, and shows it. */
#include "parser/instruction.h"

#include "base/buf.h"
#include "parser/dockerfile.h"
#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct str doc;

static void load_doc(struct arena *a)
{
	const char *path =
		arena_printf(a, "%s/docs/language.md", SOURCE_ROOT).p;

	doc = file_read(a, path);
}

/* The row of the document that begins with prefix; its last cell. */
static struct str last_cell(const char *prefix)
{
	const char *at = memmem(doc.p, doc.n, prefix, strlen(prefix));
	struct str rest;
	struct str cell;

	if (!at)
		fail_msg("docs/language.md has no row %s", prefix);
	rest.p = at + strlen(prefix);
	rest.n = (size_t)(doc.p + doc.n - rest.p);
	(void)str_cut(rest, '|', &cell, &rest);
	return str_trim(cell);
}

/* The fixture that the row names, which must exist. */
static struct str fixture_of(struct arena *a, const char *prefix)
{
	struct str name = last_cell(prefix);

	name = str_sub(name, 1, name.n - 1); /* its backticks */
	return file_read(
		a,
		fixture_path(
			a,
			arena_printf(a, "%.*s.dockerfile", STR_ARG(name)).p));
}

static const struct dockerfile *parse(struct arena *a, struct str text)
{
	struct source *src = arena_new(a, struct source);
	const struct dockerfile *df;
	struct diags d;

	source_init(src, a, STR("fixture"), text);
	diags_init(&d, a);
	df = dockerfile_parse(a, src, &d);
	diags_release(&d);
	return df;
}

static bool shows_instruction(const struct dockerfile *df,
			      enum instruction_kind kind)
{
	for (size_t i = 0; i < df->n_instructions; i++)
		if (df->instructions[i].kind == kind)
			return true;
	return false;
}

static bool shows_flag(const struct dockerfile *df, enum instruction_kind kind,
		       const char *flag)
{
	for (size_t i = 0; i < df->n_instructions; i++) {
		const struct instruction *in = &df->instructions[i];

		for (size_t j = 0; in->kind == kind && j < in->flags.n; j++)
			if (str_eq_c(in->flags.v[j].name, flag))
				return true;
	}
	return false;
}

static const char *expansion_name(enum argument_expansion expansion)
{
	switch (expansion) {
	case EXPAND_NONE: return "no";
	case EXPAND_WORD: return "yes";
	case EXPAND_FIELDS: return "split";
	}
	return "";
}

static const char *yes_no(bool b)
{
	return b ? "yes" : "no";
}

static void every_instruction_has_a_row_and_a_fixture(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	size_t n_rows = 0;

	(void)state;
	load_doc(&a);
	for (int i = 0; i < INSTRUCTION_N; i++) {
		const struct instruction_info *info =
			instruction_info((enum instruction_kind)i);
		struct str prefix = arena_printf(
			&a, "| %s | %s | %s | %s | ", info->name,
			expansion_name(info->expansion), yes_no(info->heredocs),
			yes_no(info->in_onbuild));

		if (!shows_instruction(parse(&a, fixture_of(&a, prefix.p)),
				       info->kind))
			fail_msg("the fixture of %s does not show it",
				 info->name);
		n_rows++;
	}
	assert_int_equal(n_rows, 18);
}

static void every_flag_has_a_row_and_a_fixture(void **state)
{
	static const char *const kinds[] = {
		[FLAG_BOOL] = "once",
		[FLAG_STRING] = "once",
		[FLAG_STRINGS] = "any number",
	};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	load_doc(&a);
	for (int i = 0; i < INSTRUCTION_N; i++) {
		const struct instruction_info *info =
			instruction_info((enum instruction_kind)i);

		for (size_t j = 0; j < info->n_flags; j++) {
			const struct flag_info *flag = &info->flags[j];
			struct buf prefix = BUF_INIT(1024);

			buf_printf(&prefix, "| %s | `--%s", info->name,
				   flag->name);
			if (flag->kind == FLAG_BOOL)
				buf_add_c(&prefix, "[=true\\|false]");
			else
				buf_add_char(&prefix, '=');
			for (const char *p = flag->value; p && *p; p++)
				buf_printf(&prefix, *p == '|' ? "\\|" : "%c",
					   *p);
			buf_printf(&prefix, "` | %s | %s | ", kinds[flag->kind],
				   yes_no(flag->expands));
			if (!shows_flag(
				    parse(&a, fixture_of(&a, buf_c(&prefix))),
				    info->kind, flag->name))
				fail_msg("the fixture of %s --%s does not "
					 "show it",
					 info->name, flag->name);
			buf_release(&prefix);
		}
	}
}

static void every_form_is_written_down(void **state)
{
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	load_doc(&a);
	for (int i = 0; i < INSTRUCTION_N; i++) {
		struct str forms = str_from(
			instruction_info((enum instruction_kind)i)->forms);
		struct str form;

		while (forms.n) {
			struct str line;

			(void)str_cut(forms, '\n', &form, &forms);
			line = arena_printf(&a, "\n    %.*s\n", STR_ARG(form));
			if (!memmem(doc.p, doc.n, line.p, line.n))
				fail_msg("docs/language.md lacks the form "
					 "%.*s",
					 STR_ARG(form));
		}
	}
}

static void every_directive_has_a_row_and_a_fixture(void **state)
{
	static const char *const names[] = {"syntax", "escape", "check"};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	load_doc(&a);
	for (size_t i = 0; i < 3; i++) {
		struct str prefix = arena_printf(&a, "| `# %s=` | ", names[i]);
		const struct dockerfile *df =
			parse(&a, fixture_of(&a, prefix.p));
		bool shown = false;

		for (size_t j = 0; j < df->n_directives; j++)
			shown |= str_eq_c(df->directives[j].name, names[i]);
		assert_true(shown);
	}
}

static void a_name_is_found_in_any_case_and_nothing_else_is(void **state)
{
	(void)state;
	for (int i = 0; i < INSTRUCTION_N; i++) {
		const char *name = instruction_name((enum instruction_kind)i);
		char lower[16] = {0};
		char longer[16] = {0};

		for (size_t j = 0; name[j]; j++)
			lower[j] = (char)(name[j] | 0x20);
		(void)snprintf(longer, sizeof(longer), "%sX", name);
		assert_ptr_equal(instruction_find(str_from(name)),
				 instruction_info((enum instruction_kind)i));
		assert_ptr_equal(instruction_find(str_from(lower)),
				 instruction_info((enum instruction_kind)i));
		assert_null(instruction_find(str_from(longer)));
		assert_null(instruction_find(
			str_sub(str_from(name), 0, strlen(name) - 1)));
	}
	assert_null(instruction_find((struct str){0}));
	assert_null(instruction_find(STR("\0")));
}

struct suggest_row {
	const char *word;
	const char *name; /* NULL: none is near */
};

static void a_near_miss_is_suggested_and_a_far_one_is_not(void **state)
{
	static const struct suggest_row rows[] = {
		{"FORM", "FROM"},
		{"fro", "FROM"},
		{"RUNN", "RUN"},
		{"RNU", "RUN"},
		{"CPOY", "COPY"},
		{"ENTRYPIONT", "ENTRYPOINT"},
		{"WORKDIRS", "WORKDIR"},
		{"HEALTCHECK", "HEALTHCHECK"},
		{"echo", NULL},
		{"apt-get", NULL},
		{"x", NULL},
		{"", NULL},
		{"&&", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const char *got = instruction_suggest(str_from(rows[i].word));

		if (!got || !rows[i].name)
			assert_ptr_equal(got, rows[i].name);
		else
			assert_string_equal(got, rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_instruction_has_a_row_and_a_fixture),
		cmocka_unit_test(every_flag_has_a_row_and_a_fixture),
		cmocka_unit_test(every_form_is_written_down),
		cmocka_unit_test(every_directive_has_a_row_and_a_fixture),
		cmocka_unit_test(
			a_name_is_found_in_any_case_and_nothing_else_is),
		cmocka_unit_test(a_near_miss_is_suggested_and_a_far_one_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
