#include "tests/base/support.h"

#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void a_file_is_read_whole(void **state)
{
	static const size_t sizes[] = {0,      1,      4095,   4096,   4097,
				       262143, 262144, 262145, 1000000};
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		SCOPED_PTR char *bytes = xmalloc(sizes[i]);
		SCOPED_BUF struct buf out = BUF_INIT(1000000);

		memset(bytes, 'a' + (int)i, sizes[i]);
		put_file(t.fd, "f", (struct str){bytes, sizes[i]}, 0644);
		if (io_read_file(t.fd, "f", &out, &e) != 1)
			fail_msg("%zu bytes: %s", sizes[i], e.msg);
		assert_true(
			str_eq(buf_str(&out), (struct str){bytes, sizes[i]}));
	}
}

static void a_confined_read_does_not_follow_links_out(void **state)
{
	SCOPED_BUF struct buf out = BUF_INIT(100);
	SCOPED_TEMP_DIR t;
	SCOPED_FD int root = -1;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_file(t.fd, "secret", STR("outside"), 0644);
	assert_int_equal(mkdirat(t.fd, "root", 0755), 0);
	root = io_open_dir(t.fd, "root", &e);
	put_file(root, "f", STR("inside"), 0644);
	assert_int_equal(symlinkat("../secret", root, "up"), 0);
	assert_int_equal(symlinkat("/f", root, "absolute"), 0);
	assert_int_equal(io_read_file_in_root(root, "up", &out, &e), 0);
	assert_int_equal(io_read_file_in_root(root, "../secret", &out, &e), 0);
	assert_int_equal(io_read_file_in_root(root, "absolute", &out, &e), 1);
	assert_string_equal(buf_c(&out), "inside");
}

static void reading_appends(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf out = BUF_INIT(100);
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "f=def");
	buf_add_c(&out, "abc");
	assert_int_equal(io_read_file(t.fd, "f", &out, &e), 1);
	assert_string_equal(buf_c(&out), "abcdef");
}

static void a_file_that_is_exactly_at_the_limit_is_read(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf exact = BUF_INIT(5);
	SCOPED_BUF struct buf tight = BUF_INIT(4);
	SCOPED_BUF struct buf none = BUF_INIT(0);
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "f=12345");
	assert_int_equal(io_read_file(t.fd, "f", &exact, &e), 1);
	assert_string_equal(buf_c(&exact), "12345");
	assert_int_equal(io_read_file(t.fd, "f", &tight, &e), -1);
	assert_error(&e, ERR_LIMIT, "f: larger than 4 bytes");
	assert_int_equal(io_read_file(t.fd, "f", &none, &e), -1);
	assert_error(&e, ERR_LIMIT, "f: larger than 0 bytes");
}

static void a_file_without_an_end_stops_at_the_limit(void **state)
{
	SCOPED_FD int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	SCOPED_BUF struct buf out = BUF_INIT(100000);
	struct err e;

	(void)state;
	assert_int_equal(io_read_fd(fd, &out, "/dev/zero", &e), -1);
	assert_error(&e, ERR_LIMIT, "/dev/zero: larger than 100000 bytes");
}

static void a_missing_file_is_absent_not_an_error(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf out = BUF_INIT(10);
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "f=1");
	assert_int_equal(io_read_file(t.fd, "none", &out, &e), 0);
	assert_int_equal(io_read_file(t.fd, "none/f", &out, &e), 0);
	assert_int_equal(io_read_file(t.fd, "f/below", &out, &e), -1);
	assert_error(&e, ERR_SYS, "open f/below: Not a directory");
}

static void what_is_no_regular_file_is_refused_without_waiting(void **state)
{
	static const char *const names[] = {"fifo", "folder", "null"};
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf out = BUF_INIT(10);
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "fifo| folder/ null->/dev/null");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		assert_int_equal(io_read_file(t.fd, names[i], &out, &e), -1);
		assert_error(&e, ERR_INVALID, "not a regular file");
	}
}

static void an_unreadable_file_is_an_error(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf out = BUF_INIT(10);
	struct err e;

	(void)state;
	skip_as_root();
	temp_dir_make(&t);
	put_file(t.fd, "f", STR("x"), 0);
	assert_int_equal(io_read_file(t.fd, "f", &out, &e), -1);
	assert_error(&e, ERR_SYS, "open f: Permission denied");
}

