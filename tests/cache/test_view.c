#include "tests/cache/support.h"

#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

static void higher_layers_hide_lower_ones(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 b=1 d/x=1", "b=2 d/y=2", "c=3 d/x=3", NULL);
	assert_view(&l.view, "a=1 b=2 c=3 d/ d/x=3 d/y=2");
}

static void a_whiteout_hides_the_name_below(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 b=1 d/x=1 d/y=1", "a! d/x!", NULL);
	assert_view(&l.view, "b=1 d/ d/y=1");
}

static void a_whiteout_hides_a_whole_folder(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/e/x=1", "d!", NULL);
	assert_view(&l.view, "");
}

static void what_was_whited_out_may_come_back_without_its_content(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/old=1", "d!", "d/new=3", NULL);
	assert_view(&l.view, "d/ d/new=3");
}

static void a_whiteout_of_nothing_shows_nothing(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1", "none!", NULL);
	assert_view(&l.view, "a=1");
}

static void an_opaque_folder_hides_what_is_in_it_below(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/a=1 d/e/b=1", "d/c=2", "d~ d/d=3", "d/top=4", NULL);
	assert_view(&l.view, "d/ d/d=3 d/top=4");
}

static void only_the_value_y_makes_a_folder_opaque(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_PTR char *path = NULL;

	(void)state;
	layers_make(&l, "d/a=1", "d~ d/b=2", NULL);
	path = xasprintf("%s/1/d", l.dir.path);
	/* overlayfs writes x where whiteouts are attributes */
	assert_int_equal(setxattr(path, "user.overlay.opaque", "x", 1, 0), 0);
	assert_view(&l.view, "d/ d/a=1 d/b=2");
}

static void a_file_over_a_folder_hides_the_folder(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/a=1", "d=file", NULL);
	assert_view(&l.view, "d=file");
}

static void a_folder_over_a_file_is_the_folder_alone(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/bottom=1", "d=file", "d/top=3", NULL);
	assert_view(&l.view, "d/ d/top=3");
}

static void a_link_between_two_folders_ends_the_merge(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/bottom=1 e/x=1", "d->e", "d/top=3", NULL);
	assert_view(&l.view, "d/ d/top=3 e/ e/x=1");
}

static void a_plain_view_takes_nothing_for_a_mark(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make_plain(&l, "a! b=1 d~ d/x=1");
	assert_view(&l.view, "a! b=1 d/ d/x=1");
}

static void a_view_of_nothing_is_an_empty_root(void **state)
{
	const struct view none = {0};
	SCOPED_ARENA struct arena a = {0};
	struct view_path at;
	struct err e;

	(void)state;
	assert_view(&none, "");
	assert_ok(view_resolve(&none, &a, STR("/"), VIEW_FOLLOW, &at, &e));
	assert_true(at.exists);
	assert_true(S_ISDIR(at.st.st_mode));
	assert_ok(view_resolve(&none, &a, STR("a/b"), VIEW_FOLLOW, &at, &e));
	assert_false(at.exists);
	assert_str(at.path, "a/b");
	assert_ok(view_resolve(&none, &a, STR(".."), VIEW_FOLLOW, &at, &e));
	assert_true(at.exists);
	assert_true(S_ISDIR(at.st.st_mode));
	assert_ok(
		view_resolve(&none, &a, STR("a/../.."), VIEW_FOLLOW, &at, &e));
	assert_true(at.exists);
	assert_str(at.path, "");
}

static void names_are_listed_once_and_in_byte_order(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_VIEW_DIR struct view_dir root = {0};
	struct str *names;
	size_t n;
	struct err e;

	(void)state;
	layers_make(&l, "b=1 a=1 \xc3\xa4=1 B=1", "a=2 a.b=2", NULL);
	assert_ok(view_open_root(&l.view, &root, &e));
	assert_ok(view_dir_list(&root, &a, &names, &n, &e));
	assert_int_equal(n, 5);
	assert_str(names[0], "B");
	assert_str(names[1], "a");
	assert_str(names[2], "a.b");
	assert_str(names[3], "b");
	assert_str(names[4], "\xc3\xa4");
}

struct resolved {
	const char *path;
	const char *out; /* "?" before what does not exist */
};

static void assert_resolves(const struct view *v, enum view_follow follow,
			    const struct resolved *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SCOPED_ARENA struct arena a = {0};
		SCOPED_PTR char *found = NULL;
		struct view_path at;
		struct err e;

		if (view_resolve(v, &a, str_from(table[i].path), follow, &at,
				 &e) < 0)
			fail_msg("%s: %s", table[i].path, e.msg);
		found = xasprintf("%s%.*s", at.exists ? "" : "?",
				  STR_ARG(at.path));
		if (strcmp(found, table[i].out) != 0)
			fail_msg("%s is '%s', expected '%s'", table[i].path,
				 found, table[i].out);
	}
}

