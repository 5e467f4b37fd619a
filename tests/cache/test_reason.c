#include "tests/cache/support.h"

#include "cache/listing.h"
#include "cache/reason.h"
#include "cache/trace.h"

#include <string.h>
#include <unistd.h>

/* "name=value|name=value|…" as a key; env's values hold a second '='. */
static void key_make(struct key *k, const char *text)
{
	struct str rest = str_from(text);
	struct str item, name, value;
	bool more = rest.n > 0;

	key_init(k, "run/2");
	while (more) {
		more = str_cut(rest, '|', &item, &rest);
		(void)str_cut(item, '=', &name, &value);
		key_add(k, arena_c(&k->arena, name), value);
	}
}

/* The reasons in words, a line each. */
static void assert_reasons(const char *before, const char *after,
			   const char *expected)
{
	SCOPED_REASONS struct reasons r = {0};
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	SCOPED_KEY struct key a, b;

	key_make(&a, before);
	key_make(&b, after);
	reasons_compare(&r, &a, &b);
	for (size_t i = 0; i < r.v.n; i++) {
		if (i)
			buf_add_char(&text, '\n');
		reason_add_text(&text, &r.v.v[i]);
	}
	assert_string_equal(buf_c(&text), expected);
}

static void equal_keys_have_no_reason(void **state)
{
	(void)state;
	assert_reasons("argv=a|env=A=1", "argv=a|env=A=1", "");
	assert_reasons("", "", "");
}

static void variables_are_told_by_name(void **state)
{
	(void)state;
	assert_reasons("env=A=1|env=B=2", "env=A=1|env=B=3",
		       "B: \"2\" -> \"3\"");
	assert_reasons("env=A=1", "env=A=1|env=B=3", "B: \"3\" is new");
	assert_reasons("env=A=1|env=B=2", "env=B=2", "A: \"1\" is gone");
	/* only the order */
	assert_reasons("env=A=1|env=B=2", "env=B=2|env=A=1", "");
}

static void a_list_is_told_by_what_differs_first(void **state)
{
	(void)state;
	assert_reasons("argv=/bin/sh|argv=-c|argv=make",
		       "argv=/bin/sh|argv=-c|argv=make all",
		       "the command: \"make\" -> \"make all\"");
	assert_reasons("excludes=a", "excludes=a|excludes=b",
		       "--exclude: \"b\" is new");
}

static void a_script_is_told_by_the_line_that_differs(void **state)
{
	(void)state;
	assert_reasons("script=one\ntwo\nthree", "script=one\n2\nthree",
		       "the heredoc: \"two\" -> \"2\"");
}

static void what_only_one_side_has_is_told(void **state)
{
	(void)state;
	assert_reasons("user=root", "", "the user: \"root\" is gone");
	assert_reasons("", "mounts[0].size_bytes=5",
		       "mounts[0].size_bytes: \"5\" is new");
}

/* --- listings ----------------------------------------------------------- */

/* Walk the folder as a listing called content, compared with before. */
static void list(const struct store *s, int folder, const char *content,
		 const char *before, struct reasons *r)
{
	const struct tree tree = {
		.view = {.layer_fds = &folder, .n_layers = 1, .plain = true}};
	const struct digest id = digest_of(content, strlen(content));
	struct digest old;
	struct listing *l;
	struct err e;

	if (before)
		old = digest_of(before, strlen(before));
	l = listing_begin(s, s->fd, &id, before ? &old : NULL,
			  TREE_OWNER_IGNORED, STR("content"), r);
	assert_ok(
		tree_read(&tree, (struct str){0}, NULL, listing_reader(l), &e));
	listing_end(l, true);
}

static void assert_files(const char *before, const char *after,
			 const char *expected)
{
	SCOPED_REASONS struct reasons r = {0};
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	SCOPED_STORE t;
	SCOPED_TEMP_DIR a;
	SCOPED_TEMP_DIR b;

	temp_store_make(&t);
	temp_dir_make(&a);
	temp_dir_make(&b);
	put_tree(a.fd, before);
	put_tree(b.fd, after);
	list(&t.store, a.fd, "a", NULL, &r);
	assert_int_equal(r.v.n, 0);
	list(&t.store, b.fd, "b", "a", &r);
	for (size_t i = 0; i < r.v.n; i++) {
		if (i)
			buf_add_char(&text, '\n');
		reason_add_text(&text, &r.v.v[i]);
	}
	assert_string_equal(buf_c(&text), expected);
}

