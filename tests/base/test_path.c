#include "tests/base/support.h"

#include "base/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* cleantests of Go's path/path_test.go */
static const struct {
	const char *in;
	const char *out;
} go_table[] = {
	/* clean already */
	{"", "."},
	{"abc", "abc"},
	{"abc/def", "abc/def"},
	{"a/b/c", "a/b/c"},
	{".", "."},
	{"..", ".."},
	{"../..", "../.."},
	{"../../abc", "../../abc"},
	{"/abc", "/abc"},
	{"/", "/"},
	/* a slash at the end */
	{"abc/", "abc"},
	{"abc/def/", "abc/def"},
	{"a/b/c/", "a/b/c"},
	{"./", "."},
	{"../", ".."},
	{"../../", "../.."},
	{"/abc/", "/abc"},
	/* double slashes */
	{"abc//def//ghi", "abc/def/ghi"},
	{"//abc", "/abc"},
	{"///abc", "/abc"},
	{"//abc//", "/abc"},
	{"abc//", "abc"},
	/* "." */
	{"abc/./def", "abc/def"},
	{"/./abc/def", "/abc/def"},
	{"abc/.", "abc"},
	/* ".." */
	{"abc/def/ghi/../jkl", "abc/def/jkl"},
	{"abc/def/../ghi/../jkl", "abc/jkl"},
	{"abc/def/..", "abc"},
	{"abc/def/../..", "."},
	{"/abc/def/../..", "/"},
	{"abc/def/../../..", ".."},
	{"/abc/def/../../..", "/"},
	{"abc/def/../../../ghi/jkl/../../../mno", "../../mno"},
	/* combinations */
	{"abc/./../def", "def"},
	{"abc//./../def", "def"},
	{"abc/../../././../def", "../../def"},
	/* what is only nearly ".." */
	{"...", "..."},
	{"a/..b/../c..", "a/c.."},
	{"/../a", "/a"},
};

static void clean_gives_what_go_gives(void **state)
{
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(go_table); i++) {
		struct str once = path_clean(&a, str_from(go_table[i].in));

		assert_str(once, go_table[i].out);
		assert_str(path_clean(&a, once), go_table[i].out);
	}
}

static void join_takes_an_absolute_path_alone(void **state)
{
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	assert_str(path_join(&a, STR("/src"), STR("a/../b")), "/src/b");
	assert_str(path_join(&a, STR("/src"), STR("/etc/")), "/etc");
	assert_str(path_join(&a, STR("/src"), STR("")), "/src");
	assert_str(path_join(&a, STR("/"), STR("a")), "/a");
	assert_str(path_join(&a, STR("/src"), STR("../../..")), "/");
	assert_str(path_join(&a, STR("a"), STR("..")), ".");
}

static void in_root_nothing_climbs_out(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} table[] = {
		{"", ""},	    {"/", ""},
		{".", ""},	    {"..", ""},
		{"../..", ""},	    {"/../../etc/passwd", "etc/passwd"},
		{"a/../../b", "b"}, {"a//b/", "a/b"},
		{"./..a", "..a"},
	};
	SCOPED_ARENA struct arena a = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		assert_str(path_in_root(&a, str_from(table[i].in)),
			   table[i].out);
}

static void base_and_dir_split_at_the_last_slash(void **state)
{
	(void)state;
	assert_str(path_base(STR("a/b/c")), "c");
	assert_str(path_base(STR("c")), "c");
	assert_str(path_base(STR("a/")), "");
	assert_str(path_dir(STR("a/b/c")), "a/b");
	assert_str(path_dir(STR("c")), "");
	assert_str(path_dir(STR("/c")), "");
}

static void components_come_without_slashes(void **state)
{
	struct str rest = STR("//a/./bc///");
	struct str component;

	(void)state;
	assert_true(path_next(&rest, &component));
	assert_str(component, "a");
	assert_true(path_next(&rest, &component));
	assert_str(component, ".");
	assert_true(path_next(&rest, &component));
	assert_str(component, "bc");
	assert_false(path_next(&rest, &component));
	assert_false(path_next(&rest, &component));
}