static void reading_gathers_what_comes_in_small_pieces(void **state)
{
	int fds[2];
	char got_bytes[10] = "";
	size_t got;
	struct err e;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		for (const char *p = "abcdef"; *p; p++) {
			(void)!write(fds[1], p, 1);
			(void)usleep(1000);
		}
		_exit(0);
	}
	(void)close(fds[1]);
	assert_ok(io_read_full(fds[0], got_bytes, 4, &got, "pipe", &e));
	assert_int_equal(got, 4);
	assert_string_equal(got_bytes, "abcd");
	assert_ok(io_read_full(fds[0], got_bytes, 4, &got, "pipe", &e));
	assert_int_equal(got, 2);
	(void)close(fds[0]);
	(void)waitpid(pid, NULL, 0);
}

static void writing_to_a_full_device_says_so(void **state)
{
	SCOPED_FD int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct err e;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, "x", 1, "image.tar", &e), -1);
	assert_error(&e, ERR_SYS, "write image.tar: No space left on device");
	assert_int_equal(e.sys, ENOSPC);
}

static void pwrite_leaves_the_rest_of_the_file(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "f=abcdef");
	fd = openat(t.fd, "f", O_WRONLY | O_CLOEXEC);
	assert_ok(io_pwrite_all(fd, "XY", 2, 2, "f", &e));
	assert_file(t.fd, "f", "abXYef");
}

static void copies_are_whole_between_files_and_through_pipes(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int from = -1;
	SCOPED_FD int to = -1;
	SCOPED_FD int part = -1;
	int fds[2];
	char piped[8] = "";
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "from=abcdef to= part=");
	from = openat(t.fd, "from", O_RDONLY | O_CLOEXEC);
	to = openat(t.fd, "to", O_WRONLY | O_CLOEXEC);
	part = openat(t.fd, "part", O_WRONLY | O_CLOEXEC);
	assert_int_equal(pipe(fds), 0);

	assert_ok(io_copy(from, to, -1, "from", &e));
	assert_file(t.fd, "to", "abcdef");
	assert_int_equal(lseek(from, 1, SEEK_SET), 1);
	assert_ok(io_copy(from, part, 3, "from", &e));
	assert_file(t.fd, "part", "bcd");
	assert_ok(io_copy(from, fds[1], 2, "from", &e));
	assert_int_equal(read(fds[0], piped, sizeof(piped)), 2);
	assert_string_equal(piped, "ef");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void a_file_that_is_shorter_than_promised_is_corrupt(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int from = -1;
	SCOPED_FD int to = -1;
	int fds[2];
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "from=abc to=");
	from = openat(t.fd, "from", O_RDONLY | O_CLOEXEC);
	to = openat(t.fd, "to", O_WRONLY | O_CLOEXEC);
	assert_int_equal(io_copy(from, to, 10, "from", &e), -1);
	assert_error(&e, ERR_CORRUPT, "from: 7 bytes short");
	assert_int_equal(lseek(from, 0, SEEK_SET), 0);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(io_copy(from, fds[1], 10, "from", &e), -1);
	assert_error(&e, ERR_CORRUPT, "from: 7 bytes short");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void a_replaced_file_is_new_and_leaves_nothing_beside_it(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "d/f=old");
	assert_ok(io_replace_file(t.fd, "d/f", STR("new"), IO_DURABLE, &e));
	assert_ok(io_replace_file(t.fd, "g", STR(""), IO_CACHED, &e));
	assert_tree(t.fd, "d/ d/f=new g=");
	assert_int_equal(stat_of(t.fd, "g").st_mode & 0111, 0);
}

static void a_reader_keeps_the_old_content(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_FD int reader = -1;
	char bytes[8] = "";
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "f=old");
	reader = openat(t.fd, "f", O_RDONLY | O_CLOEXEC);
	assert_ok(io_replace_file(t.fd, "f", STR("newer"), IO_CACHED, &e));
	assert_int_equal(read(reader, bytes, sizeof(bytes)), 3);
	assert_string_equal(bytes, "old");
}

static void replacing_a_link_replaces_the_link(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "precious=1 f->precious");
	assert_ok(io_replace_file(t.fd, "f", STR("2"), IO_CACHED, &e));
	assert_tree(t.fd, "f=2 precious=1");
}

static void a_failed_replacement_leaves_everything_as_it_was(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "folder/x=1");
	assert_int_equal(
		io_replace_file(t.fd, "folder", STR("2"), IO_CACHED, &e), -1);
	assert_error(&e, ERR_SYS, "replace folder");
	assert_int_equal(
		io_replace_file(t.fd, "none/f", STR("2"), IO_CACHED, &e), -1);
	assert_tree(t.fd, "folder/ folder/x=1");
}

