#include "tests/cache/support.h"

#include "base/io.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_new_store_is_an_image_layout_with_more_beside_it(void **state)
{
	static const char *const names[] = {
		"oci-layout", "index.json", "blobs/sha256", "snapshots",
		"steps",      "variants",   "stat",	    "logs",
		"locks",      "tmp"};
	SCOPED_STORE t;

	(void)state;
	temp_store_make(&t);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!path_exists(t.dir.fd, names[i]))
			fail_msg("no %s", names[i]);
	assert_int_equal(t.store.path[0], '/');
}

static void opening_again_keeps_what_is_there(void **state)
{
	SCOPED_STORE t;
	struct store again;
	struct err e;

	(void)state;
	temp_store_make(&t);
	put_tree(t.store.fd, "steps/abc=1");
	assert_ok(store_open(&again, t.dir.path, &e));
	assert_file(again.fd, "steps/abc", "1");
	assert_string_equal(again.path, t.store.path);
	store_release(&again);
	store_release(&again);
}

static void missing_parents_of_the_store_are_made(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_PTR char *path = NULL;
	struct store s;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	path = xasprintf("%s/a/b/c", t.path);
	assert_ok(store_open(&s, path, &e));
	assert_true(path_exists(t.fd, "a/b/c/oci-layout"));
	store_release(&s);
}

static void the_environment_names_the_store(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_PTR char *path = NULL;
	SCOPED_PTR char *before = NULL;
	struct store s;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	path = xasprintf("%s/from-env", t.path);
	before = getenv("IMGBUILD_ROOT") ? xstrdup(getenv("IMGBUILD_ROOT"))
					 : NULL;
	assert_int_equal(setenv("IMGBUILD_ROOT", path, 1), 0);
	assert_ok(store_open(&s, NULL, &e));
	assert_true(path_exists(t.fd, "from-env/tmp"));
	store_release(&s);
	if (before)
		assert_int_equal(setenv("IMGBUILD_ROOT", before, 1), 0);
	else
		assert_int_equal(unsetenv("IMGBUILD_ROOT"), 0);
}

static void a_store_that_can_not_be_made_names_the_variable(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_PTR char *path = NULL;
	struct store s;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "file=1");
	path = xasprintf("%s/file", t.path);
	assert_int_equal(store_open(&s, path, &e), -1);
	assert_error(&e, ERR_SYS, "IMGBUILD_ROOT");
	store_release(&s);
}

static mode_t mode_of(int dirfd)
{
	struct stat st;

	assert_int_equal(fstat(dirfd, &st), 0);
	return st.st_mode & 07777;
}

static void a_store_is_its_owners_alone_whatever_the_umask(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0177};
	SCOPED_TEMP_DIR t;

	(void)state;
	temp_dir_make(&t);
	for (size_t i = 0; i < ARRAY_LEN(masks); i++) {
		SCOPED_PTR char *path = xasprintf("%s/s%zu", t.path, i);
		mode_t before = umask(masks[i]);
		struct store s;
		struct err e;
		int result = store_open(&s, path, &e);

		(void)umask(before);
		assert_ok(result);
		assert_int_equal(mode_of(s.fd), 0700);
		store_release(&s);
	}
}

static void an_older_store_is_tightened(void **state)
{
	static const mode_t modes[] = {0755, 0777, 01777, 02770, 0701, 0500};
	SCOPED_STORE t;

	(void)state;
	temp_store_make(&t);
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		struct store again;
		struct err e;

		assert_int_equal(fchmod(t.store.fd, modes[i]), 0);
		assert_ok(store_open(&again, t.dir.path, &e));
		assert_int_equal(mode_of(again.fd), 0700);
		store_release(&again);
	}
}

static void a_folder_of_other_things_is_not_made_a_store(void **state)
{
	SCOPED_TEMP_DIR t;
	struct store s;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "letters/");
	assert_int_equal(fchmod(t.fd, 0755), 0);
	assert_int_equal(store_open(&s, t.path, &e), -1);
	assert_error(&e, ERR_INVALID, "letters");
	assert_int_equal(mode_of(t.fd), 0755);
	assert_false(path_exists(t.fd, "oci-layout"));
	store_release(&s);
}

