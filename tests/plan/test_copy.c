/* copy.h and target.h, where the conformance cases don't look. */
#include "tests/plan/support.h"

#include "builder/files/target.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_copies(const char *source, const char *lower,
			  const char *from, const char *dest,
			  const char *expected)
{
	SCOPED_WORKBENCH w;
	struct err e;

	workbench_make(&w, source, lower);
	if (workbench_copy(&w, from, dest, &e) < 0)
		fail_msg("COPY %s %s: %s", from, dest, e.msg);
	assert_tree(w.upper_fd, expected);
	assert_tree(w.source_fd, source);
	assert_tree(w.lower_fd, lower);
}

static void only_what_changed_is_in_the_draft(void **state)
{
	(void)state;
	assert_copies("a=1", "d/ d/e/ d/e/old=0 x=0", "a", "/d/e/",
		      "d/ d/e/ d/e/a=1");
	assert_copies("a/ a/f=1", "d/ d/a/ d/a/f=0 d/a/g=0", "a", "/d/a",
		      "d/ d/a/ d/a/f=1");
}

static void links_of_the_layers_are_followed_within_the_root(void **state)
{
	(void)state;
	assert_copies("f=1", "bin->usr/bin usr/ usr/bin/", "f", "/bin/",
		      "usr/ usr/bin/ usr/bin/f=1");
	assert_copies("f=1", "out->../../../outside", "f", "/out/",
		      "outside/ outside/f=1");
	assert_copies("f=1", "abs->/proc/self/root", "f", "/abs/x",
		      "proc/ proc/self/ proc/self/root/ proc/self/root/x=1");
	assert_copies("f=1", "secret->../../outside/secret", "f", "/secret",
		      "outside/ outside/secret=1");
}

static void links_of_the_draft_are_followed_within_the_root(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "d/out->../../../outside f=1", "");
	assert_ok(workbench_copy(&w, "d", "/", &e));
	assert_ok(workbench_copy(&w, "f", "/out/secret", &e));
	assert_tree(w.upper_fd, "out->../../../outside outside/ "
				"outside/secret=1");
}

static void
copied_up_folders_keep_their_mode_and_new_ones_get_the_default(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "f=1", "d/e/");
	assert_int_equal(fchmodat(w.lower_fd, "d", 0700, 0), 0);
	set_mtime(w.lower_fd, "d/e", 4000);
	w.target.folder_mode = 0711;
	assert_ok(workbench_copy(&w, "f", "/d/e/new/", &e));
	assert_int_equal(stat_of(w.upper_fd, "d").st_mode & 07777, 0700);
	assert_int_equal(stat_of(w.upper_fd, "d/e").st_mode & 07777, 0755);
	assert_int_equal(stat_of(w.upper_fd, "d/e/new").st_mode & 07777, 0711);
}

static void created_folders_get_the_epoch(void **state)
{
	SCOPED_WORKBENCH w;
	struct target_dir d;
	const struct target_owner owner = {geteuid(), getegid()};
	struct err e;

	(void)state;
	workbench_make(&w, "", "");
	w.target.has_epoch = true;
	w.target.epoch_s = 1234;
	assert_ok(target_open(&w.target, STR("a"), &owner, &d, &e));
	target_dir_release(&d);
	assert_int_equal(stat_of(w.upper_fd, "a").st_mtim.tv_sec, 1234);
}

static void what_is_no_folder_is_not_entered(void **state)
{
	static const char *const dests[] = {"/file/x", "/file/", "/fifo/x",
					    "/d/link-to-file/x"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(dests); i++) {
		SCOPED_WORKBENCH w;
		struct err e = {0};

		workbench_make(&w, "f=1",
			       "file=0 fifo| d/link-to-file->../file");
		if (workbench_copy(&w, "f", dests[i], &e) == 0)
			fail_msg("%s was written", dests[i]);
		assert_error(&e, ERR_INVALID, "non-directory");
	}
}

static void a_file_never_replaces_a_folder_nor_a_folder_a_file(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "t/d=1 u/f/x=1 f=1", "d/ f=0");
	assert_int_equal(workbench_copy(&w, "t", "/", &e), -1);
	assert_error(&e, ERR_INVALID, "cannot replace directory d");
	assert_int_equal(workbench_copy(&w, "u", "/", &e), -1);
	assert_error(&e, ERR_INVALID, "cannot copy to non-directory");
	assert_int_equal(workbench_copy(&w, "u", "/f", &e), -1);
	assert_error(&e, ERR_INVALID, "cannot copy to non-directory: /f");
}