static void files_are_told_with_what_differs(void **state)
{
	(void)state;
	assert_files("a=1 b=2", "a=1 b=2", "");
	assert_files("a=1 b=2", "a=1 b=3", "b: content");
	assert_files("a=1 b=2", "a=1", "b: gone");
	assert_files("a=1", "a=1 b=2", "b: added");
	assert_files("a=1", "a/", "a: type");
	assert_files("a->x", "a->y", "a: content");
}

static void files_between_others_keep_the_rest_in_step(void **state)
{
	(void)state;
	/* a/ and all in it comes before a-b */
	assert_files("a-b=1 a/x=1 b=1", "a-b=1 a/x=1 a/y=1 b=2",
		     "a/y: added\nb: content");
	assert_files("a/x=1 a/y=1 b=1", "a/y=1 b=1", "a/x: gone");
}

static void many_files_are_counted(void **state)
{
	(void)state;
	assert_files("", "a=1 b=1 c=1 d=1 e=1 f=1 g=1 h=1 i=1 j=1",
		     "a: added\nb: added\nc: added\nd: added\ne: added\n"
		     "f: added\ng: added\nh: added\nand 2 more differences");
}

static void a_mode_is_told_with_both(void **state)
{
	SCOPED_REASONS struct reasons r = {0};
	SCOPED_STORE t;
	SCOPED_TEMP_DIR a;

	(void)state;
	temp_store_make(&t);
	temp_dir_make(&a);
	put_file(a.fd, "f", STR("x"), 0644);
	list(&t.store, a.fd, "a", NULL, &r);
	assert_int_equal(fchmodat(a.fd, "f", 0755, 0), 0);
	list(&t.store, a.fd, "b", "a", &r);
	assert_int_equal(r.v.n, 1);
	assert_int_equal(r.v.v[0].field, REASON_FIELD_MODE);
	assert_str(r.v.v[0].before, "0644");
	assert_str(r.v.v[0].after, "0755");
}

static void a_damaged_listing_names_no_files_it_can_not_read(void **state)
{
	static const char *const texts[] = {"", "listing/1\n", "nonsense",
					    "listing/1\n\xff\xff\xff\xff",
					    "listing/1\n\x05\x00\x00\x00 a"};
	const struct digest id = digest_of("a", 1);
	char hex[DIGEST_HEX_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		SCOPED_PTR char *path =
			xasprintf("listings/%s", digest_hex(&id, hex));
		SCOPED_REASONS struct reasons r = {0};
		SCOPED_STORE t;
		SCOPED_TEMP_DIR a;
		size_t n = i == 1 ? 17 : strlen(texts[i]);

		temp_store_make(&t);
		temp_dir_make(&a);
		put_tree(a.fd, "f=1");
		put_file(t.store.fd, path,
			 (struct str){texts[i], n > 10 && i == 1 ? 10 : n},
			 0644);
		list(&t.store, a.fd, "b", "a", &r);
		for (size_t k = 0; k < r.v.n; k++)
			assert_int_equal(r.v.v[k].field, REASON_FIELD_ADDED);
	}
}

/* --- traces ------------------------------------------------------------- */

static void a_trace_is_read_as_it_was_written(void **state)
{
	const struct digest id = digest_of("x", 1);
	struct trace t = {.at_ns = 1000000000};
	SCOPED_TRACE struct trace got = {0};
	struct trace_step *s;
	struct reason *r;
	SCOPED_STORE store;
	struct err e;

	(void)state;
	temp_store_make(&store);
	*vec_push(&t.names) = STR("docker.io/library/x:latest");
	s = vec_push(&t.steps);
	s->stage = STR("build");
	s->title = STR("RUN \"make\"");
	s->number = 3;
	s->key = id;
	s->ran = true;
	r = reasons_add(&s->reasons, REASON_FILE);
	r->subject = STR("a\nb");
	r->field = REASON_FIELD_MODE;
	r->had_before = r->has_after = true;
	r->before = STR("0644");
	assert_ok(trace_write(&store.store, &id, &t, &e));
	assert_int_equal(trace_read(&store.store, &id, &got, &e), 1);
	assert_int_equal(got.at_ns, t.at_ns);
	assert_int_equal(got.steps.n, 1);
	assert_str(got.names.v[0], "docker.io/library/x:latest");
	assert_str(got.steps.v[0].title, "RUN \"make\"");
	assert_true(digest_eq(&got.steps.v[0].key, &id));
	r = &got.steps.v[0].reasons.v.v[0];
	assert_int_equal(r->kind, REASON_FILE);
	assert_int_equal(r->field, REASON_FIELD_MODE);
	assert_str(r->subject, "a\nb");
	assert_str(r->before, "0644");
	assert_true(r->has_after);
	assert_int_equal(r->after.n, 0);
	trace_release(&t);
}

