#include "parser/word.h"

#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* An environment of a table's "env" rows. */
struct env {
	const struct table *table;
	struct str unset[32];
	size_t n_unset;
};

static bool get(void *ctx, struct str name, struct str *value)
{
	const struct env *env = ctx;

	for (size_t i = 0; i < env->table->n; i++) {
		const struct table_row *row = &env->table->v[i];

		if (str_eq_c(row->cells[0], "env") &&
		    str_eq(row->cells[1], name)) {
			*value = row->cells[2];
			return true;
		}
	}
	return false;
}

static void note(void *ctx, struct str name)
{
	struct env *env = ctx;

	if (env->n_unset < 32)
		env->unset[env->n_unset++] = name;
}

/* True with *out where word parses and expands. */
static bool expand(struct arena *a, struct env *env, struct str word,
		   char escape, struct str *out)
{
	struct word_env vars = {get, env};
	struct word_unset unset = {note, env};
	const struct word_template *t;
	struct word_error we;
	struct err e;

	if (word_parse(a, word, escape, &t, &we) < 0)
		return false;
	return word_expand(a, t, &vars, &unset, out, &e) == 0;
}

static void every_row_expands_as_buildkit_does(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct table table = table_read(&a, fixture_path(&a, "words.table"));
	struct env env = {.table = &table};
	size_t n_bad = 0;
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < table.n; i++) {
		const struct table_row *row = &table.v[i];
		struct str got = {0};
		bool good;

		if (str_eq_c(row->cells[0], "env"))
			continue;
		n++;
		good = expand(&a, &env, row->cells[1], '\\', &got);
		if (good == str_eq_c(row->cells[0], "row") &&
		    (!good || str_eq(got, row->cells[2])))
			continue;
		n_bad++;
		printf("line %zu: %.*s: want %.*s '%.*s', got %s '%.*s'\n",
		       row->line, STR_ARG(row->cells[1]),
		       STR_ARG(row->cells[0]), STR_ARG(row->cells[2]),
		       good ? "row" : "bad", STR_ARG(got));
	}
	assert_true(n >= 250);
	assert_int_equal(n_bad, 0);
}

struct escape_row {
	const char *word;
	const char *value; /* NULL: an error */
};

static void a_backtick_escapes_where_it_is_the_escape(void **state)
{
	static const struct escape_row rows[] = {
		{"a`b", "ab"},
		{"``", "`"},
		{"`$X", "$X"},
		{"\"`\"\"", "\""},
		{"\"`$X\"", "$X"},
		{"\"`a\"", "`a"},
		{"C:\\dir", "C:\\dir"},
		{"\\$X", "\\X"},
		{"'`'", "`"},
		{"${U:-`}}", "}"},
		{"a`", "a"},
		{"\"\\\"", "\\"},
		{"`", ""},
		{"\"a`\"", NULL},
	};
	SCOPED_ARENA struct arena a = {0};
	struct table_row x = {
		.cells = {STR("env"), STR("X"), STR("X")},
		.n = 3,
	};
	struct table table = {&x, 1};
	struct env env = {.table = &table};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct str got = {0};
		bool good = expand(&a, &env, str_from(rows[i].word), '`', &got);

		assert_int_equal(good, rows[i].value != NULL);
		if (good)
			assert_string_equal(arena_c(&a, got), rows[i].value);
	}
}

struct fields_row {
	const char *word;
	const char *fields[8];
};

