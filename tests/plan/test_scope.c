#include "tests/base/support.h"

#include "builder/plan/scope.h"

/* A word as it stands in a Dockerfile. */
static struct word word_of(struct arena *a, const char *text)
{
	struct word w = {.text = str_from(text)};
	struct word_error we;

	if (word_parse(a, w.text, '\\', &w.template, &we) < 0)
		fail_msg("%s: %.*s", text, STR_ARG(we.text));
	return w;
}

static struct str expand(struct scope *s, const char *text)
{
	struct word w = word_of(s->arena, text);
	struct diags d;
	struct str out;

	diags_init(&d, s->arena);
	if (!scope_expand(s, &w, &out, &d))
		fail_msg("%s: %.*s", text, STR_ARG(d.v[0].text));
	assert_int_equal(d.n, 0);
	diags_release(&d);
	return out;
}

static void what_is_set_is_seen_and_the_rest_is_empty(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope s = {.arena = &a};

	(void)state;
	scope_set(&s, STR("A"), STR("1"));
	scope_set(&s, STR("EMPTY"), STR(""));
	assert_str(expand(&s, "$A${B}c"), "1c");
	assert_str(expand(&s, "${EMPTY:-x}${EMPTY-y}${NONE-z}"), "xz");
	scope_set(&s, STR("A"), STR("2"));
	assert_str(expand(&s, "$A"), "2");
	assert_int_equal(s.env.n, 2);
}

static void a_copy_of_a_scope_goes_its_own_way(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope parent = {.arena = &a};
	struct scope child;
	const struct str value = STR("v");

	(void)state;
	scope_set(&parent, STR("A"), STR("1"));
	scope_declare(&parent, STR("X"), &value);
	child = parent;
	scope_set(&child, STR("A"), STR("2"));
	scope_declare(&child, STR("Y"), NULL);
	scope_declare(&parent, STR("Z"), NULL);
	assert_str(expand(&parent, "$A"), "1");
	assert_str(expand(&child, "$A"), "2");
	assert_int_equal(parent.n_args, 2);
	assert_str(parent.args[1].name, "Z");
	assert_str(child.args[1].name, "Y");
}

static void a_word_without_a_template_is_its_text(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope s = {.arena = &a};
	const struct word w = {.text = STR("$A")};
	struct str *fields;
	struct str out;
	size_t n;
	struct diags d;

	(void)state;
	diags_init(&d, &a);
	assert_true(scope_expand(&s, &w, &out, &d));
	assert_str(out, "$A");
	assert_true(scope_expand_fields(&s, &w, &fields, &n, &d));
	assert_int_equal(n, 1);
	assert_str(fields[0], "$A");
	diags_release(&d);
}

static void fields_are_split_at_blanks_that_variables_bring(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope s = {.arena = &a};
	struct word w = word_of(&a, "$PORTS");
	struct str *fields;
	size_t n;
	struct diags d;

	(void)state;
	diags_init(&d, &a);
	scope_set(&s, STR("PORTS"), STR(" 80  443 "));
	assert_true(scope_expand_fields(&s, &w, &fields, &n, &d));
	assert_int_equal(n, 2);
	assert_str(fields[0], "80");
	assert_str(fields[1], "443");
	diags_release(&d);
}

static void
a_demanded_variable_that_is_missing_is_a_mistake_at_its_word(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope s = {.arena = &a};
	struct word w = word_of(&a, "${A:?set it}");
	struct str out;
	struct diags d;

	(void)state;
	w.span = (struct span){7, 19};
	diags_init(&d, &a);
	assert_false(scope_expand(&s, &w, &out, &d));
	assert_int_equal(d.n_errors, 1);
	assert_str(d.v[0].text, "A: set it");
	assert_int_equal(d.v[0].span.offset, 7);
	diags_release(&d);
}

static void variables_that_double_each_other_end_at_a_limit(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope s = {.arena = &a};
	bool good = true;
	struct diags d;

	(void)state;
	diags_init(&d, &a);
	scope_set(&s, STR("A"), STR("0123456789abcdef"));
	for (int i = 0; good && i < 40; i++) {
		struct word w = word_of(&a, "$A$A");
		struct str out;

		good = scope_expand(&s, &w, &out, &d);
		if (good)
			scope_set(&s, STR("A"), out);
	}
	assert_false(good);
	assert_int_equal(d.n_errors, 1);
	diags_release(&d);
}

static void the_history_names_each_declared_argument_once(void **state)
{
	SCOPED_ARENA struct arena a = {0};
	struct scope s = {.arena = &a};
	const struct str one = STR("1");
	const struct str two = STR("2");
	SCOPED_BUF struct buf none = BUF_INIT(100);
	SCOPED_BUF struct buf b = BUF_INIT(1000);

	(void)state;
	scope_add_history(&none, &s);
	assert_string_equal(buf_c(&none), "");

	scope_declare(&s, STR("A"), &one);
	scope_set(&s, STR("A"), one);
	scope_declare(&s, STR("UNSET"), NULL);
	scope_declare(&s, STR("B"), &one);
	scope_declare(&s, STR("A"), &two);
	scope_set(&s, STR("A"), two);
	/* an ENV of the same name is what the process sees */
	scope_set(&s, STR("B"), STR("with blank"));
	scope_add_history(&b, &s);
	assert_string_equal(buf_c(&b), "|3 A=2 UNSET= B=with blank ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_set_is_seen_and_the_rest_is_empty),
		cmocka_unit_test(a_copy_of_a_scope_goes_its_own_way),
		cmocka_unit_test(a_word_without_a_template_is_its_text),
		cmocka_unit_test(
			fields_are_split_at_blanks_that_variables_bring),
		cmocka_unit_test(
			a_demanded_variable_that_is_missing_is_a_mistake_at_its_word),
		cmocka_unit_test(
			variables_that_double_each_other_end_at_a_limit),
		cmocka_unit_test(the_history_names_each_declared_argument_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
