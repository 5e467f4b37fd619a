/* ADD of archives that mean no good. */
#include "tests/plan/support.h"

#include "base/io.h"
#include "builder/files/unpack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ADD a.tar dest: as unpack_selected gives it. */
static int unpack(struct workbench *w, const char *dest, struct err *e)
{
	const struct selected what = {STR("a.tar"), STR("a.tar")};

	return unpack_selected(&w->tree, &what, &w->target, str_from(dest),
			       &w->opt, e);
}

struct unpacks {
	const char *lower;
	const char *archive;
	const char *expected; /* below the destination /d; "!…" is an error */
};

static void assert_unpacks(const struct unpacks *table, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		SCOPED_WORKBENCH w;
		SCOPED_BUF struct buf text = BUF_INIT(1u << 16);
		struct err e = {0};
		int result;

		workbench_make(&w, "", table[i].lower);
		put_tar(w.source_fd, "a.tar", table[i].archive);
		result = unpack(&w, "/d", &e);
		if (result < 0)
			buf_printf(&text, "!%s", e.msg);
		else if (result == 0)
			buf_add_c(&text, "no archive");
		else
			tree_text(&text, w.upper_fd);
		if (*table[i].expected == '!'
			    ? !strstr(buf_c(&text), table[i].expected + 1) ||
				      result == 0
			    : strcmp(buf_c(&text), table[i].expected) != 0)
			fail_msg("'%s' is '%s', expected '%s'",
				 table[i].archive, buf_c(&text),
				 table[i].expected);
	}
}

static void an_archive_is_unpacked_below_its_destination(void **state)
{
	static const struct unpacks table[] = {
		{"", "f=1", "d/ d/f=1"},
		{"", "a/ a/f=1 l->f p|", "d/ d/a/ d/a/f=1 d/l->f d/p|"},
		{"", "./ ./a/ ./a/f=1", "d/ d/a/ d/a/f=1"},
		{"", "f=1 h=>f", "d/ d/f=1 d/h=1"},
		/* the last of one name wins */
		{"", "f=1 f=2 f->x", "d/ d/f->x"},
		{"d/keep=0 d/f=0", "f=1", "d/ d/f=1"},
	};

	(void)state;
	assert_unpacks(table, ARRAY_LEN(table));
}

static void needs_root_folders_that_nobody_named_belong_to_root(void **state)
{
	static const struct unpacks table[] = {
		{"", "x/y/f=1", "d/ d/x/ d/x/y/ d/x/y/f=1"},
		{"", "/proc/self/root/x=1",
		 "d/ d/proc/ d/proc/self/ d/proc/self/root/ "
		 "d/proc/self/root/x=1"},
	};

	(void)state;
	skip_unless_root();
	assert_unpacks(table, ARRAY_LEN(table));
}

static void names_can_not_climb_out(void **state)
{
	static const struct unpacks table[] = {
		{"", "../x=evil", "!invalid entry name"},
		{"", "../../outside/secret=evil", "!invalid entry name"},
		{"", "a/../../x=evil", "!invalid entry name"},
		{"", "/../x=evil", "!invalid entry name"},
		{"", "../", "!invalid entry name"},
		/* what stays inside is fine */
		{"", "a/ a/../x=1", "d/ d/a/ d/x=1"},
		{"", "/etc/ /etc/abs=1", "d/ d/etc/ d/etc/abs=1"},
		{"", "//f=1", "d/ d/f=1"},
		{"", "..a=1 b..=2 ...=3", "d/ d/...=3 d/..a=1 d/b..=2"},
	};

	(void)state;
	assert_unpacks(table, ARRAY_LEN(table));
}

static void links_of_the_archive_lead_nowhere_outside(void **state)
{
	static const struct unpacks table[] = {
		{"", "l->/ l/x=1", "d/ d/l->/ d/x=1"},
		{"", "outside/ l->../../../outside l/secret=evil",
		 "d/ d/l->../../../outside d/outside/ d/outside/secret=evil"},
		{"", "proc/ proc/self/ proc/self/cwd/ l->/proc/self/cwd l/x=1",
		 "d/ d/l->/proc/self/cwd d/proc/ d/proc/self/ "
		 "d/proc/self/cwd/ d/proc/self/cwd/x=1"},
		{"", "a->b b->/ a/b/x=1", "d/ d/a->b d/b->/ d/x=1"},
		{"", "l->l l/x=1", "!too many links"},
		/* a folder takes the place of a link, so does a file */
		{"", "l->/etc l/ l/x=1", "d/ d/l/ d/l/x=1"},
		{"", "l->/etc l=1", "d/ d/l=1"},
	};

	(void)state;
	assert_unpacks(table, ARRAY_LEN(table));
}

