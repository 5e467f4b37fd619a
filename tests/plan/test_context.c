#include "tests/cache/support.h"

#include "base/path.h"
#include "builder/files/context.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* What source names, as "path" or "path(name)" where the name is another. */
static void select_text(const struct source_tree *t, const char *source,
			struct buf *out)
{
	SCOPED_ARENA struct arena a = {0};
	struct selection found = {0};
	struct err e;

	if (source_select(t, &a, str_from(source), &found, &e) < 0) {
		buf_printf(out, "error: %s", e.msg);
		found.v.n = 0;
	}
	for (size_t i = 0; i < found.v.n; i++) {
		const struct selected *s = &found.v.v[i];

		buf_printf(out, "%s%.*s", i ? " " : "", STR_ARG(s->path));
		if (!str_eq(path_base(s->path), s->name))
			buf_printf(out, "(%.*s)", STR_ARG(s->name));
	}
	vec_release(&found.v);
}

struct selects {
	const char *source;
	const char *expected;
};

static void assert_selects(const struct source_tree *t,
			   const struct selects *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SCOPED_BUF struct buf out = BUF_INIT(10000);

		select_text(t, table[i].source, &out);
		if (strcmp(buf_c(&out), table[i].expected) != 0)
			fail_msg("'%s' is '%s', expected '%s'", table[i].source,
				 buf_c(&out), table[i].expected);
	}
}

static void a_source_names_paths_of_the_tree(void **state)
{
	static const struct selects table[] = {
		{"a.txt", "a.txt"},
		{"/a.txt", "a.txt"},
		{"../../a.txt", "a.txt"},
		{"./d/../a.txt", "a.txt"},
		{"a.txt/", "a.txt"},
		{"d", "d"},
		{".", ""},
		{"/", ""},
		{"", ""},
		{"..", ""},
		{"none", "error: \"/none\": not found"},
		{"../none", "error: \"/none\": not found"},
		{"a.txt/below", "error: \"/a.txt/below\": not found"},
	};
	SCOPED_LAYERS l;
	struct source_tree t = {0};

	(void)state;
	layers_make_plain(&l, "a.txt=1 d/x=1");
	t.view = l.view;
	assert_selects(&t, table, ARRAY_LEN(table));
}

static void wildcards_match_within_one_folder_in_byte_order(void **state)
{
	static const struct selects table[] = {
		{"*.txt", ".hid.txt a.txt b.txt"},
		{"?.txt", "a.txt b.txt"},
		{"[ax].txt", "a.txt"},
		{"[^a].txt", "b.txt"},
		{"[a-b].*", "a.txt b.txt"},
		{"*", ".hid.txt a*b a.txt b.txt d e"},
		{"d/*", "d/x.c d/y.c"},
		{"*/x.c", "d/x.c e/x.c"},
		{"*/*/deep", "e/f/deep"},
		{"d/../*/y.c", "d/y.c"},
		{"none*", ""},
		{"none/*", "error: /none/: no such folder"},
		{"[a", "error: [a: syntax error in pattern"},
		{"a.txt/*", ""},
		/* a backslash takes the meaning away, but only in a pattern */
		{"a\\*?", "a*b"},
		{"a\\*b", "error: \"/a\\*b\": not found"},
	};
	SCOPED_LAYERS l;
	struct source_tree t = {0};

	(void)state;
	layers_make_plain(&l, "a.txt=1 b.txt=1 .hid.txt=1 a*b=1 d/x.c=1 "
			      "d/y.c=1 e/x.c=1 e/f/deep=1");
	t.view = l.view;
	assert_selects(&t, table, ARRAY_LEN(table));
}

static void a_pattern_that_is_none_is_no_crash(void **state)
{
	static const char *const table[] = {"[",  "[a", "[]",  "[-",
					    "a[", "\\", "*\\", "[z-a]*"};
	SCOPED_LAYERS l;
	struct source_tree t = {0};

	(void)state;
	layers_make_plain(&l, "a=1 b=1");
	t.view = l.view;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_BUF struct buf out = BUF_INIT(10000);

		select_text(&t, table[i], &out);
	}
}