static void fields_are_cut_at_unquoted_blanks(void **state)
{
	static const struct fields_row rows[] = {
		{"", {NULL}},
		{"  ", {NULL}},
		{"hello", {"hello"}},
		{"hello there", {"hello", "there"}},
		{"  a   b ", {"a", "b"}},
		{"'a b'", {"a b"}},
		{"\"a b\" c", {"a b", "c"}},
		{"a\\ b", {"a b"}},
		{"a' 'b", {"a b"}},
		{"''", {NULL}},
		{"a '' b", {"a", "b"}},
		{"$SP", {"one", "two"}},
		{"x$SP", {"xone", "two"}},
		{"${SP}y", {"one", "twoy"}},
		{"\"$SP\"", {"one  two"}},
		{"${U:-a b}", {"a", "b"}},
		{"${U:-\"a b\"}", {"a", "b"}},
		{"\"${U:-a b}\"", {"a b"}},
		{"$U", {NULL}},
		{"$U a", {"a"}},
		{"$SP$SP", {"one", "twoone", "two"}},
		{"a$", {"a$"}},
		{"a\xc2\xa0"
		 "b",
		 {"a", "b"}},
	};
	SCOPED_ARENA struct arena a = {0};
	struct table_row sp = {
		.cells = {STR("env"), STR("SP"), STR("one  two")},
		.n = 3,
	};
	struct table table = {&sp, 1};
	struct env env = {.table = &table};
	struct word_env vars = {get, &env};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct word_template *t;
		struct word_error we;
		struct str *got;
		size_t n;
		struct err e;

		assert_int_equal(
			word_parse(&a, str_from(rows[i].word), '\\', &t, &we),
			0);
		assert_int_equal(
			word_expand_fields(&a, t, &vars, NULL, &got, &n, &e),
			0);
		for (size_t j = 0; j < n; j++) {
			assert_non_null(rows[i].fields[j]);
			assert_string_equal(arena_c(&a, got[j]),
					    rows[i].fields[j]);
		}
		assert_null(rows[i].fields[n]);
	}
}

static void a_template_names_the_variables_it_reads(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct word_template *t;
	struct word_error we;
	struct word_names names;

	(void)state;
	assert_int_equal(word_parse(&a,
				    STR("$a ${b:-$c} \"${d#${e}}\" '$f' "
					"\\$g ${h/$i/$j} $a"),
				    '\\', &t, &we),
			 0);
	names = word_names(t);
	assert_int_equal(names.n, 9);
	for (size_t i = 0; i < names.n; i++) {
		assert_int_equal(names.v[i].n, 1);
		assert_int_equal(names.v[i].p[0], "abcdehija"[i]);
	}
}

static void unset_names_are_noted_even_in_operands_not_used(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct table_row x = {
		.cells = {STR("env"), STR("X"), STR("x")},
		.n = 3,
	};
	struct table table = {&x, 1};
	struct env env = {.table = &table};
	struct str got;

	(void)state;
	assert_true(expand(&a, &env, STR("${X:-$U}$X$V"), '\\', &got));
	assert_string_equal(arena_c(&a, got), "xx");
	assert_int_equal(env.n_unset, 2);
	assert_true(str_eq_c(env.unset[0], "U"));
	assert_true(str_eq_c(env.unset[1], "V"));
}

struct error_row {
	const char *word;
	size_t offset;
	const char *text;
};

static void a_mistake_is_located(void **state)
{
	static const struct error_row rows[] = {
		{"ab\"cd", 2, "no closing \" for this quote"},
		{"ab'cd", 2, "no closing ' for this quote"},
		{"a${b", 4, "no closing } for ${"},
		{"a${}", 3, "${ must be followed by a name"},
		{"${a=b}", 3, "unknown modifier = in ${...}"},
		{"${a\xc3\xa9=b}", 5, "unknown modifier = in ${...}"},
		{"${a:\xc3\xa9}", 4, "unknown modifier \xc3\xa9 in ${...}"},
		{"${a/b}", 4, "no / after the pattern in ${name/"},
	};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct word_template *t;
		struct word_error we;

		assert_int_equal(
			word_parse(&a, str_from(rows[i].word), '\\', &t, &we),
			-1);
		assert_string_equal(arena_c(&a, we.text), rows[i].text);
		assert_int_equal(we.offset, rows[i].offset);
	}
}

static void quotes_are_ordinary_in_a_heredocs_content(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct table table = {0};
	struct env env = {.table = &table};
	struct word_env vars = {get, &env};
	const struct word_template *t;
	struct word_error we;
	struct str got;
	struct err e;

	(void)state;
	assert_int_equal(word_parse_content(&a,
					    STR("it's \"$U\" \\$U \\n "
						"${U:-'x'}\n"),
					    &t, &we),
			 0);
	assert_int_equal(word_expand(&a, t, &vars, NULL, &got, &e), 0);
	assert_string_equal(arena_c(&a, got), "it's \"\" $U n 'x'\n");
}