static void what_is_no_trace_reads_as_none(void **state)
{
	static const char *const texts[] = {"",	    "{",
					    "[]",   "{\"version\":2}",
					    "null", "{\"version\":\"1\"}"};
	const struct digest id = digest_of("x", 1);
	char hex[DIGEST_HEX_SIZE];
	SCOPED_PTR char *path = xasprintf("traces/%s", digest_hex(&id, hex));
	SCOPED_STORE store;
	struct trace got;
	struct err e;

	(void)state;
	temp_store_make(&store);
	assert_int_equal(trace_read(&store.store, &id, &got, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		put_file(store.store.fd, path, str_from(texts[i]), 0644);
		assert_int_equal(trace_read(&store.store, &id, &got, &e), 0);
		assert_int_equal(unlinkat(store.store.fd, path, 0), 0);
	}
	/* members of other types are as if they were not there */
	put_file(store.store.fd, path,
		 STR("{\"version\":1,\"at\":5,\"names\":[1,{}],\"steps\":[1,"
		     "{\"reasons\":[2,{\"kind\":\"?\",\"field\":[]}]}]}"),
		 0644);
	assert_int_equal(trace_read(&store.store, &id, &got, &e), 1);
	assert_int_equal(got.names.n, 0);
	assert_int_equal(got.steps.n, 2);
	trace_release(&got);
}

static void the_newest_trace_of_a_name_is_found(void **state)
{
	static const char *const names[] = {"a", "b", "a"};
	SCOPED_STORE store;
	struct trace got;
	struct err e;

	(void)state;
	temp_store_make(&store);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct digest id = digest_of(&i, sizeof(i));
		struct trace t = {.at_ns = (int64_t)(i + 1) * 1000000000};

		*vec_push(&t.names) = str_from(names[i]);
		assert_ok(trace_write(&store.store, &id, &t, &e));
		trace_release(&t);
	}
	assert_int_equal(trace_find(&store.store, STR("a"), &got, &e), 1);
	assert_int_equal(got.at_ns, 3000000000);
	trace_release(&got);
	assert_int_equal(trace_find(&store.store, STR("b"), &got, &e), 1);
	assert_int_equal(got.at_ns, 2000000000);
	trace_release(&got);
	assert_int_equal(trace_find(&store.store, STR("c"), &got, &e), 0);
	assert_int_equal(trace_find(&store.store, (struct str){0}, &got, &e),
			 1);
	assert_int_equal(got.at_ns, 3000000000);
	trace_release(&got);
}

static void a_step_is_found_by_its_words_before_its_place(void **state)
{
	struct trace t = {0};
	static const char *const titles[] = {"RUN a", "RUN b", "RUN a"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		struct trace_step *s = vec_push(&t.steps);

		s->stage = STR("s");
		s->title = str_from(titles[i]);
		s->number = i + 1;
	}
	assert_int_equal(trace_earlier(&t, STR("s"), 3, STR("RUN b"))->number,
			 2);
	assert_int_equal(trace_earlier(&t, STR("s"), 3, STR("RUN a"))->number,
			 3);
	assert_int_equal(trace_earlier(&t, STR("s"), 2, STR("RUN new"))->number,
			 2);
	assert_null(trace_earlier(&t, STR("s"), 9, STR("RUN new")));
	assert_null(trace_earlier(&t, STR("other"), 1, STR("RUN a")));
	trace_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_keys_have_no_reason),
		cmocka_unit_test(variables_are_told_by_name),
		cmocka_unit_test(a_list_is_told_by_what_differs_first),
		cmocka_unit_test(a_script_is_told_by_the_line_that_differs),
		cmocka_unit_test(what_only_one_side_has_is_told),
		cmocka_unit_test(files_are_told_with_what_differs),
		cmocka_unit_test(files_between_others_keep_the_rest_in_step),
		cmocka_unit_test(many_files_are_counted),
		cmocka_unit_test(a_mode_is_told_with_both),
		cmocka_unit_test(
			a_damaged_listing_names_no_files_it_can_not_read),
		cmocka_unit_test(a_trace_is_read_as_it_was_written),
		cmocka_unit_test(what_is_no_trace_reads_as_none),
		cmocka_unit_test(the_newest_trace_of_a_name_is_found),
		cmocka_unit_test(a_step_is_found_by_its_words_before_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