static void an_output_replaces_files_and_goes_into_what_is_none(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_PTR char *file = NULL;
	SCOPED_PTR char *fifo = NULL;
	SCOPED_PTR char *null = NULL;
	SCOPED_FD int reader = -1;
	char bytes[8] = "";
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "fifo| null->/dev/null");
	file = xasprintf("%s/file", t.path);
	fifo = xasprintf("%s/fifo", t.path);
	null = xasprintf("%s/null", t.path);
	reader = openat(t.fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_ok(io_write_output(file, STR("old"), &e));
	assert_ok(io_write_output(file, STR("new"), &e));
	assert_ok(io_write_output(fifo, STR("piped"), &e));
	assert_ok(io_write_output(null, STR("gone"), &e));
	assert_int_equal(read(reader, bytes, sizeof(bytes)), 5);
	assert_string_equal(bytes, "piped");
	assert_tree(t.fd, "fifo| file=new null->/dev/null");
	assert_int_equal(io_write_output(t.path, STR("x"), &e), -1);
	assert_error(&e, ERR_SYS, "write");
}

static void an_output_has_no_name_until_it_is_whole(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_PTR char *file = NULL;
	struct io_output o;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	/* what one left that was killed while it replaced a file */
	put_tree(t.fd, "file=old file.imgbuild-new=half");
	file = xasprintf("%s/file", t.path);
	assert_ok(io_output_open(&o, file, &e));
	assert_ok(io_write_all(o.fd, "new", 3, "file", &e));
	if (o.has_name) {
		io_output_release(&o);
		print_message("no files without a name here\n");
		skip();
	}
	assert_tree(t.fd, "file=old file.imgbuild-new=half");
	assert_ok(io_output_commit(&o, &e));
	io_output_release(&o);
	assert_tree(t.fd, "file=new");
}

static void *replace_many_times(void *arg)
{
	const struct temp_dir *t = arg;
	struct err e;

	for (int i = 0; i < 100; i++)
		if (io_replace_file(t->fd, "f", STR("0123456789"), IO_CACHED,
				    &e) < 0)
			return (void *)1;
	return NULL;
}

static void many_writers_never_show_half_a_file(void **state)
{
	SCOPED_TEMP_DIR t;
	pthread_t threads[4];
	void *failed;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "f=0123456789");
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
						replace_many_times, &t),
				 0);
	for (int i = 0; i < 300; i++)
		assert_file(t.fd, "f", "0123456789");
	for (size_t i = 0; i < ARRAY_LEN(threads); i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
	assert_tree(t.fd, "f=0123456789");
}

static void unique_names_differ_within_a_process(void **state)
{
	SCOPED_BUF struct buf a = BUF_INIT(100);
	SCOPED_BUF struct buf b = BUF_INIT(100);

	(void)state;
	io_unique_name(&a, "tmp/");
	io_unique_name(&b, "tmp/");
	assert_true(str_starts(buf_str(&a), "tmp/"));
	assert_string_not_equal(buf_c(&a), buf_c(&b));
}

static void missing_folders_are_made_and_existing_ones_kept(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "a/keep=1");
	assert_ok(io_mkdir_all(t.fd, "a/b//c/", 0700, &e));
	assert_ok(io_mkdir_all(t.fd, "a/b/c", 0755, &e));
	assert_ok(io_mkdir(t.fd, "a", 0700, &e));
	assert_tree(t.fd, "a/ a/b/ a/b/c/ a/keep=1");
	assert_int_equal(stat_of(t.fd, "a/b/c").st_mode & 0777, 0700);
	assert_int_equal(io_mkdir(t.fd, "a/keep", 0755, &e), -1);
	assert_error(&e, ERR_SYS, "create folder a/keep: File exists");
	assert_int_equal(io_mkdir_all(t.fd, "a/keep/b", 0755, &e), -1);
	assert_error(&e, ERR_SYS, "a/keep: File exists");
	put_tree(t.fd, "link->a dangling->none");
	assert_ok(io_mkdir(t.fd, "link", 0755, &e));
	assert_int_equal(io_mkdir(t.fd, "dangling", 0755, &e), -1);
}

static void removing_takes_files_links_fifos_and_folders(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "x/f=1 x/d/e/g=1 x/p| x/w! x/l->../keep "
		       "x/dl->../kept keep=1 kept/file=1 one=1 l->keep");
	assert_ok(io_remove_tree(t.fd, "x", &e));
	assert_ok(io_remove_tree(t.fd, "one", &e));
	assert_ok(io_remove_tree(t.fd, "l", &e));
	assert_tree(t.fd, "keep=1 kept/ kept/file=1");
}