static void links_are_followed_and_keep_the_name_that_was_given(void **state)
{
	static const struct selects table[] = {
		{"link", "d(link)"},
		{"l?nk", "d(link)"},
		{"link/x", "d/x"},
		{"link/*", "d/x d/y"},
		{"abs", "d(abs)"},
		{"up/d/x", "d/x"},
		{"file", "d/x(file)"},
		{"out", "error: \"/out\": not found"},
		{"dangling", "error: \"/dangling\": not found"},
		{"loop", "error: loop: too many links"},
	};
	SCOPED_LAYERS l;
	struct source_tree t = {0};

	(void)state;
	layers_make_plain(&l, "d/x=1 d/y=1 link->d abs->/d up->../.. "
			      "file->d/x out->../../etc/passwd dangling->none "
			      "loop->loop");
	t.view = l.view;
	assert_selects(&t, table, ARRAY_LEN(table));
}

static void what_the_layers_hide_is_not_selected(void **state)
{
	static const struct selects table[] = {
		{"*", "b d"},
		{"a", "error: \"/a\": not found"},
		{"d/*", "d/new"},
	};
	SCOPED_LAYERS l;
	struct source_tree t = {0};

	(void)state;
	layers_make(&l, "a=1 b=1 d/old=1", "a! d~ d/new=2", NULL);
	t.view = l.view;
	assert_selects(&t, table, ARRAY_LEN(table));
}

/* Open the folder of layer 0 as a build context. */
static int open_context(struct context *c, const struct temp_store *s,
			const struct layers *l, const char *dockerfile,
			struct err *e)
{
	SCOPED_PTR char *path = xasprintf("%s/0", l->dir.path);

	return context_open(c, path, dockerfile, &s->store, e);
}

static void what_dockerignore_excludes_does_not_exist(void **state)
{
	static const struct selects table[] = {
		{"*.txt", "b.txt"},
		{"a.txt", "error: \"/a.txt\": not found"},
		{"b.txt", "b.txt"},
		/* out, but something in it is in */
		{"d", "d"},
		{"d/*", "d/y.c"},
		{"d/x.c", "error: \"/d/x.c\": not found"},
		{"gone", "error: \"/gone\": not found"},
		{"gone/x", "error: \"/gone/x\": not found"},
		/* plain names match at the root only */
		{"e/a.txt", "e/a.txt"},
		{"*", ".dockerignore b.txt d e"},
	};
	SCOPED_STORE s;
	SCOPED_LAYERS l;
	struct context c;
	struct err e;

	(void)state;
	temp_store_make(&s);
	layers_make_plain(&l, "a.txt=1 b.txt=1 d/x.c=1 d/y.c=1 gone/x=1 "
			      "e/a.txt=1");
	put_file(l.fds[0], ".dockerignore",
		 STR("*.txt\n!b.txt\n# comment\nd\n!d/y.c\ngone\n"), 0644);
	assert_ok(open_context(&c, &s, &l, "Dockerfile", &e));
	assert_selects(&c.tree, table, ARRAY_LEN(table));
	assert_ok(context_close(&c, &e));
}

static void an_ignore_file_named_after_the_dockerfile_wins(void **state)
{
	static const struct selects table[] = {
		{"a", "a"},
		{"b", "error: \"/b\": not found"},
	};
	SCOPED_STORE s;
	SCOPED_LAYERS l;
	struct context c;
	struct err e;

	(void)state;
	temp_store_make(&s);
	layers_make_plain(&l,
			  "a=1 b=1 .dockerignore=a sub/other.dockerignore=b");
	assert_ok(open_context(&c, &s, &l, "sub/other", &e));
	assert_selects(&c.tree, table, ARRAY_LEN(table));
	assert_ok(context_close(&c, &e));
}

static void a_bad_ignore_file_is_an_error_that_names_it(void **state)
{
	SCOPED_STORE s;
	SCOPED_LAYERS l;
	struct context c;
	struct err e;

	(void)state;
	temp_store_make(&s);
	layers_make_plain(&l, "a=1");
	put_file(l.fds[0], ".dockerignore", STR("ok\n[z-\n"), 0644);
	assert_int_equal(open_context(&c, &s, &l, "Dockerfile", &e), -1);
	assert_error(&e, ERR_INVALID, ".dockerignore: line 2");
}

