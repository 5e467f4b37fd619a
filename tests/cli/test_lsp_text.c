/* Positions as editors count them. */
#include "tests/base/support.h"

#include "cli/lsp/text.h"

static void set(struct lsp_text *t, const char *text)
{
	struct err e;

	assert_ok(lsp_text_set(t, str_from(text), &e));
}

static void assert_place(const struct lsp_text *t, uint32_t offset,
			 uint32_t line, uint32_t character)
{
	struct lsp_position at = lsp_text_position(t, offset);

	assert_int_equal(at.line, line);
	assert_int_equal(at.character, character);
	assert_int_equal(lsp_text_offset(t, at), offset);
}

static void characters_are_utf16_units(void **state)
{
	struct lsp_text t = {0};

	(void)state;
	set(&t, "a\xc3\xa4\xf0\x9f\x90\xb3z\n");
	assert_place(&t, 1, 0, 1);
	assert_place(&t, 3, 0, 2);
	assert_place(&t, 7, 0, 4);
	/* in the middle of a pair is in front of it */
	assert_int_equal(lsp_text_offset(&t, (struct lsp_position){0, 3}), 3);
	lsp_text_release(&t);
}

static void every_kind_of_line_end_ends_a_line(void **state)
{
	struct lsp_text t = {0};

	(void)state;
	set(&t, "a\r\nb\rc\nd");
	assert_place(&t, 3, 1, 0);
	assert_place(&t, 5, 2, 0);
	assert_place(&t, 7, 3, 0);
	/* what ends a line is in none */
	assert_int_equal(lsp_text_position(&t, 2).character, 1);
	assert_int_equal(lsp_text_offset(&t, (struct lsp_position){0, 9}), 1);
	lsp_text_release(&t);
}

static void behind_the_end_is_the_end(void **state)
{
	struct lsp_text t = {0};

	(void)state;
	set(&t, "a\n");
	assert_int_equal(lsp_text_offset(&t, (struct lsp_position){7, 0}), 2);
	assert_int_equal(lsp_text_position(&t, 99).line, 1);
	set(&t, "");
	assert_place(&t, 0, 0, 0);
	lsp_text_release(&t);
}

static void a_range_is_replaced(void **state)
{
	struct lsp_text t = {0};
	struct err e;

	(void)state;
	set(&t, "one\ntwo\n");
	assert_ok(lsp_text_replace(&t, (struct lsp_range){{0, 3}, {1, 1}},
				   STR(" T"), &e));
	assert_str(buf_str(&t.bytes), "one Two\n");
	lsp_text_release(&t);
}

static void a_range_that_ends_before_it_begins_changes_nothing(void **state)
{
	struct lsp_text t = {0};
	struct err e;

	(void)state;
	set(&t, "one\ntwo\n");
	assert_int_equal(lsp_text_replace(&t,
					  (struct lsp_range){{1, 0}, {0, 0}},
					  STR("x"), &e),
			 -1);
	assert_error(&e, ERR_INVALID, "before it begins");
	assert_str(buf_str(&t.bytes), "one\ntwo\n");
	lsp_text_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(characters_are_utf16_units),
		cmocka_unit_test(every_kind_of_line_end_ends_a_line),
		cmocka_unit_test(behind_the_end_is_the_end),
		cmocka_unit_test(a_range_is_replaced),
		cmocka_unit_test(
			a_range_that_ends_before_it_begins_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
