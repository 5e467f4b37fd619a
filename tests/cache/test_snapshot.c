#include "tests/cache/support.h"

#include "base/io.h"
#include "cache/snapshot.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct view NO_BASE = {0};

/* What is below a folder of the store. */
static void assert_store(const struct temp_store *t, const char *folder,
			 const char *expected)
{
	struct err e;
	SCOPED_FD int fd = io_open_dir(t->store.fd, folder, &e);

	assert_true(fd >= 0);
	assert_tree(fd, expected);
}

/* A committed layer with the text in it; the root and l get one time. */
static struct layer commit(struct temp_store *t, const char *text)
{
	struct snapshot_draft d;
	struct layer layer;
	struct err e;

	assert_ok(snapshot_begin(&d, &t->store, &e));
	put_tree(d.upper_fd, text);
	if (path_exists(d.upper_fd, "l"))
		set_mtime(d.upper_fd, "l", 1000);
	set_mtime(d.upper_fd, ".", 1000);
	assert_ok(snapshot_commit(&d, &NO_BASE, 5000, &layer, &e));
	snapshot_release(&d);
	return layer;
}

static void a_committed_draft_is_a_snapshot_under_its_diff_id(void **state)
{
	SCOPED_STORE t;
	struct layer layer;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	temp_store_make(&t);
	layer = commit(&t, "d/a=1 l->d");
	assert_int_equal(layer.created_ns, 5000);
	assert_true(layer.size_bytes >= 1024);
	assert_false(digest_eq(&layer.diff_id, &layer.content_id));
	assert_int_equal(snapshot_exists(&t.store, &layer.diff_id, &e), 1);
	fd = snapshot_open(&t.store, &layer.diff_id, &e);
	assert_true(fd >= 0);
	assert_tree(fd, "d/ d/a=1 l->d");
	assert_store(&t, "tmp", "");
}

static void a_released_draft_leaves_nothing(void **state)
{
	SCOPED_STORE t;
	struct snapshot_draft d;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(snapshot_begin(&d, &t.store, &e));
	put_tree(d.upper_fd, "usr/bin/x=1");
	assert_ok(io_mkdir(d.fd, "work", 0, &e));
	snapshot_release(&d);
	assert_store(&t, "tmp", "");
	assert_store(&t, "snapshots", "");
	snapshot_release(&d);
}

static void
the_folder_of_a_draft_has_a_roots_mode_whatever_the_umask(void **state)
{
	SCOPED_STORE t;
	struct snapshot_draft d;
	mode_t before;
	struct err e;

	(void)state;
	temp_store_make(&t);
	before = umask(0077);
	assert_ok(snapshot_begin(&d, &t.store, &e));
	(void)umask(before);
	assert_int_equal(stat_of(d.upper_fd, ".").st_mode & 07777, 0755);
	snapshot_release(&d);
}

static void what_lies_beside_upper_is_not_part_of_the_snapshot(void **state)
{
	SCOPED_STORE t;
	struct snapshot_draft d;
	struct layer layer;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(snapshot_begin(&d, &t.store, &e));
	put_tree(d.upper_fd, "a=1");
	put_tree(d.fd, "work/inner/ merged/");
	assert_ok(snapshot_commit(&d, &NO_BASE, 0, &layer, &e));
	fd = snapshot_open(&t.store, &layer.diff_id, &e);
	assert_tree(fd, "a=1");
	assert_store(&t, "tmp", "");
	snapshot_release(&d);
}

static void the_same_layer_twice_is_one_snapshot(void **state)
{
	SCOPED_STORE t;
	struct layer a;
	struct layer b;
	char path[100];
	char hex[DIGEST_HEX_SIZE];
	ino_t before;

	(void)state;
	temp_store_make(&t);
	a = commit(&t, "l->x");
	(void)snprintf(path, sizeof(path), "snapshots/%s",
		       digest_hex(&a.diff_id, hex));
	before = stat_of(t.store.fd, path).st_ino;

	b = commit(&t, "l->x");
	assert_true(digest_eq(&a.diff_id, &b.diff_id));
	assert_int_equal(stat_of(t.store.fd, path).st_ino, before);
	assert_store(&t, "tmp", "");
}