static void links_of_the_root_lead_nowhere_outside(void **state)
{
	static const struct unpacks table[] = {
		/* the destination itself may be a link within the root */
		{"d->e e/", "f=1", "e/ e/f=1"},
		{"d->../../../outside", "secret=evil",
		 "outside/ outside/secret=evil"},
		/* below it, its own folder is the root of every link */
		{"d/l->/ ", "l/x=1", "d/ d/x=1"},
		{"d/l->../../../outside", "outside/ l/secret=evil",
		 "d/ d/outside/ d/outside/secret=evil"},
	};

	(void)state;
	assert_unpacks(table, ARRAY_LEN(table));
}

static void hard_links_reach_only_what_is_below_the_destination(void **state)
{
	static const struct unpacks table[] = {
		{"", "h=>../../outside/secret", "!invalid entry name"},
		{"", "h=>../x", "!invalid entry name"},
		{"", "etc/ h=>/etc/passwd", "!link h to /etc/passwd"},
		{"secret=0", "h=>secret", "!link h to secret"},
		{"", "outside/ l->../../outside h=>l/secret",
		 "!link h to l/secret"},
		{"", "f=1 h=>/f", "d/ d/f=1 d/h=1"},
		{"", "h=>none", "!link h to none"},
		{"", "h=>h", "!link h to h"},
		/* of a link: the link, not what it leads to */
		{"", "l->/etc/passwd h=>l",
		 "d/ d/h->/etc/passwd "
		 "d/l->/etc/passwd"},
		{"", "x/ h=>x", "!link h to x"},
	};

	(void)state;
	assert_unpacks(table, ARRAY_LEN(table));
}

static void files_and_folders_replace_each_other(void **state)
{
	static const struct unpacks table[] = {
		{"", "x/ x/f=1 x=2", "d/ d/x=2"},
		{"", "x=1 x/ x/f=2", "d/ d/x/ d/x/f=2"},
		{"d/x/f=0", "x=2", "d/ d/x=2"},
		{"d/x=0", "x/ x/f=2", "d/ d/x/ d/x/f=2"},
		/* a file that is in the way of a folder nobody named */
		{"", "x=1 x/f=2", "!x/f"},
	};

	(void)state;
	assert_unpacks(table, ARRAY_LEN(table));
}

static void what_is_no_archive_is_left_alone(void **state)
{
	static const char *const contents[] = {
		"",
		"x",
		"\x1f\x8b",
		"\x1f\x8b\x08\x00 not gzip at all",
		"\x28\xb5\x2f\xfd junk",
		"BZh9junkjunk",
		"\3757zXZ junk",
		"PK\x03\x04 a zip file, which ADD leaves alone"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(contents); i++) {
		SCOPED_WORKBENCH w;
		struct err e;

		workbench_make(&w, "", "");
		put_file(w.source_fd, "a.tar", str_from(contents[i]), 0644);
		if (unpack(&w, "/d", &e) != 0)
			fail_msg("content %zu", i);
		assert_tree(w.upper_fd, "");
	}
}

static void folders_and_fifos_are_no_archives(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "a.tar/x=1", "");
	assert_int_equal(unpack(&w, "/d", &e), 0);
	workbench_remove(&w);
	workbench_make(&w, "a.tar|", "");
	assert_int_equal(unpack(&w, "/d", &e), 0);
}

