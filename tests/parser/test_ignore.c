#include "parser/ignore.h"

#include "table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* \n \r \t and \\ as in C. */
static struct str unescape(struct arena *a, struct str s)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			to[n++] = s.p[i];
			continue;
		}
		switch (s.p[++i]) {
		case 'n': to[n++] = '\n'; break;
		case 'r': to[n++] = '\r'; break;
		case 't': to[n++] = '\t'; break;
		default: to[n++] = s.p[i];
		}
	}
	return (struct str){to, n};
}

/* As a walk over the tree does: what is pruned is never looked into. */
static bool walk_drops(const struct ignore *ig, struct arena *a,
		       struct str path)
{
	struct ignore_state state = ignore_root(ig);

	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/')
			continue;
		state = ignore_step(ig, a, &state, str_sub(path, 0, i));
		if (state.excluded && !state.may_reinclude)
			return true;
	}
	return state.excluded;
}

static bool contains(struct arena *a, struct str list, struct str name)
{
	struct str item;

	while (list.n) {
		(void)str_cut(list, ':', &item, &list);
		if (str_eq(unescape(a, item), name))
			return true;
	}
	return false;
}

static size_t check_row(struct arena *a, const struct table_row *row,
			struct str tree)
{
	bool drop = str_eq_c(row->cells[0], "drop");
	const struct ignore *ig;
	size_t n_wrong = 0;
	struct err e;
	bool good;

	good = ignore_parse(a, unescape(a, row->cells[1]), &ig, &e) == 0;
	if (good == str_eq_c(row->cells[0], "bad")) {
		printf("line %zu: %.*s: %s\n", row->line,
		       STR_ARG(row->cells[1]), good ? "accepted" : e.msg);
		return 1;
	}
	while (good && tree.n) {
		struct str file;
		bool want;

		(void)str_cut(tree, ':', &file, &tree);
		file = unescape(a, file);
		want = contains(a, row->cells[2], file) == drop;
		if (walk_drops(ig, a, file) == want &&
		    ignore_excludes(ig, a, file) == want)
			continue;
		printf("line %zu: '%.*s' should %s %.*s\n", row->line,
		       STR_ARG(row->cells[1]), want ? "drop" : "keep",
		       STR_ARG(file));
		n_wrong++;
	}
	return n_wrong;
}

static void every_row_drops_what_buildkit_drops(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct table table = table_read(&a, fixture_path(&a, "ignore.table"));
	size_t n_wrong = 0;

	(void)state;
	assert_true(table.n > 100);
	for (size_t i = 1; i < table.n; i++)
		n_wrong += check_row(&a, &table.v[i], table.v[0].cells[1]);
	assert_int_equal(n_wrong, 0);
}

static struct ignore_state step_to(const struct ignore *ig, struct arena *a,
				   const char *path)
{
	struct ignore_state state = ignore_root(ig);
	struct str s = str_from(path);

	for (size_t i = 0; i <= s.n; i++)
		if (i == s.n || s.p[i] == '/')
			state = ignore_step(ig, a, &state, str_sub(s, 0, i));
	return state;
}

struct prune_row {
	const char *rules;
	const char *path;
	bool may_reinclude; /* in a folder that is excluded */
};

static void a_folder_is_pruned_where_nothing_can_come_back(void **state)
{
	static const struct prune_row rows[] = {
		{"node_modules", "node_modules", false},
		{"**/node_modules", "a/b/node_modules", false},
		{"*\n!src", "docs", false},
		{"*\n!src/x", "src", true},
		{"*\n!src/x", "srcs", false},
		{"*\n!src/x", "src/y", false},
		{"*\n!src/**", "src2", false},
		{"*\n!src/*.c", "src", true},
		{"*\n!src/*.c", "lib", false},
		{"*\n!*/keep", "any", true},
		{"*\n!*/keep", "any/deep", false},
		{"*\n!**/keep", "any/deep", true},
		{"!a/b\na", "a", false},
		{"a\n!a/b\na/b", "a", true},
		{"a\n!b/c", "a", false},
		{"a\n!a[x-z]/c", "a", false},
	};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct ignore *ig;
		struct ignore_state got;
		struct err e;

		assert_int_equal(
			ignore_parse(&a, str_from(rows[i].rules), &ig, &e), 0);
		got = step_to(ig, &a, rows[i].path);
		assert_true(got.excluded);
		assert_int_equal(got.may_reinclude, rows[i].may_reinclude);
	}
}

static void an_error_names_line_and_pattern(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct ignore *ig;
	struct err e;

	(void)state;
	assert_int_equal(ignore_parse(&a, STR("a\n\nb[\n"), &ig, &e), -1);
	assert_int_equal(e.code, ERR_INVALID);
	assert_string_equal(e.msg, "line 3: malformed pattern 'b['");
	assert_int_equal(ignore_parse(&a, STR("a\n!\n"), &ig, &e), -1);
	assert_string_equal(e.msg, "line 2: a ! must be followed by a pattern");
}

static void an_overlong_line_is_refused(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	char *text = arena_alloc(&a, 70000);
	const struct ignore *ig;
	struct err e;

	(void)state;
	memset(text, '*', 70000);
	assert_int_equal(ignore_parse(&a, (struct str){text, 70000}, &ig, &e),
			 -1);
	assert_int_equal(e.code, ERR_LIMIT);
}

static void an_empty_file_drops_nothing(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct ignore *ig;
	struct err e;

	(void)state;
	assert_int_equal(ignore_parse(&a, STR("\n# x\n  \n"), &ig, &e), 0);
	assert_true(ignore_is_empty(ig));
	assert_false(ignore_excludes(ig, &a, STR("x")));
	assert_int_equal(ignore_parse(&a, (struct str){0}, &ig, &e), 0);
	assert_true(ignore_is_empty(ig));
}

static void a_byte_order_mark_is_skipped(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct ignore *ig;
	struct err e;

	(void)state;
	assert_int_equal(ignore_parse(&a,
				      STR("\xef\xbb\xbf"
					  "foo"),
				      &ig, &e),
			 0);
	assert_true(ignore_excludes(ig, &a, STR("foo")));
}

static void exclude_patterns_keep_their_hash_and_slash(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	const struct str patterns[] = {STR("#x"), STR("/foo"), STR("*.c"),
				       STR("!b.c")};
	const struct ignore *ig;
	struct err e;

	(void)state;
	assert_int_equal(ignore_from_patterns(&a, patterns, 4, &ig, &e), 0);
	assert_true(ignore_excludes(ig, &a, STR("#x")));
	assert_false(ignore_excludes(ig, &a, STR("foo")));
	assert_true(ignore_excludes(ig, &a, STR("a.c")));
	assert_false(ignore_excludes(ig, &a, STR("b.c")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_row_drops_what_buildkit_drops),
		cmocka_unit_test(
			a_folder_is_pruned_where_nothing_can_come_back),
		cmocka_unit_test(an_error_names_line_and_pattern),
		cmocka_unit_test(an_overlong_line_is_refused),
		cmocka_unit_test(an_empty_file_drops_nothing),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(exclude_patterns_keep_their_hash_and_slash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