/* What path_open_in_root(root, path) reads, or the errno as text. */
static void assert_opens(int root, const char *path, const char *expected)
{
	char found[64] = "";
	SCOPED_FD int fd = path_open_in_root(root, path, O_RDONLY, 0);

	if (fd < 0)
		(void)snprintf(found, sizeof(found), "errno %d", errno);
	else
		assert_true(read(fd, found, sizeof(found) - 1) >= 0);
	if (strcmp(found, expected) != 0)
		fail_msg("%s: '%s', expected '%s'", path, found, expected);
}

static void links_and_dots_stay_in_the_root(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int root = -1;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "secret=outside");
	root = put_folder(t.fd, "root",
			  "secret=inside d/f=deep up->../secret "
			  "abs->/secret d/abs->/secret d/up->../../../secret "
			  "dir->/d loop->loop");

	assert_opens(root, "secret", "inside");
	assert_opens(root, "../secret", "inside");
	assert_opens(root, "/../../secret", "inside");
	assert_opens(root, "up", "inside");
	assert_opens(root, "abs", "inside");
	assert_opens(root, "d/abs", "inside");
	assert_opens(root, "d/up", "inside");
	assert_opens(root, "dir/f", "deep");
	assert_opens(root, "dir/../secret", "inside");
	assert_true(path_open_in_root(root, "loop", O_RDONLY, 0) < 0);
	assert_int_equal(errno, ELOOP);
	assert_true(path_open_in_root(root, "none", O_RDONLY, 0) < 0);
	assert_int_equal(errno, ENOENT);
}

static void magic_links_are_not_followed(void **state)
{
	SCOPED_FD int proc = open("/proc/self", O_RDONLY | O_DIRECTORY);

	(void)state;
	assert_true(proc >= 0);
	assert_true(path_open_in_root(proc, "cwd", O_RDONLY, 0) < 0);
	assert_int_equal(errno, ELOOP);
	assert_true(path_open_in_root(proc, "root/etc", O_RDONLY, 0) < 0);
	assert_int_equal(errno, ELOOP);
}

static void nofollow_refuses_every_link_and_every_way_out(void **state)
{
	static const struct {
		const char *path;
		int error;
	} table[] = {
		{"link", ELOOP},	   {"dir/f", ELOOP},
		{"../secret", EXDEV},	   {"/etc/passwd", EXDEV},
		{"d/../../secret", EXDEV}, {"none", ENOENT},
	};
	SCOPED_TEMP_DIR t;
	SCOPED_FD int root = -1;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "secret=outside");
	root = put_folder(t.fd, "root", "d/f=1 dir->d link->d/f");
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_FD int fd =
			path_open_nofollow(root, table[i].path, O_RDONLY, 0);

		if (fd >= 0 || errno != table[i].error)
			fail_msg("%s: %s", table[i].path,
				 fd < 0 ? strerror(errno) : "opened");
	}
	{
		SCOPED_FD int fd = path_open_nofollow(root, "d/f", O_RDONLY, 0);

		assert_true(fd >= 0);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

static void an_empty_path_is_the_folder_itself(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int fd = -1;
	struct stat st;

	(void)state;
	temp_dir_make(&t);
	fd = path_open_in_root(t.fd, "", O_RDONLY | O_DIRECTORY, 0);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_ino, stat_of(t.fd, ".").st_ino);
}

static void a_created_file_takes_the_mode_and_lands_inside(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int root = -1;
	SCOPED_FD int fd = -1;

	(void)state;
	temp_dir_make(&t);
	root = put_folder(t.fd, "root", "out->../../new");
	fd = path_open_in_root(root, "out", O_WRONLY | O_CREAT, 0600);
	assert_true(fd >= 0);
	assert_false(path_exists(t.fd, "new"));
	assert_int_equal(stat_of(root, "new").st_mode & 0777, 0600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clean_gives_what_go_gives),
		cmocka_unit_test(join_takes_an_absolute_path_alone),
		cmocka_unit_test(in_root_nothing_climbs_out),
		cmocka_unit_test(base_and_dir_split_at_the_last_slash),
		cmocka_unit_test(components_come_without_slashes),
		cmocka_unit_test(links_and_dots_stay_in_the_root),
		cmocka_unit_test(magic_links_are_not_followed),
		cmocka_unit_test(nofollow_refuses_every_link_and_every_way_out),
		cmocka_unit_test(an_empty_path_is_the_folder_itself),
		cmocka_unit_test(
			a_created_file_takes_the_mode_and_lands_inside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