#define assert_resolve_table(view, follow, ...)                             \
	do {                                                                \
		static const struct resolved table[] = __VA_ARGS__;         \
		assert_resolves((view), (follow), table, ARRAY_LEN(table)); \
	} while (0)

static void paths_resolve_as_a_process_in_the_root_sees_them(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l,
		    "usr/lib/x=1 etc/f=1 lib->usr/lib abs->/etc "
		    "usr/up->../../../../etc deep/a/b/link->../../../usr",
		    "etc/g=2 chain->lib gone->lib/none", NULL);
	assert_resolve_table(&l.view, VIEW_FOLLOW,
			     {
				     {"", ""},
				     {"/", ""},
				     {"..", ""},
				     {"../..//.", ""},
				     {"etc/f", "etc/f"},
				     {"/etc//./g/", "etc/g"},
				     {"lib", "usr/lib"},
				     {"lib/x", "usr/lib/x"},
				     {"chain/x", "usr/lib/x"},
				     {"abs/f", "etc/f"},
				     {"usr/up/g", "etc/g"},
				     {"deep/a/b/link/lib/x", "usr/lib/x"},
				     /* .. is of where the link leads, not of
					where it stands */
				     {"lib/..", "usr"},
				     {"deep/a/b/link/..", ""},
				     {"lib/../../etc/f", "etc/f"},
				     {"gone", "?usr/lib/none"},
				     {"gone/below", "?usr/lib/none/below"},
				     {"none/a/../b", "?none/b"},
				     {"none/../etc/f", "etc/f"},
				     {"none/../../..", ""},
				     {"etc/f/below", "?etc/f/below"},
			     });
}

static void the_last_link_may_be_left_alone(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/f=1 link->d link2->link d/l->f", NULL);
	assert_resolve_table(&l.view, VIEW_FOLLOW_DIRS,
			     {
				     {"link", "link"},
				     {"link2", "link2"},
				     {"link/f", "d/f"},
				     {"link2/l", "d/l"},
				     {"link2/none", "?d/none"},
			     });
}

static void links_out_of_the_root_stay_in_it(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l,
		    "etc/passwd=image out->../../../../etc/passwd "
		    "self->/proc/self/root/etc d/up->../../..",
		    NULL);
	assert_resolve_table(&l.view, VIEW_FOLLOW,
			     {
				     {"out", "etc/passwd"},
				     {"self", "?proc/self/root/etc"},
				     {"d/up/etc/passwd", "etc/passwd"},
				     {"../../../../etc/passwd", "etc/passwd"},
			     });
}

static void a_whiteout_ends_a_path(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/f=1 link->d", "d!", NULL);
	assert_resolve_table(&l.view, VIEW_FOLLOW,
			     {
				     {"d", "?d"},
				     {"d/f", "?d/f"},
				     {"link/f", "?d/f"},
			     });
}

static void a_link_of_a_higher_layer_counts(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a/f=1 b/f=1 link->a", "link!", "link->b", NULL);
	assert_resolve_table(&l.view, VIEW_FOLLOW, {{"link/f", "b/f"}});
}

static void links_in_a_circle_are_an_error(void **state)
{
	static const char *const paths[] = {"self", "a", "d/back/x",
					    "self/below"};
	SCOPED_LAYERS l;
	SCOPED_ARENA struct arena a = {0};
	struct view_path at;
	struct err e;

	(void)state;
	layers_make(&l, "self->self a->b b->c c->a d/back->../d/back/more",
		    NULL);
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		assert_int_equal(view_resolve(&l.view, &a, str_from(paths[i]),
					      VIEW_FOLLOW, &at, &e),
				 -1);
		assert_error(&e, ERR_INVALID, "too many links");
	}
}

static void a_chain_of_links_that_doubles_is_an_error_not_a_wait(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_ARENA struct arena a = {0};
	struct view_path at;
	struct err e;

	(void)state;
	/* each level walks the one below twice: 2 to the 20 links in all */
	layers_make(&l, "l0/x=1", NULL);
	for (int i = 1; i <= 20; i++) {
		SCOPED_PTR char *link =
			xasprintf("l%d->l%d/../l%d", i, i - 1, i - 1);

		put_tree(l.fds[0], link);
	}
	assert_int_equal(
		view_resolve(&l.view, &a, STR("l20/x"), VIEW_FOLLOW, &at, &e),
		-1);
	assert_error(&e, ERR_INVALID, "too many links");
}

static void what_stands_in_for_a_folder_is_told(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_ARENA struct arena a = {0};
	struct view_path at;
	struct err e;

	(void)state;
	layers_make(&l, "f=1 d/f=1 dangling->none", NULL);
	assert_ok(view_resolve(&l.view, &a, STR("f/x"), VIEW_FOLLOW, &at, &e));
	assert_false(at.exists);
	assert_ok(view_resolve(&l.view, &a, STR("d/f"), VIEW_FOLLOW, &at, &e));
	assert_true(at.exists);
	assert_true(S_ISREG(at.st.st_mode));
	assert_ok(view_resolve(&l.view, &a, STR("dangling/x"), VIEW_FOLLOW, &at,
			       &e));
	assert_false(at.exists);
}