static void malformed_bytes_become_replacement_characters(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct table table = {0};
	struct env env = {.table = &table};
	struct str got;

	(void)state;
	assert_true(expand(&a, &env, STR("a\xff'\xc3'"), '\\', &got));
	assert_string_equal(arena_c(&a, got), "a\xef\xbf\xbd\xef\xbf\xbd");
}

static void nesting_past_the_limit_is_an_error_not_a_crash(void **state)
{
	enum { DEPTH = 1000000 };
	SCOPED_ARENA struct arena a = {0};
	const struct word_template *t;
	struct word_error we;
	char *text = malloc(DEPTH * 5);

	(void)state;
	for (size_t i = 0; i < DEPTH; i++)
		memcpy(text + i * 5, "${a:-", 5);
	assert_int_equal(
		word_parse(&a, (struct str){text, DEPTH * 5}, '\\', &t, &we),
		-1);
	assert_string_equal(arena_c(&a, we.text),
			    "substitutions are nested too deeply");
	free(text);
}

static void an_expansion_past_the_limit_is_an_error(void **state)
{
	enum { N = 100 };
	SCOPED_ARENA struct arena a = {0};
	size_t big = WORD_MAX_BYTES / N + 1;
	char *value = calloc(1, big);
	struct table_row x = {
		.cells = {STR("env"), STR("X"), {value, big}},
		.n = 3,
	};
	struct table table = {&x, 1};
	struct env env = {.table = &table};
	struct word_env vars = {get, &env};
	const struct word_template *t;
	char word[2 * N + 1] = {0};
	struct word_error we;
	struct str got;
	struct err e;

	(void)state;
	for (size_t i = 0; i < N; i++)
		memcpy(word + 2 * i, "$X", 2);
	assert_int_equal(word_parse(&a, str_from(word), '\\', &t, &we), 0);
	assert_int_equal(word_expand(&a, t, &vars, NULL, &got, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	free(value);
}

static void what_a_substitution_makes_and_drops_counts_as_well(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	size_t big = WORD_MAX_BYTES * 2 / 3;
	char *value = malloc(big);
	struct table_row x = {
		.cells = {STR("env"), STR("X"), {value, big}},
		.n = 3,
	};
	struct table table = {&x, 1};
	struct env env = {.table = &table};
	struct word_env vars = {get, &env};
	const struct word_template *t;
	struct word_error we;
	struct str got;
	struct err e;

	(void)state;
	memset(value, 'x', big);
	assert_int_equal(word_parse(&a, STR("${X:+${X/a/b}}"), '\\', &t, &we),
			 0);
	assert_int_equal(word_expand(&a, t, &vars, NULL, &got, &e), 0);
	assert_int_equal(word_parse(&a, STR("${X:+${X/a/b}}${X:+${X/a/b}}"),
				    '\\', &t, &we),
			 0);
	assert_int_equal(word_expand(&a, t, &vars, NULL, &got, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	free(value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_expands_as_buildkit_does),
		cmocka_unit_test(a_backtick_escapes_where_it_is_the_escape),
		cmocka_unit_test(fields_are_cut_at_unquoted_blanks),
		cmocka_unit_test(a_template_names_the_variables_it_reads),
		cmocka_unit_test(
			unset_names_are_noted_even_in_operands_not_used),
		cmocka_unit_test(a_mistake_is_located),
		cmocka_unit_test(quotes_are_ordinary_in_a_heredocs_content),
		cmocka_unit_test(malformed_bytes_become_replacement_characters),
		cmocka_unit_test(
			nesting_past_the_limit_is_an_error_not_a_crash),
		cmocka_unit_test(an_expansion_past_the_limit_is_an_error),
		cmocka_unit_test(
			what_a_substitution_makes_and_drops_counts_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
