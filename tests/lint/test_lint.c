/* What the golden files can't show: seams, spans, and scripts in odd places. */
#include "lint/lint.h"
#include "lint/rule.h"
#include "lint/shellcheck.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

struct fixture {
	struct arena arena;
	struct source source;
	struct lint_options options;
	struct lint_file file;
};

static void lint(struct fixture *f, const char *text)
{
	source_init(&f->source, &f->arena, STR("Dockerfile"), str_from(text));
	if (f->options.set == 0)
		f->options.set = LINT_ALL;
	lint_begin(&f->file, &f->arena, &f->source, &f->options);
	lint_finish(&f->file);
}

static void release(struct fixture *f)
{
	lint_release(&f->file);
	arena_release(&f->arena);
}

/* The text that the first finding of id is about; "" where there is none. */
static struct str found(const struct fixture *f, const char *id)
{
	for (size_t i = 0; i < f->file.diags.n; i++)
		if (str_eq_c(str_from(id), f->file.diags.v[i].id))
			return source_text(&f->source, f->file.diags.v[i].span);
	return (struct str){0};
}

static void an_image_of_another_platform_is_a_finding_like_any(void **state)
{
	const struct lint_foreign foreign = {{5, 14},
					     STR("debian:12"),
					     STR("linux/amd64"),
					     STR("linux/arm64")};
	struct fixture f = {.options = {.foreign = &foreign, .n_foreign = 1}};
	struct fixture skipped = f;

	(void)state;
	lint(&f, "FROM debian:12\n");
	assert_true(
		str_eq_c(found(&f, "InvalidBaseImagePlatform"), "debian:12"));
	release(&f);
	lint(&skipped,
	     "#check=skip=InvalidBaseImagePlatform\nFROM debian:12\n");
	assert_true(str_eq_c(found(&skipped, "InvalidBaseImagePlatform"), ""));
	release(&skipped);
}

static void a_word_broken_by_a_continuation_is_one_span(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\nRUN true; su\\\ndo make\n");
	assert_true(str_eq_c(found(&f, "DL3004"), "su\\\ndo"));
	release(&f);
}

static void comments_and_empty_lines_inside_a_run_keep_places_true(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\r\nRUN a \\\r\n # b\r\n\r\n  && sudo c\r\n");
	assert_true(str_eq_c(found(&f, "DL3004"), "sudo"));
	release(&f);
}

static void a_heredoc_is_a_script_and_its_tabs_are_counted(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\nRUN <<-EOF\n\tset -e\n\t\tsudo x\n\tEOF\n");
	assert_true(str_eq_c(found(&f, "DL3004"), "sudo"));
	release(&f);
}

static void a_heredoc_for_python_is_no_shell_script(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\nRUN <<EOF\n#!/usr/bin/env python3\nsudo = 1\n"
		 "EOF\n");
	assert_int_equal(found(&f, "DL3004").n, 0);
	assert_int_equal(f.file.n_scripts, 0);
	release(&f);
}

static void exec_forms_are_commands_and_shell_calls_scripts(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\nRUN [\"sh\", \"-c\", \"a && sudo b\"]\n"
		 "RUN [\"cd\", \"/x\"]\n");
	assert_true(found(&f, "DL3004").n > 0);
	assert_true(found(&f, "DL3003").n > 0);
	release(&f);
}

static void onbuild_triggers_are_linted_in_place(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\nONBUILD RUN a && \\\n  sudo b\n");
	assert_true(str_eq_c(found(&f, "DL3004"), "sudo"));
	release(&f);
}

static void shellcheck_columns_count_characters(void **state)
{
	struct fixture f = {0};
	struct span span;

	(void)state;
	lint(&f, "FROM debian:12\nRUN echo äö \\\n  $x\n");
	assert_int_equal(f.file.n_scripts, 1);
	span = shellcheck_span(&f.file.scripts[0], 1, 11, 1, 13);
	assert_true(str_eq_c(source_text(&f.source, span), "$x"));
	release(&f);
}

static void variables_of_the_stage_are_set_for_shellcheck(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12\nENV A=1\nFROM debian:12\nARG B\nRUN echo\n");
	assert_int_equal(f.file.scripts[0].names.n, 1);
	assert_true(str_eq_c(f.file.scripts[0].names.v[0], "B"));
	release(&f);
}

static void assert_exports(const struct lint_script *script, const char *end)
{
	SCOPED_BUF struct buf text = BUF_INIT(1 << 16);
	struct str line;
	struct str rest;
	unsigned first_line;

	shellcheck_text(&text, script, &first_line);
	(void)str_cut(buf_str(&text), '\n', &line, &rest);
	(void)str_cut(rest, '\n', &line, &rest);
	assert_true(str_ends(line, end));
}

static void variables_of_a_base_stage_are_set_for_shellcheck(void **state)
{
	struct fixture f = {0};

	(void)state;
	lint(&f, "FROM debian:12 AS a\nENV A=1\nFROM a\nRUN x\n"
		 "ENV B=1\nRUN y\n");
	assert_exports(&f.file.scripts[0], " no_proxy=1 A=1");
	assert_exports(&f.file.scripts[1], " no_proxy=1 B=1 A=1");
	release(&f);
}

static void an_older_version_of_the_rules_has_no_newer_ones(void **state)
{
	const struct rule newer = {.id = "X", .since = 3};
	const struct rule first = {.id = "Y"};

	(void)state;
	assert_true(rule_is_in(&newer, 0));
	assert_true(rule_is_in(&newer, 3));
	assert_false(rule_is_in(&newer, 2));
	assert_true(rule_is_in(&first, 1));
	for (size_t i = 0; i < rules_n; i++)
		assert_true(rule_is_in(&rules[i], RULES_VERSION));
}

static void every_rule_has_words_and_its_own_id(void **state)
{
	(void)state;
	for (size_t i = 0; i < rules_n; i++) {
		assert_true(rules[i].summary[0] != '\0');
		assert_ptr_equal(rule_find(str_from(rules[i].id)), &rules[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_image_of_another_platform_is_a_finding_like_any),
		cmocka_unit_test(a_word_broken_by_a_continuation_is_one_span),
		cmocka_unit_test(
			comments_and_empty_lines_inside_a_run_keep_places_true),
		cmocka_unit_test(
			a_heredoc_is_a_script_and_its_tabs_are_counted),
		cmocka_unit_test(a_heredoc_for_python_is_no_shell_script),
		cmocka_unit_test(
			exec_forms_are_commands_and_shell_calls_scripts),
		cmocka_unit_test(onbuild_triggers_are_linted_in_place),
		cmocka_unit_test(shellcheck_columns_count_characters),
		cmocka_unit_test(variables_of_the_stage_are_set_for_shellcheck),
		cmocka_unit_test(
			variables_of_a_base_stage_are_set_for_shellcheck),
		cmocka_unit_test(
			an_older_version_of_the_rules_has_no_newer_ones),
		cmocka_unit_test(every_rule_has_words_and_its_own_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