static void content_is_known_again_whatever_the_times(void **state)
{
	SCOPED_STORE t;
	struct snapshot_draft d;
	struct layer a;
	struct layer b;
	struct err e;

	(void)state;
	temp_store_make(&t);
	for (int i = 0; i < 2; i++) {
		struct layer *out = i ? &b : &a;

		assert_ok(snapshot_begin(&d, &t.store, &e));
		put_tree(d.upper_fd, "f=1");
		set_mtime(d.upper_fd, "f", 1000 + i);
		assert_ok(snapshot_commit(&d, &NO_BASE, 0, out, &e));
	}
	assert_true(digest_eq(&a.content_id, &b.content_id));
	assert_false(digest_eq(&a.diff_id, &b.diff_id));
}

static void a_commit_prunes_what_is_no_change(void **state)
{
	SCOPED_STORE t;
	SCOPED_LAYERS l;
	struct snapshot_draft d;
	struct layer layer;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	temp_store_make(&t);
	layers_make(&l, "a=1 d/x=1", NULL);
	assert_ok(snapshot_begin(&d, &t.store, &e));
	put_tree(d.upper_fd, "a! none! d~ d/y=1");
	assert_ok(snapshot_commit(&d, &l.view, 0, &layer, &e));
	fd = snapshot_open(&t.store, &layer.diff_id, &e);
	assert_tree(fd, "a! d/ d/x! d/y=1");
}

static void a_file_that_no_layer_can_hold_fails_the_commit(void **state)
{
	SCOPED_STORE t;
	struct snapshot_draft d;
	struct layer layer;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(snapshot_begin(&d, &t.store, &e));
	put_tree(d.upper_fd, ".wh.a=1");
	assert_int_equal(snapshot_commit(&d, &NO_BASE, 0, &layer, &e), -1);
	assert_int_equal(e.code, ERR_UNSUPPORTED);
	snapshot_release(&d);
	assert_store(&t, "tmp", "");
	assert_store(&t, "snapshots", "");
}

static void a_missing_snapshot_is_not_found(void **state)
{
	SCOPED_STORE t;
	const struct digest none = digest_of("none", 4);
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_int_equal(snapshot_exists(&t.store, &none, &e), 0);
	assert_int_equal(snapshot_open(&t.store, &none, &e), -1);
	assert_error(&e, ERR_NOT_FOUND, "no such snapshot");
}

static void a_draft_of_a_killed_process_is_swept_and_hurts_nobody(void **state)
{
	SCOPED_STORE t;
	struct layer layer;
	int fds[2];
	char ready;
	pid_t pid;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct snapshot_draft d;

		if (snapshot_begin(&d, &t.store, &e) == 0)
			put_tree(d.upper_fd, "half/written=1");
		(void)!write(fds[1], "", 1);
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(fds[0], &ready, 1), 1);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);

	layer = commit(&t, "a=1");
	assert_int_equal(snapshot_exists(&t.store, &layer.diff_id, &e), 1);
	assert_ok(store_sweep(&t.store, &e));
	assert_store(&t, "tmp", "");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_committed_draft_is_a_snapshot_under_its_diff_id),
		cmocka_unit_test(a_released_draft_leaves_nothing),
		cmocka_unit_test(
			the_folder_of_a_draft_has_a_roots_mode_whatever_the_umask),
		cmocka_unit_test(
			what_lies_beside_upper_is_not_part_of_the_snapshot),
		cmocka_unit_test(the_same_layer_twice_is_one_snapshot),
		cmocka_unit_test(content_is_known_again_whatever_the_times),
		cmocka_unit_test(a_commit_prunes_what_is_no_change),
		cmocka_unit_test(
			a_file_that_no_layer_can_hold_fails_the_commit),
		cmocka_unit_test(a_missing_snapshot_is_not_found),
		cmocka_unit_test(
			a_draft_of_a_killed_process_is_swept_and_hurts_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
