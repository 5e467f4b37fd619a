#include "parser/match.h"

#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct str cell(struct str s)
{
	return str_eq_c(s, "-") ? (struct str){0} : s;
}

static void every_row_matches_as_filepath_match_does(void **state)
{
	static const char *const names[] = {
		[MATCH_NO] = "no",
		[MATCH_YES] = "yes",
		[MATCH_BAD_PATTERN] = "bad",
	};
	SCOPED_ARENA struct arena a = {0};
	struct table table = table_read(&a, fixture_path(&a, "match.table"));
	size_t n_wrong = 0;

	(void)state;
	assert_true(table.n > 120);
	for (size_t i = 0; i < table.n; i++) {
		const struct table_row *row = &table.v[i];
		enum match_result got =
			match_name(cell(row->cells[0]), cell(row->cells[1]));

		if (str_eq_c(row->cells[2], names[got]))
			continue;
		n_wrong++;
		printf("line %zu: %.*s on %.*s: got %s\n", row->line,
		       STR_ARG(row->cells[0]), STR_ARG(row->cells[1]),
		       names[got]);
	}
	assert_int_equal(n_wrong, 0);
}

static void wildcards_that_are_escaped_are_none(void **state)
{
	(void)state;
	assert_true(match_has_wildcard(STR("a*")));
	assert_true(match_has_wildcard(STR("?a")));
	assert_true(match_has_wildcard(STR("a[b]")));
	assert_true(match_has_wildcard(STR("\\\\*")));
	assert_false(match_has_wildcard(STR("a\\*")));
	assert_false(match_has_wildcard(STR("\\[a]")));
	assert_false(match_has_wildcard(STR("a]b")));
	assert_false(match_has_wildcard(STR("a\\")));
	assert_false(match_has_wildcard((struct str){0}));
}

static void many_stars_do_not_explode(void **state)
{
	enum { N = 2000 };
	char pattern[2 * N + 2];
	char name[N + 1];
	clock_t from = clock();

	(void)state;
	for (size_t i = 0; i < N; i++) {
		memcpy(pattern + 2 * i, "a*", 2);
		name[i] = 'a';
	}
	memcpy(pattern + 2 * N, "b", 2);
	assert_int_equal(match_name(str_from(pattern), (struct str){name, N}),
			 MATCH_NO);
	assert_true(clock() - from < 5 * CLOCKS_PER_SEC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_matches_as_filepath_match_does),
		cmocka_unit_test(wildcards_that_are_escaped_are_none),
		cmocka_unit_test(many_stars_do_not_explode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