static void an_ignore_file_that_is_no_file_is_an_error(void **state)
{
	SCOPED_STORE s;
	SCOPED_LAYERS l;
	struct context c;
	struct err e;

	(void)state;
	temp_store_make(&s);
	layers_make_plain(&l, ".dockerignore|");
	assert_int_equal(open_context(&c, &s, &l, "Dockerfile", &e), -1);
	assert_error(&e, ERR_INVALID, ".dockerignore: not a regular file");
}

static void a_missing_context_is_an_error(void **state)
{
	SCOPED_STORE s;
	struct context c;
	struct err e;

	(void)state;
	temp_store_make(&s);
	assert_int_equal(
		context_open(&c, "/no/such/folder", "Dockerfile", &s.store, &e),
		-1);
	assert_error(&e, ERR_SYS, "build context");
}

static struct digest hash_context(struct context *c)
{
	struct tree_filter *const filters[] = {c->tree.filter};
	const struct tree tree = {c->tree.view, filters,
				  c->tree.filter ? 1 : 0};
	struct sha256 hash;
	struct digest d;
	struct err e;

	sha256_init(&hash);
	assert_int_equal(tree_hash(&tree, STR(""), c->tree.owner, c->tree.cache,
				   &hash, NULL, &e),
			 1);
	sha256_final(&hash, &d);
	return d;
}

static void ignored_files_have_no_part_in_the_digest(void **state)
{
	SCOPED_STORE s;
	SCOPED_LAYERS l;
	struct context c;
	struct digest before;
	struct digest after;
	struct err e;

	(void)state;
	temp_store_make(&s);
	layers_make_plain(&l, "a=1 log/x=1 .dockerignore=log");
	assert_ok(open_context(&c, &s, &l, "Dockerfile", &e));
	before = hash_context(&c);
	put_tree(l.fds[0], "log/x=2 log/y=2");
	after = hash_context(&c);
	assert_true(digest_eq(&before, &after));
	put_tree(l.fds[0], "b=2");
	after = hash_context(&c);
	assert_false(digest_eq(&before, &after));
	assert_ok(context_close(&c, &e));
}

static void what_was_learnt_is_saved_in_the_store(void **state)
{
	SCOPED_STORE s;
	SCOPED_LAYERS l;
	struct context c;
	struct err e;
	char name[64];
	struct stat st;

	(void)state;
	temp_store_make(&s);
	layers_make_plain(&l, "a=1");
	/* an old enough file, whose stat can be trusted */
	st = stat_of(l.fds[0], ".");
	(void)snprintf(name, sizeof(name), "stat/%llx-%llx",
		       (unsigned long long)st.st_dev,
		       (unsigned long long)st.st_ino);
	(void)usleep(50000);
	assert_ok(open_context(&c, &s, &l, "Dockerfile", &e));
	(void)hash_context(&c);
	assert_ok(context_close(&c, &e));
	assert_true(path_exists(s.store.fd, name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_source_names_paths_of_the_tree),
		cmocka_unit_test(
			wildcards_match_within_one_folder_in_byte_order),
		cmocka_unit_test(a_pattern_that_is_none_is_no_crash),
		cmocka_unit_test(
			links_are_followed_and_keep_the_name_that_was_given),
		cmocka_unit_test(what_the_layers_hide_is_not_selected),
		cmocka_unit_test(what_dockerignore_excludes_does_not_exist),
		cmocka_unit_test(
			an_ignore_file_named_after_the_dockerfile_wins),
		cmocka_unit_test(a_bad_ignore_file_is_an_error_that_names_it),
		cmocka_unit_test(an_ignore_file_that_is_no_file_is_an_error),
		cmocka_unit_test(a_missing_context_is_an_error),
		cmocka_unit_test(ignored_files_have_no_part_in_the_digest),
		cmocka_unit_test(what_was_learnt_is_saved_in_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