static void a_copied_link_never_leads_a_later_file_outside(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	/* one folder has a link where the other has a folder */
	workbench_make(&w, "one/d->../../outside two/d/secret=evil", "");
	assert_ok(workbench_copy(&w, "one", "/", &e));
	assert_int_equal(workbench_copy(&w, "two", "/", &e), -1);
	assert_error(&e, ERR_INVALID, "non-directory");
	assert_tree(w.upper_fd, "d->../../outside");
}

static void two_names_of_a_file_are_one_file_again(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "t/a=1", "d/");
	assert_int_equal(linkat(w.source_fd, "t/a", w.source_fd, "t/b", 0), 0);
	assert_ok(workbench_copy(&w, "t", "/d/", &e));
	assert_int_equal(stat_of(w.upper_fd, "d/a").st_ino,
			 stat_of(w.upper_fd, "d/b").st_ino);
	assert_int_not_equal(stat_of(w.upper_fd, "d/a").st_ino,
			     stat_of(w.source_fd, "t/a").st_ino);
}

static void filters_say_what_is_copied(void **state)
{
	SCOPED_WORKBENCH w;
	SCOPED_ARENA struct arena a = {0};
	const struct str patterns[] = {STR("*.o"), STR("sub/keep*")};
	struct ignore_filter f;
	const struct ignore *ignore;
	struct err e;

	(void)state;
	workbench_make(&w, "t/a.c=1 t/a.o=1 t/sub/keep=1 t/sub/b.o=1", "");
	assert_ok(ignore_from_patterns(&a, patterns, 2, &ignore, &e));
	ignore_filter_init(&f, ignore, true);
	w.opt.filters[0] = &f.filter;
	w.opt.n_filters = 1;
	assert_ok(workbench_copy(&w, "t", "/", &e));
	assert_tree(w.upper_fd, "a.c=1 sub/ sub/b.o=1");
	ignore_filter_release(&f);
}

static void names_that_are_too_long_are_an_error(void **state)
{
	SCOPED_WORKBENCH w;
	char dest[400];
	struct err e;

	(void)state;
	workbench_make(&w, "f=1", "");
	memset(dest, 'x', sizeof(dest) - 1);
	dest[0] = '/';
	dest[sizeof(dest) - 1] = '\0';
	assert_int_equal(workbench_copy(&w, "f", dest, &e), -1);
	assert_int_equal(e.code, ERR_SYS);
	assert_tree(w.upper_fd, "");
}

static void a_heredoc_is_a_file_of_that_name(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	workbench_make(&w, "", "d/ link->../../../outside/secret");
	assert_ok(copy_inline(STR("name"), STR("text"), &w.target, STR("/d/"),
			      &w.opt, &e));
	assert_ok(copy_inline(STR("name"), STR("new"), &w.target, STR("/d"),
			      &w.opt, &e));
	assert_ok(copy_inline(STR("name"), STR("other"), &w.target,
			      STR("/link"), &w.opt, &e));
	assert_ok(copy_inline(STR("../../x"), STR("up"), &w.target, STR("/d/"),
			      &w.opt, &e));
	assert_tree(w.upper_fd, "d/ d/name=new outside/ outside/secret=other "
				"x=up");
	assert_int_equal(stat_of(w.upper_fd, "d/name").st_mode & 07777, 0644);
}

static void a_folder_of_the_target_tells_what_is_in_it(void **state)
{
	SCOPED_WORKBENCH w;
	const struct target_owner owner = {geteuid(), getegid()};
	struct target_dir d;
	struct stat st;
	struct err e;

	(void)state;
	workbench_make(&w, "", "d/low=0 d/gone=0 d/sub/");
	put_tree(w.upper_fd, "d/up=1 d/gone!");
	assert_ok(target_open(&w.target, STR("d"), &owner, &d, &e));
	assert_int_equal(target_dir_stat(&d, "low", &st, &e), 1);
	assert_int_equal(target_dir_stat(&d, "up", &st, &e), 1);
	assert_int_equal(target_dir_stat(&d, "gone", &st, &e), 0);
	assert_int_equal(target_dir_stat(&d, "none", &st, &e), 0);
	assert_int_equal(target_dir_clear(&d, "sub", &e), -1);
	assert_error(&e, ERR_INVALID, "cannot replace directory sub");
	assert_ok(target_dir_clear(&d, "up", &e));
	assert_ok(target_dir_clear(&d, "none", &e));
	assert_ok(target_dir_remove(&d, "none", &e));
	assert_tree(w.upper_fd, "d/ d/gone!");
	target_dir_release(&d);
}