static void the_store_of_somebody_else_is_refused_unless_asked_for(void **state)
{
	SCOPED_STORE t;
	struct store s;
	struct err e;

	(void)state;
	temp_store_make(&t);
	if (fchown(t.store.fd, 12345, (gid_t)-1) < 0)
		skip(); /* only root can give a folder away */
	assert_int_equal(store_open(&s, t.dir.path, &e), -1);
	assert_error(&e, ERR_INVALID, "belongs to user 12345");
	assert_int_equal(setenv("IMGBUILD_ALLOW_FOREIGN_STORE", "1", 1), 0);
	assert_ok(store_open(&s, t.dir.path, &e));
	assert_int_equal(unsetenv("IMGBUILD_ALLOW_FOREIGN_STORE"), 0);
	store_release(&s);
}

static void a_store_of_a_newer_version_is_refused(void **state)
{
	SCOPED_STORE t;
	struct store s;
	struct err e;

	(void)state;
	temp_store_make(&t);
	put_file(t.store.fd, "version", STR("2\n"), 0644);
	assert_int_equal(store_open(&s, t.dir.path, &e), -1);
	assert_error(&e, ERR_UNSUPPORTED, "newer imgbuild");
	store_release(&s);
}

static void a_damaged_version_is_written_anew(void **state)
{
	static const char *const table[] = {"", "x", "-1", "1x", "0"};
	SCOPED_STORE t;

	(void)state;
	temp_store_make(&t);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct store s;
		struct err e;

		put_file(t.store.fd, "version", str_from(table[i]), 0644);
		assert_ok(store_open(&s, t.dir.path, &e));
		assert_file(s.fd, "version", "1\n");
		store_release(&s);
	}
}

static void a_store_that_was_exchanged_is_not_reopened(void **state)
{
	SCOPED_STORE t;
	SCOPED_PTR char *aside = NULL;
	struct err e;

	(void)state;
	temp_store_make(&t);
	aside = xasprintf("%s.aside", t.store.path);
	assert_int_equal(rename(t.store.path, aside), 0);
	assert_int_equal(mkdir(t.store.path, 0700), 0);
	assert_int_equal(store_reopen(&t.store, &e), -1);
	assert_error(&e, ERR_INVALID, "took its place");
	assert_int_equal(rmdir(t.store.path), 0);
	assert_int_equal(rename(aside, t.store.path), 0);
}

static void
reopening_keeps_the_descriptor_and_finds_the_folder_again(void **state)
{
	SCOPED_STORE t;
	int fd;
	struct err e;

	(void)state;
	temp_store_make(&t);
	fd = t.store.fd;
	put_tree(t.store.fd, "steps/abc=1");
	assert_ok(store_reopen(&t.store, &e));
	assert_int_equal(t.store.fd, fd);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_file(t.store.fd, "steps/abc", "1");
}

static void a_store_that_is_gone_can_not_be_reopened(void **state)
{
	SCOPED_STORE t;
	struct err e;

	(void)state;
	temp_store_make(&t);
	t.store.path[strlen(t.store.path) - 1] = '?';
	assert_int_equal(store_reopen(&t.store, &e), -1);
	assert_error(&e, ERR_SYS, "again");
}

static void a_work_folder_is_below_tmp_and_private(void **state)
{
	SCOPED_STORE t;
	SCOPED_PTR char *a = NULL;
	SCOPED_PTR char *b = NULL;
	SCOPED_FD int fd_a = -1;
	SCOPED_FD int fd_b = -1;
	struct err e;

	(void)state;
	temp_store_make(&t);
	fd_a = store_workdir_create(&t.store, &a, &e);
	fd_b = store_workdir_create(&t.store, &b, &e);
	assert_true(fd_a >= 0 && fd_b >= 0);
	assert_true(str_starts(str_from(a), "tmp/"));
	assert_string_not_equal(a, b);
	assert_int_equal(stat_of(t.store.fd, a).st_mode & 0777, 0700);
}