static void names_that_are_too_long_do_not_exist(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_ARENA struct arena a = {0};
	char name[5000];
	struct view_path at;
	struct err e;

	(void)state;
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	layers_make(&l, "a=1", NULL);
	assert_ok(view_resolve(&l.view, &a, str_from(name), VIEW_FOLLOW, &at,
			       &e));
	assert_false(at.exists);
}

static void folders_open_at_a_resolved_path(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_VIEW_DIR struct view_dir d = {0};
	struct view_dir none = {0};
	struct err e;

	(void)state;
	layers_make(&l, "a/b/x=1 f=1", "a/b/y=2", NULL);
	assert_int_equal(view_open_dir(&l.view, STR("a/b"), &d, &e), 1);
	assert_int_equal(d.n, 2);
	assert_int_equal(view_open_dir(&l.view, STR("a/c"), &none, &e), 0);
	assert_int_equal(view_open_dir(&l.view, STR("f"), &none, &e), 0);
	assert_int_equal(view_open_dir(&l.view, STR("f/x"), &none, &e), 0);
}

static void files_are_read_through_links_and_layers(void **state)
{
	SCOPED_LAYERS l;
	SCOPED_BUF struct buf text = BUF_INIT(100);
	SCOPED_BUF struct buf tiny = BUF_INIT(2);
	struct err e;

	(void)state;
	layers_make(&l, "etc/passwd->../data/p data/p=low d/x=1 fifo|",
		    "data/p=high out->../../../../../etc/hostname", NULL);
	assert_int_equal(view_read_file(&l.view, STR("/etc/passwd"), &text, &e),
			 1);
	assert_string_equal(buf_c(&text), "high");
	assert_int_equal(view_read_file(&l.view, STR("d"), &text, &e), 0);
	assert_int_equal(view_read_file(&l.view, STR("fifo"), &text, &e), 0);
	assert_int_equal(view_read_file(&l.view, STR("none"), &text, &e), 0);
	assert_int_equal(view_read_file(&l.view, STR("out"), &text, &e), 0);
	assert_string_equal(buf_c(&text), "high");
	assert_int_equal(view_read_file(&l.view, STR("data/p"), &tiny, &e), -1);
	assert_error(&e, ERR_LIMIT, "p: larger than 2 bytes");
}

static void needs_root_another_device_is_no_whiteout(void **state)
{
	SCOPED_LAYERS l;
	struct stat st;

	(void)state;
	skip_unless_root();
	layers_make(&l, "zero=1", "", NULL);
	if (mknodat(l.fds[1], "zero", S_IFCHR, 0x105) < 0) {
		print_message("device nodes are not allowed here\n");
		skip();
	}
	st = stat_of(l.fds[1], "zero");
	assert_false(view_is_whiteout(&st));
	assert_view(&l.view, "zero!");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(higher_layers_hide_lower_ones),
		cmocka_unit_test(a_whiteout_hides_the_name_below),
		cmocka_unit_test(a_whiteout_hides_a_whole_folder),
		cmocka_unit_test(
			what_was_whited_out_may_come_back_without_its_content),
		cmocka_unit_test(a_whiteout_of_nothing_shows_nothing),
		cmocka_unit_test(an_opaque_folder_hides_what_is_in_it_below),
		cmocka_unit_test(only_the_value_y_makes_a_folder_opaque),
		cmocka_unit_test(a_file_over_a_folder_hides_the_folder),
		cmocka_unit_test(a_folder_over_a_file_is_the_folder_alone),
		cmocka_unit_test(a_link_between_two_folders_ends_the_merge),
		cmocka_unit_test(a_plain_view_takes_nothing_for_a_mark),
		cmocka_unit_test(a_view_of_nothing_is_an_empty_root),
		cmocka_unit_test(names_are_listed_once_and_in_byte_order),
		cmocka_unit_test(
			paths_resolve_as_a_process_in_the_root_sees_them),
		cmocka_unit_test(the_last_link_may_be_left_alone),
		cmocka_unit_test(links_out_of_the_root_stay_in_it),
		cmocka_unit_test(a_whiteout_ends_a_path),
		cmocka_unit_test(a_link_of_a_higher_layer_counts),
		cmocka_unit_test(links_in_a_circle_are_an_error),
		cmocka_unit_test(
			a_chain_of_links_that_doubles_is_an_error_not_a_wait),
		cmocka_unit_test(what_stands_in_for_a_folder_is_told),
		cmocka_unit_test(names_that_are_too_long_do_not_exist),
		cmocka_unit_test(folders_open_at_a_resolved_path),
		cmocka_unit_test(files_are_read_through_links_and_layers),
		cmocka_unit_test(needs_root_another_device_is_no_whiteout),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
