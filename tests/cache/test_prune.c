#include "tests/cache/support.h"

#include "cache/prune.h"

#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Every path below fd gets one time, so that copies look unchanged. */
static void same_times(int fd, const char *const *paths, int64_t seconds)
{
	for (; *paths; paths++)
		set_mtime(fd, *paths, seconds);
}

#define TIMES(fd, ...) \
	same_times((fd), (const char *const[]){__VA_ARGS__, NULL}, 1000)

/* The topmost layer is the upper folder, the others are its base. */
static void prune(struct layers *l)
{
	const struct view base = {.layer_fds = l->fds,
				  .n_layers = l->view.n_layers - 1};
	struct err e;

	assert_ok(prune_upper(l->fds[l->view.n_layers - 1], &base, &e));
}

static int upper_of(const struct layers *l)
{
	return l->fds[l->view.n_layers - 1];
}

static void what_changed_stays(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 b=1 d/x=1", "a=2 b! c=3 d/y=2 new/z=1", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "a=2 b! c=3 d/ d/y=2 new/ new/z=1");
}

static void a_whiteout_of_nothing_goes(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "keep=1 d/x=1", "none! keep! d/none! d/x!", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "d/ d/x! keep!");
}

static void a_whiteout_of_what_a_lower_layer_hid_already_goes(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 d/x=1", "a! d~", "a! d/x!", NULL);
	TIMES(l.fds[1], "d");
	TIMES(l.fds[2], "d");
	prune(&l);
	assert_tree(upper_of(&l), "");
}

static void a_folder_that_was_only_copied_up_goes(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/e/x=1", "d/e/", NULL);
	TIMES(l.fds[0], "d/e", "d");
	TIMES(l.fds[1], "d/e", "d");
	prune(&l);
	assert_tree(upper_of(&l), "");
}

static void
a_folder_with_a_new_mode_stays_one_with_a_new_time_does_not(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "mode/ time/ same/", "mode/ time/ same/", NULL);
	TIMES(l.fds[0], "mode", "time", "same");
	TIMES(l.fds[1], "mode", "same");
	set_mtime(l.fds[1], "time", 1001);
	assert_int_equal(fchmodat(l.fds[1], "mode", 0700, 0), 0);
	prune(&l);
	assert_tree(upper_of(&l), "mode/");
}

static void
a_folder_that_shrinks_to_nothing_goes_and_its_parent_too(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/e/x=1", "d/e/none!", NULL);
	TIMES(l.fds[0], "d/e", "d");
	TIMES(l.fds[1], "d/e", "d");
	prune(&l);
	assert_tree(upper_of(&l), "");
}

static void a_new_folder_stays_though_it_is_empty(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1", "new/", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "new/");
}

static void a_file_that_was_written_again_as_it_was_goes(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 l->a p| d/f=long-text",
		    "a=1 l->a p| d/f=long-text", NULL);
	TIMES(l.fds[0], "a", "l", "p", "d/f", "d");
	TIMES(l.fds[1], "a", "l", "p", "d/f", "d");
	prune(&l);
	assert_tree(upper_of(&l), "");
}

static void bytes_are_compared_whatever_the_times_say(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 l->a", "a=2 l->b", NULL);
	TIMES(l.fds[0], "a", "l");
	TIMES(l.fds[1], "a", "l");
	prune(&l);
	assert_tree(upper_of(&l), "a=2 l->b");
}

static void a_difference_at_the_end_of_a_large_file_is_seen(void **state)
{
	enum { SIZE = 150000 };
	SCOPED_LAYERS l;
	SCOPED_PTR char *bytes = xcalloc(SIZE, 1);

	(void)state;
	layers_make(&l, "", "", NULL);
	for (int i = 0; i < 2; i++) {
		put_file(l.fds[i], "same", (struct str){bytes, SIZE}, 0644);
		bytes[SIZE - 1] = (char)i;
		put_file(l.fds[i], "other", (struct str){bytes, SIZE}, 0644);
		bytes[SIZE - 1] = 0;
		TIMES(l.fds[i], "same", "other");
	}
	prune(&l);
	assert_false(path_exists(upper_of(&l), "same"));
	assert_true(path_exists(upper_of(&l), "other"));
}

static void a_file_with_another_time_or_mode_stays(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "mode=1 time=1 nano=1", "mode=1 time=1 nano=1", NULL);
	TIMES(l.fds[0], "mode", "time", "nano");
	TIMES(l.fds[1], "mode");
	set_mtime(l.fds[1], "time", 1001);
	assert_int_equal(utimensat(l.fds[1], "nano",
				   (struct timespec[]){{1000, 0}, {1000, 1}},
				   0),
			 0);
	assert_int_equal(fchmodat(l.fds[1], "mode", 0755, 0), 0);
	prune(&l);
	assert_tree(upper_of(&l), "mode=1 nano=1 time=1");
}

static void an_opaque_folder_becomes_explicit_whiteouts(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/a=1 d/b/c=1 d/keep=1", "d~ d/keep=2 d/new=2", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "d/ d/a! d/b! d/keep=2 d/new=2");
}