static void a_sweep_removes_only_folders_of_the_dead(void **state)
{
	SCOPED_STORE t;
	SCOPED_PTR char *alive = NULL;
	SCOPED_PTR char *dead = NULL;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	temp_store_make(&t);
	fd = store_workdir_create(&t.store, &alive, &e);
	(void)close(store_workdir_create(&t.store, &dead, &e));
	put_tree(t.store.fd, "tmp/very-old/with/content=1 tmp/young-file=1");
	assert_ok(store_sweep(&t.store, &e));
	assert_true(path_exists(t.store.fd, alive));
	assert_false(path_exists(t.store.fd, dead));
	assert_false(path_exists(t.store.fd, "tmp/very-old"));
	assert_true(path_exists(t.store.fd, "tmp/young-file"));
}

static void a_file_of_yesterday_is_swept(void **state)
{
	SCOPED_STORE t;
	struct err e;

	(void)state;
	temp_store_make(&t);
	put_tree(t.store.fd, "tmp/old=1 steps/old=1");
	set_mtime(t.store.fd, "tmp/old", 1000);
	set_mtime(t.store.fd, "steps/old", 1000);
	assert_ok(store_sweep(&t.store, &e));
	assert_false(path_exists(t.store.fd, "tmp/old"));
	assert_true(path_exists(t.store.fd, "steps/old"));
}

static void links_and_fifos_in_tmp_lead_a_sweep_nowhere(void **state)
{
	SCOPED_STORE t;
	struct err e;

	(void)state;
	temp_store_make(&t);
	put_tree(t.store.fd,
		 "tmp/fifo| tmp/out->../steps tmp/dangling->none steps/x=1");
	assert_ok(store_sweep(&t.store, &e));
	assert_true(path_exists(t.store.fd, "steps/x"));
}

static void what_a_killed_process_left_is_swept_by_the_next(void **state)
{
	SCOPED_STORE t;
	int fds[2];
	char ready;
	pid_t pid;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		char *name;
		int fd = store_workdir_create(&t.store, &name, &e);

		put_tree(fd, "upper/usr/bin/x=1");
		(void)!write(fds[1], "", 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(fds[0], &ready, 1), 1);
	/* while it lives, its folder stays */
	assert_ok(store_sweep(&t.store, &e));
	{
		SCOPED_FD int tmp = io_open_dir(t.store.fd, "tmp", &e);
		SCOPED_BUF struct buf text = BUF_INIT(1000);

		tree_text(&text, tmp);
		assert_non_null(strstr(buf_c(&text), "upper/usr/bin/x=1"));
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	assert_ok(store_sweep(&t.store, &e));
	{
		SCOPED_FD int tmp = io_open_dir(t.store.fd, "tmp", &e);

		assert_tree(tmp, "");
	}
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_new_store_is_an_image_layout_with_more_beside_it),
		cmocka_unit_test(opening_again_keeps_what_is_there),
		cmocka_unit_test(missing_parents_of_the_store_are_made),
		cmocka_unit_test(the_environment_names_the_store),
		cmocka_unit_test(
			a_store_that_can_not_be_made_names_the_variable),
		cmocka_unit_test(
			a_store_is_its_owners_alone_whatever_the_umask),
		cmocka_unit_test(an_older_store_is_tightened),
		cmocka_unit_test(a_folder_of_other_things_is_not_made_a_store),
		cmocka_unit_test(
			the_store_of_somebody_else_is_refused_unless_asked_for),
		cmocka_unit_test(a_store_of_a_newer_version_is_refused),
		cmocka_unit_test(a_damaged_version_is_written_anew),
		cmocka_unit_test(a_store_that_was_exchanged_is_not_reopened),
		cmocka_unit_test(
			reopening_keeps_the_descriptor_and_finds_the_folder_again),
		cmocka_unit_test(a_store_that_is_gone_can_not_be_reopened),
		cmocka_unit_test(a_work_folder_is_below_tmp_and_private),
		cmocka_unit_test(a_sweep_removes_only_folders_of_the_dead),
		cmocka_unit_test(a_file_of_yesterday_is_swept),
		cmocka_unit_test(links_and_fifos_in_tmp_lead_a_sweep_nowhere),
		cmocka_unit_test(
			what_a_killed_process_left_is_swept_by_the_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
