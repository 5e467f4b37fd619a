#include "tests/base/support.h"

#include "base/subprocess.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

static void output_and_status_come_back(void **state)
{
	const char *const argv[] = {"sh", "-c",
				    "echo out; echo err >&2; exit 3", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_ok(subprocess_run(argv, &out, &status, &e));
	assert_string_equal(buf_c(&out), "out\nerr\n");
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
}

static void a_signal_is_seen_in_the_status(void **state)
{
	const char *const argv[] = {"sh", "-c", "kill -TERM $$", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_ok(subprocess_run(argv, &out, &status, &e));
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void input_is_empty(void **state)
{
	const char *const argv[] = {"cat", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_ok(subprocess_run(argv, &out, &status, &e));
	assert_int_equal(status, 0);
	assert_string_equal(buf_c(&out), "");
}

static void arguments_pass_as_they_are(void **state)
{
	const char *const argv[] = {"printf", "%s|", "a b", "$x", "", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_ok(subprocess_run(argv, &out, &status, &e));
	assert_string_equal(buf_c(&out), "a b|$x||");
}

static void a_missing_program_is_not_found(void **state)
{
	const char *const argv[] = {"no-such-program-here", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_int_equal(subprocess_run(argv, &out, &status, &e), -1);
	assert_error(&e, ERR_NOT_FOUND,
		     "no-such-program-here: no such program");
}

static void a_folder_of_path_that_is_closed_to_us_changes_nothing(void **state)
{
	const char *const argv[] = {"no-such-program-here", NULL};
	SCOPED_TEMP_DIR t;
	SCOPED_PTR char *path = NULL;
	SCOPED_PTR char *before = NULL;
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	skip_as_root();
	before = xstrdup(getenv("PATH"));
	temp_dir_make(&t);
	put_tree(t.fd, "closed/");
	assert_int_equal(fchmodat(t.fd, "closed", 0, 0), 0);
	path = xasprintf("%s/closed:%s", t.path, before);
	assert_int_equal(setenv("PATH", path, 1), 0);
	assert_int_equal(subprocess_run(argv, &out, &status, &e), -1);
	assert_error(&e, ERR_NOT_FOUND,
		     "no-such-program-here: no such program");
	assert_int_equal(setenv("PATH", before, 1), 0);
}

static void what_can_not_be_executed_is_another_error(void **state)
{
	const char *const argv[] = {"/etc/passwd", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_int_equal(subprocess_run(argv, &out, &status, &e), -1);
	assert_error(&e, ERR_SYS, "run /etc/passwd: Permission denied");
}

static void
more_output_than_the_ceiling_does_not_block_the_program(void **state)
{
	const char *const argv[] = {"sh", "-c",
				    "head -c 1000000 /dev/zero; exit 5", NULL};
	SCOPED_BUF struct buf out = BUF_INIT(100);
	int status;
	struct err e;

	(void)state;
	assert_ok(subprocess_run(argv, &out, &status, &e));
	assert_int_equal(WEXITSTATUS(status), 5);
	assert_int_equal(buf_check(&out, "output", &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_status_come_back),
		cmocka_unit_test(a_signal_is_seen_in_the_status),
		cmocka_unit_test(input_is_empty),
		cmocka_unit_test(arguments_pass_as_they_are),
		cmocka_unit_test(a_missing_program_is_not_found),
		cmocka_unit_test(
			a_folder_of_path_that_is_closed_to_us_changes_nothing),
		cmocka_unit_test(what_can_not_be_executed_is_another_error),
		cmocka_unit_test(
			more_output_than_the_ceiling_does_not_block_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