static void a_child_is_opened_copied_up_or_created(void **state)
{
	SCOPED_WORKBENCH w;
	const struct target_owner owner = {geteuid(), getegid()};
	static const struct {
		const char *name;
		int result;
		bool created;
	} table[] = {
		{"low", 0, false}, {"up", 0, false},	{"new", 0, true},
		{"new", 0, false}, {"file", -1, false}, {"link", -1, false},
	};
	struct target_dir d;
	struct err e;

	(void)state;
	workbench_make(&w, "", "low/x=0 file=0 link->low");
	put_tree(w.upper_fd, "up/");
	assert_ok(target_open(&w.target, STR(""), &owner, &d, &e));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct target_dir child;
		bool created = false;
		int result = target_dir_child(&w.target, &d, table[i].name,
					      &child, &created, &e);

		if (result != table[i].result || created != table[i].created)
			fail_msg("row %zu", i);
		if (result == 0)
			target_dir_release(&child);
		else
			assert_int_equal(e.code, ERR_INVALID);
	}
	target_dir_release(&d);
	assert_tree(w.upper_fd, "low/ new/ up/");
}

static void needs_root_owners_are_the_sources_unless_given(void **state)
{
	SCOPED_WORKBENCH w;
	struct err e;

	(void)state;
	skip_unless_root();
	workbench_make(&w, "t/a=1 t/d/b=1 t/l->a", "");
	assert_int_equal(fchownat(w.source_fd, "t/a", 5, 6, 0), 0);
	assert_int_equal(
		fchownat(w.source_fd, "t/l", 7, 8, AT_SYMLINK_NOFOLLOW), 0);
	w.opt.has_owner = false;
	assert_ok(workbench_copy(&w, "t", "/one/", &e));
	w.opt.has_owner = true;
	w.opt.owner = (struct target_owner){9, 10};
	assert_ok(workbench_copy(&w, "t", "/two/", &e));

	assert_int_equal(stat_of(w.upper_fd, "one/a").st_uid, 5);
	assert_int_equal(stat_of(w.upper_fd, "one/a").st_gid, 6);
	assert_int_equal(stat_of(w.upper_fd, "one/l").st_uid, 7);
	assert_int_equal(stat_of(w.upper_fd, "one/d/b").st_uid, 0);
	assert_int_equal(stat_of(w.upper_fd, "two/a").st_uid, 9);
	assert_int_equal(stat_of(w.upper_fd, "two/l").st_gid, 10);
	assert_int_equal(stat_of(w.upper_fd, "two/d").st_uid, 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_changed_is_in_the_draft),
		cmocka_unit_test(
			links_of_the_layers_are_followed_within_the_root),
		cmocka_unit_test(
			links_of_the_draft_are_followed_within_the_root),
		cmocka_unit_test(
			copied_up_folders_keep_their_mode_and_new_ones_get_the_default),
		cmocka_unit_test(created_folders_get_the_epoch),
		cmocka_unit_test(what_is_no_folder_is_not_entered),
		cmocka_unit_test(
			a_file_never_replaces_a_folder_nor_a_folder_a_file),
		cmocka_unit_test(
			a_copied_link_never_leads_a_later_file_outside),
		cmocka_unit_test(two_names_of_a_file_are_one_file_again),
		cmocka_unit_test(filters_say_what_is_copied),
		cmocka_unit_test(names_that_are_too_long_are_an_error),
		cmocka_unit_test(a_heredoc_is_a_file_of_that_name),
		cmocka_unit_test(a_folder_of_the_target_tells_what_is_in_it),
		cmocka_unit_test(a_child_is_opened_copied_up_or_created),
		cmocka_unit_test(
			needs_root_owners_are_the_sources_unless_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