static void removing_what_is_not_there_is_fine(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	assert_ok(io_remove_tree(t.fd, "none", &e));
	assert_ok(io_remove_tree(t.fd, "none/below", &e));
}

static void removing_enters_folders_without_any_mode(void **state)
{
	SCOPED_TEMP_DIR t;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "x/closed/inner/f=1 x/readonly/f=1");
	assert_int_equal(fchmodat(t.fd, "x/closed/inner", 0, 0), 0);
	assert_int_equal(fchmodat(t.fd, "x/closed", 0, 0), 0);
	assert_int_equal(fchmodat(t.fd, "x/readonly", 0555, 0), 0);
	assert_int_equal(fchmodat(t.fd, "x", 0, 0), 0);
	assert_ok(io_remove_tree(t.fd, "x", &e));
	assert_tree(t.fd, "");
}

static void removing_goes_five_hundred_folders_deep(void **state)
{
	SCOPED_TEMP_DIR t;
	int fd;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	fd = dup(t.fd);
	for (int i = 0; i < 500; i++) {
		int inner;

		assert_ok(io_mkdir(fd, "d", 0755, &e));
		inner = io_open_dir(fd, "d", &e);
		assert_true(inner >= 0);
		(void)close(fd);
		fd = inner;
	}
	(void)close(fd);
	assert_ok(io_remove_tree(t.fd, "d", &e));
	assert_tree(t.fd, "");
}

/* name/name/…: by descriptors, since the whole path is too long for one call */
static void make_deep(int dirfd, const char *name, unsigned depth)
{
	SCOPED_FD int at = fcntl(dirfd, F_DUPFD_CLOEXEC, 3);

	for (unsigned i = 0; i < depth; i++) {
		int child;

		assert_int_equal(mkdirat(at, name, 0755), 0);
		put_file(at, "f", STR("x"), 0644);
		child = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(child >= 0);
		(void)close(at);
		at = child;
	}
}

static void a_tree_deeper_than_there_are_descriptors_is_removed(void **state)
{
	SCOPED_TEMP_DIR t;
	struct rlimit before, few = {.rlim_cur = 256};
	struct stat st;
	struct err e = {0};
	int result;

	(void)state;
	temp_dir_make(&t);
	make_deep(t.fd, "deep", 3000);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	result = io_remove_tree(t.fd, "deep", &e);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	if (result < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(fstatat(t.fd, "deep", &st, 0), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_whole),
		cmocka_unit_test(a_confined_read_does_not_follow_links_out),
		cmocka_unit_test(
			a_tree_deeper_than_there_are_descriptors_is_removed),
		cmocka_unit_test(reading_appends),
		cmocka_unit_test(a_file_that_is_exactly_at_the_limit_is_read),
		cmocka_unit_test(a_file_without_an_end_stops_at_the_limit),
		cmocka_unit_test(a_missing_file_is_absent_not_an_error),
		cmocka_unit_test(
			what_is_no_regular_file_is_refused_without_waiting),
		cmocka_unit_test(an_unreadable_file_is_an_error),
		cmocka_unit_test(reading_gathers_what_comes_in_small_pieces),
		cmocka_unit_test(writing_to_a_full_device_says_so),
		cmocka_unit_test(pwrite_leaves_the_rest_of_the_file),
		cmocka_unit_test(
			copies_are_whole_between_files_and_through_pipes),
		cmocka_unit_test(
			a_file_that_is_shorter_than_promised_is_corrupt),
		cmocka_unit_test(
			a_replaced_file_is_new_and_leaves_nothing_beside_it),
		cmocka_unit_test(a_reader_keeps_the_old_content),
		cmocka_unit_test(replacing_a_link_replaces_the_link),
		cmocka_unit_test(
			a_failed_replacement_leaves_everything_as_it_was),
		cmocka_unit_test(
			an_output_replaces_files_and_goes_into_what_is_none),
		cmocka_unit_test(an_output_has_no_name_until_it_is_whole),
		cmocka_unit_test(many_writers_never_show_half_a_file),
		cmocka_unit_test(unique_names_differ_within_a_process),
		cmocka_unit_test(
			missing_folders_are_made_and_existing_ones_kept),
		cmocka_unit_test(removing_takes_files_links_fifos_and_folders),
		cmocka_unit_test(removing_what_is_not_there_is_fine),
		cmocka_unit_test(removing_enters_folders_without_any_mode),
		cmocka_unit_test(removing_goes_five_hundred_folders_deep),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
