#include "tests/base/support.h"

#include "base/diff.h"
#include "base/io.h"
#include "base/subprocess.h"

#include <string.h>

static void expect(const char *from, const char *to, const char *expected)
{
	SCOPED_BUF struct buf out = BUF_INIT(1u << 20);

	diff_unified(&out, "f", str_from(from), str_from(to));
	assert_string_equal(buf_c(&out), expected);
}

static void equal_texts_have_no_difference(void **state)
{
	(void)state;
	expect("", "", "");
	expect("a\nb\n", "a\nb\n", "");
}

static void a_change_has_three_lines_around_it(void **state)
{
	(void)state;
	expect("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n",
	       "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+x\n 6\n 7\n"
	       " 8\n");
}

static void changes_far_apart_are_hunks_of_their_own(void **state)
{
	(void)state;
	expect("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "1\n2\n3\n4\n5\n6\n7\n",
	       "--- f\n+++ f\n@@ -1,4 +1,3 @@\n-a\n 1\n 2\n 3\n"
	       "@@ -6,4 +5,3 @@\n 5\n 6\n 7\n-b\n");
}

static void a_missing_last_newline_is_said(void **state)
{
	(void)state;
	expect("a", "a\n",
	       "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n"
	       "+a\n");
	expect("", "a\n", "--- f\n+++ f\n@@ -0,0 +1 @@\n+a\n");
}

static void texts_with_nothing_in_common_are_one_change(void **state)
{
	SCOPED_BUF struct buf from = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf to = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf out = BUF_INIT(1u << 20);

	(void)state;
	for (int i = 0; i < 5000; i++) {
		buf_printf(&from, "old %d\n", i);
		buf_printf(&to, "new %d\n", i);
	}
	diff_unified(&out, "f", buf_str(&from), buf_str(&to));
	assert_true(
		str_starts(buf_str(&out),
			   "--- f\n+++ f\n@@ -1,5000 +1,5000 @@\n-old 0\n"));
}

/* A text of n lines out of few, so that many are alike. */
static void random_text(struct buf *out, unsigned *seed, unsigned n)
{
	buf_clear(out);
	while (n--) {
		*seed = *seed * 1103515245 + 12345;
		buf_printf(out, "%u\n", *seed >> 16 & 3);
	}
}

static void patch_makes_the_new_text_of_the_old(void **state)
{
	SCOPED_TEMP_DIR t;
	unsigned seed = 1;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	for (unsigned i = 0; i < 100; i++) {
		SCOPED_BUF struct buf from = BUF_INIT(1u << 20);
		SCOPED_BUF struct buf to = BUF_INIT(1u << 20);
		SCOPED_BUF struct buf diff = BUF_INIT(1u << 20);
		SCOPED_BUF struct buf got = BUF_INIT(1u << 20);
		SCOPED_BUF struct buf said = BUF_INIT(1u << 20);
		/* there, since in a repository git leaves other files alone */
		const char *argv[] = {"git", "-C", t.path, "apply",
				      "-p0", "p",  NULL};
		int status;

		random_text(&from, &seed, i % 37 + 1);
		random_text(&to, &seed, i % 23 + 1);
		diff_unified(&diff, "f", buf_str(&from), buf_str(&to));
		put_file(t.fd, "f", buf_str(&from), 0644);
		put_file(t.fd, "p", buf_str(&diff), 0644);
		if (diff.n == 0)
			continue;
		assert_int_equal(subprocess_run(argv, &said, &status, &e), 0);
		assert_int_equal(status, 0);
		assert_int_equal(io_read_file(t.fd, "f", &got, &e), 1);
		assert_true(str_eq(buf_str(&got), buf_str(&to)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_texts_have_no_difference),
		cmocka_unit_test(a_change_has_three_lines_around_it),
		cmocka_unit_test(changes_far_apart_are_hunks_of_their_own),
		cmocka_unit_test(a_missing_last_newline_is_said),
		cmocka_unit_test(texts_with_nothing_in_common_are_one_change),
		cmocka_unit_test(patch_makes_the_new_text_of_the_old),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