static void
a_folder_in_an_opaque_folder_hides_what_the_base_has_in_it(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/b/old=1 d/b/c/deep=1", "d~ d/b/new=2 d/b/c/x=2",
		    NULL);
	prune(&l);
	assert_tree(upper_of(&l),
		    "d/ d/b/ d/b/c/ d/b/c/deep! d/b/c/x=2 d/b/new=2 d/b/old!");
}

static void an_opaque_mark_where_the_base_has_nothing_goes(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "f=1 gone/x=1", "gone!", "new~ new/x=1 f~ gone~", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "f/ gone/ new/ new/x=1");
}

static void the_view_is_the_same_before_and_after(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/a=1 d/b/c=1 e/f=1 g=1 h/i=1", "d/b! e~ e/x=2 h=file",
		    "d~ d/b/new=3 e/f! g! none! h/j=3 k=4", NULL);
	assert_view(&l.view, "d/ d/b/ d/b/new=3 e/ e/x=2 h/ h/j=3 k=4");
	prune(&l);
	assert_view(&l.view, "d/ d/b/ d/b/new=3 e/ e/x=2 h/ h/j=3 k=4");
}

static void times_of_folders_survive(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "d/a=1 d/b=1", "d~ d/none! d/c=1", NULL);
	set_mtime(l.fds[1], "d", 5000);
	set_mtime(l.fds[1], ".", 6000);
	prune(&l);
	assert_tree(upper_of(&l), "d/ d/a! d/b! d/c=1");
	assert_int_equal(stat_of(l.fds[1], "d").st_mtim.tv_sec, 5000);
	assert_int_equal(stat_of(l.fds[1], ".").st_mtim.tv_sec, 6000);
}

static void types_that_changed_stay(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 b/x=1 c->a d|", "a/ b=1 c=1 d->c", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "a/ b=1 c=1 d->c");
}

static void without_a_base_nothing_is_touched(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	layers_make(&l, "a=1 d/x=1", NULL);
	prune(&l);
	assert_tree(upper_of(&l), "a=1 d/ d/x=1");
}

static void needs_root_a_new_owner_stays(void **state)
{
	SCOPED_LAYERS l;

	(void)state;
	skip_unless_root();
	layers_make(&l, "uid=1 gid=1 same=1 d/", "uid=1 gid=1 same=1 d/", NULL);
	TIMES(l.fds[0], "uid", "gid", "same", "d");
	assert_int_equal(fchownat(l.fds[1], "uid", 7, 0, 0), 0);
	assert_int_equal(fchownat(l.fds[1], "gid", 0, 7, 0), 0);
	assert_int_equal(fchownat(l.fds[1], "d", 7, 7, 0), 0);
	TIMES(l.fds[1], "uid", "gid", "same", "d");
	prune(&l);
	assert_tree(upper_of(&l), "d/ gid=1 uid=1");
}

static void needs_root_a_new_capability_stays(void **state)
{
	static const unsigned char capability[20] = {1, 0, 0, 2, 0, 0x20};
	SCOPED_LAYERS l;
	SCOPED_FD int fd = -1;

	(void)state;
	skip_unless_root();
	layers_make(&l, "f=1", "f=1", NULL);
	fd = openat(l.fds[1], "f", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(fd, "security.capability", capability, sizeof(capability),
		      0) < 0) {
		print_message("capabilities can't be set here\n");
		skip();
	}
	TIMES(l.fds[0], "f");
	TIMES(l.fds[1], "f");
	prune(&l);
	assert_tree(upper_of(&l), "f=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changed_stays),
		cmocka_unit_test(a_whiteout_of_nothing_goes),
		cmocka_unit_test(
			a_whiteout_of_what_a_lower_layer_hid_already_goes),
		cmocka_unit_test(a_folder_that_was_only_copied_up_goes),
		cmocka_unit_test(
			a_folder_with_a_new_mode_stays_one_with_a_new_time_does_not),
		cmocka_unit_test(
			a_folder_that_shrinks_to_nothing_goes_and_its_parent_too),
		cmocka_unit_test(a_new_folder_stays_though_it_is_empty),
		cmocka_unit_test(a_file_that_was_written_again_as_it_was_goes),
		cmocka_unit_test(bytes_are_compared_whatever_the_times_say),
		cmocka_unit_test(
			a_difference_at_the_end_of_a_large_file_is_seen),
		cmocka_unit_test(a_file_with_another_time_or_mode_stays),
		cmocka_unit_test(an_opaque_folder_becomes_explicit_whiteouts),
		cmocka_unit_test(
			a_folder_in_an_opaque_folder_hides_what_the_base_has_in_it),
		cmocka_unit_test(
			an_opaque_mark_where_the_base_has_nothing_goes),
		cmocka_unit_test(the_view_is_the_same_before_and_after),
		cmocka_unit_test(times_of_folders_survive),
		cmocka_unit_test(types_that_changed_stay),
		cmocka_unit_test(without_a_base_nothing_is_touched),
		cmocka_unit_test(needs_root_a_new_owner_stays),
		cmocka_unit_test(needs_root_a_new_capability_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