static void an_archive_cut_anywhere_never_crashes(void **state)
{
	SCOPED_WORKBENCH w;
	SCOPED_BUF struct buf whole = BUF_INIT(1u << 20);
	struct err e;

	(void)state;
	workbench_make(&w, "", "");
	put_tar(w.source_fd, "a.tar", "a/ a/f=text l->a/f h=>a/f p|");
	assert_int_equal(io_read_file(w.source_fd, "a.tar", &whole, &e), 1);
	for (size_t n = 0; n < whole.n; n += 100) {
		put_file(w.source_fd, "a.tar", str_sub(buf_str(&whole), 0, n),
			 0644);
		(void)unpack(&w, "/d", &e);
	}
}

static void flipped_bytes_never_lead_outside(void **state)
{
	SCOPED_WORKBENCH w;
	SCOPED_BUF struct buf whole = BUF_INIT(1u << 20);
	unsigned seed = 7;
	struct err e;

	(void)state;
	workbench_make(&w, "", "");
	put_tar(w.source_fd, "a.tar",
		"a/ a/../f=text l->../../outside h=>a/../f l/secret=evil");
	assert_int_equal(io_read_file(w.source_fd, "a.tar", &whole, &e), 1);
	for (int round = 0; round < 300; round++) {
		SCOPED_PTR char *bytes = str_dup(buf_str(&whole));

		for (int i = 0; i < 3; i++)
			bytes[(size_t)rand_r(&seed) % whole.n] ^=
				(char)(1 << rand_r(&seed) % 8);
		put_file(w.source_fd, "a.tar", (struct str){bytes, whole.n},
			 0644);
		(void)unpack(&w, "/d", &e);
	}
}

static void modes_and_times_are_the_archives(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "", "d/");
	put_tar(w.source_fd, "a.tar", "a/ a/f=1 a/g=1 l->a");
	assert_int_equal(unpack(&w, "/d", &e), 1);
	assert_int_equal(stat_of(w.upper_fd, "d/a").st_mode & 07777, 0755);
	assert_int_equal(stat_of(w.upper_fd, "d/a/f").st_mode & 07777, 0644);
	assert_int_equal(stat_of(w.upper_fd, "d/a/f").st_mtim.tv_sec, 1000);
	assert_int_equal(stat_of(w.upper_fd, "d/l").st_mtim.tv_sec, 1000);
	/* set when nothing more was written into it */
	assert_int_equal(stat_of(w.upper_fd, "d/a").st_mtim.tv_sec, 1000);
}

static void needs_root_devices_are_made_as_the_archive_says(void **state)
{
	SCOPED_WORKBENCH w;
	struct stat st;
	struct err e = {0};

	(void)state;
	skip_unless_root();
	workbench_make(&w, "", "");
	put_tar(w.source_fd, "a.tar", "null!");
	if (unpack(&w, "/d", &e) < 0) {
		print_message("devices are not allowed here: %s\n", e.msg);
		skip();
	}
	st = stat_of(w.upper_fd, "d/null");
	assert_true(S_ISCHR(st.st_mode));
	assert_int_equal(st.st_rdev, makedev(1, 3));
}

static void a_device_is_an_error_for_an_ordinary_user(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	skip_as_root();
	workbench_make(&w, "", "");
	put_tar(w.source_fd, "a.tar", "null!");
	assert_int_equal(unpack(&w, "/d", &e), -1);
	assert_error(&e, ERR_SYS, "archive: null: create device null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_is_unpacked_below_its_destination),
		cmocka_unit_test(
			needs_root_folders_that_nobody_named_belong_to_root),
		cmocka_unit_test(names_can_not_climb_out),
		cmocka_unit_test(links_of_the_archive_lead_nowhere_outside),
		cmocka_unit_test(links_of_the_root_lead_nowhere_outside),
		cmocka_unit_test(
			hard_links_reach_only_what_is_below_the_destination),
		cmocka_unit_test(files_and_folders_replace_each_other),
		cmocka_unit_test(what_is_no_archive_is_left_alone),
		cmocka_unit_test(folders_and_fifos_are_no_archives),
		cmocka_unit_test(an_archive_cut_anywhere_never_crashes),
		cmocka_unit_test(flipped_bytes_never_lead_outside),
		cmocka_unit_test(modes_and_times_are_the_archives),
		cmocka_unit_test(
			needs_root_devices_are_made_as_the_archive_says),
		cmocka_unit_test(a_device_is_an_error_for_an_ordinary_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
