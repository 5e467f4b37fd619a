#include "tests/cache/support.h"

#include "base/io.h"
#include "cache/keeping.h"
#include "cache/seal.h"
#include "cache/snapshot.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
	assert_ok(store_publish(&t->store, &e));
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
	assert_ok(store_publish(&t.store, &e));
	assert_store(&t, "tmp", "");
	snapshot_release(&d);
}

/* The snapshot's folder in the store. */
static ino_t inode_of(struct temp_store *t, const struct layer *l)
{
	char path[SNAPSHOT_PATH_MAX];

	return stat_of(t->store.fd, snapshot_path(&l->diff_id, path)).st_ino;
}

static void the_same_layer_twice_is_one_snapshot_the_newer(void **state)
{
	SCOPED_STORE t;
	struct layer a;
	struct layer b;
	ino_t before;
	struct err e;

	(void)state;
	temp_store_make(&t);
	a = commit(&t, "l->x");
	before = inode_of(&t, &a);

	b = commit(&t, "l->x");
	assert_true(digest_eq(&a.diff_id, &b.diff_id));
	assert_int_not_equal(inode_of(&t, &a), before);
	assert_int_equal(snapshot_exists(&t.store, &a.diff_id, &e), 1);
	assert_store(&t, "tmp", "");
}

/* Only root, of a namespace at least, sees owners as they are. */
static void need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void one_in_use_stays_where_it_is_the_same(void **state)
{
	SCOPED_STORE t;
	struct layer a;
	ino_t before;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	need_root();
	temp_store_make(&t);
	a = commit(&t, "l->x");
	before = inode_of(&t, &a);
	fd = snapshot_open(&t.store, &a.diff_id, &e);
	assert_true(fd >= 0);

	(void)commit(&t, "l->x");
	assert_int_equal(inode_of(&t, &a), before);
	put_tree(fd, "more=1");
	(void)commit(&t, "l->x");
	assert_int_not_equal(inode_of(&t, &a), before);
	assert_int_equal(snapshot_verify(&t.store, &a.diff_id, &e), 1);
}

static void a_snapshot_has_no_name_before_the_store_is_published(void **state)
{
	SCOPED_STORE t;
	struct snapshot_draft d;
	struct layer layer;
	struct store other;
	SCOPED_FD int fd = -1;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(store_open(&other, t.dir.path, &e));
	assert_ok(snapshot_begin(&d, &t.store, &e));
	put_tree(d.upper_fd, "a=1");
	assert_ok(snapshot_commit(&d, &NO_BASE, 0, &layer, &e));
	assert_store(&t, "snapshots", "");
	assert_int_equal(snapshot_exists(&other, &layer.diff_id, &e), 0);
	/* who made it uses it meanwhile, and a sweep leaves it alone */
	assert_ok(store_sweep(&other, &e));
	fd = snapshot_open(&t.store, &layer.diff_id, &e);
	assert_tree(fd, "a=1");

	assert_ok(store_publish(&t.store, &e));
	assert_int_equal(snapshot_exists(&other, &layer.diff_id, &e), 1);
	store_release(&other);
}

static void what_was_not_published_is_gone_with_its_store(void **state)
{
	SCOPED_STORE t;
	struct store other;
	struct snapshot_draft d;
	struct layer layer;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(store_open(&other, t.dir.path, &e));
	assert_ok(snapshot_begin(&d, &other, &e));
	put_tree(d.upper_fd, "a=1");
	assert_ok(snapshot_commit(&d, &NO_BASE, 0, &layer, &e));
	store_release(&other);
	assert_store(&t, "tmp", "");
	assert_store(&t, "snapshots", "");
}

/* Notes what a store tells. */
struct heard {
	struct store_listener listener;
	unsigned n;
};

static void hear(struct store_listener *l, const char *message)
{
	if (strstr(message, "was changed in the store"))
		((struct heard *)l)->n++;
}

/* Whether the snapshot is still good after the change; told of where not. */
static int after(const char *change, bool verify)
{
	SCOPED_STORE t;
	struct heard heard = {{hear}, 0};
	char path[SNAPSHOT_PATH_MAX];
	char command[512];
	struct layer layer;
	struct err e;
	int there;

	temp_store_make(&t);
	layer = commit(&t, "d/a=1 f=1 l->d");
	store_listen(&t.store, &heard.listener);
	(void)snprintf(command, sizeof(command), "cd %s/%s && %s", t.store.path,
		       snapshot_path(&layer.diff_id, path), change);
	assert_int_equal(system(command), 0);
	there = verify ? snapshot_verify(&t.store, &layer.diff_id, &e)
		       : snapshot_exists(&t.store, &layer.diff_id, &e);
	assert_true(there >= 0);
	assert_int_equal(heard.n, !there);
	assert_int_equal(path_exists(t.store.fd, path), there);
	/* what was right has a seal that fits now */
	if (there)
		assert_int_equal(snapshot_exists(&t.store, &layer.diff_id, &e),
				 1);
	return there;
}

static void a_change_at_the_top_is_noticed_without_reading(void **state)
{
	static const char *const changes[] = {
		"echo 2 >new",	     "rm f",
		"chmod 700 .",	     "mv f g",
		"rm l && ln -s x l", "d=$PWD && cd .. && rm -r $d && mkdir $d",
	};

	(void)state;
	need_root();
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (after(changes[i], false) != 0)
			fail_msg("not noticed: %s", changes[i]);
}

static void any_change_is_noticed_by_reading(void **state)
{
	static const char *const changes[] = {
		"echo 2 >d/a",	    ": >f",	   "chmod 600 d/a",
		"touch -d @5 d/a",  "rm d/a",	   "printf 2 >f",
		"ln f d/b",	    "mkfifo d/p",  "rm -r d && ln -s / d",
		"rm f && mkfifo f", "chmod 700 .",
	};

	(void)state;
	need_root();
	for (size_t i = 0; i < ARRAY_LEN(changes); i++)
		if (after(changes[i], true) != 0)
			fail_msg("not noticed: %s", changes[i]);
}

static void a_change_that_was_taken_back_is_sealed_again(void **state)
{
	(void)state;
	need_root();
	assert_int_equal(after("chmod 700 . && chmod 755 .", false), 1);
	assert_int_equal(after("rm ../../seals/*", false), 1);
	assert_int_equal(after("ln -sf x $(echo ../../seals/*)", false), 1);
}

/* A layer of a base has another tar than the one that we would write. */
static void
what_a_base_brought_is_held_against_how_it_was_unpacked(void **state)
{
	const struct digest diff_id = digest_of("base", 4);
	SCOPED_STORE t;
	struct snapshot_draft d;
	char path[SNAPSHOT_PATH_MAX + 8];
	struct err e;

	(void)state;
	need_root();
	temp_store_make(&t);
	assert_ok(snapshot_begin(&d, &t.store, &e));
	put_tree(d.upper_fd, "d/a=1");
	assert_ok(snapshot_commit_as(&d, &diff_id, &e));
	assert_ok(store_publish(&t.store, &e));

	(void)snapshot_path(&diff_id, path);
	strcat(path, "/d/a");
	put_file(t.store.fd, path, STR("other"), 0644);
	assert_int_equal(snapshot_exists(&t.store, &diff_id, &e), 1);
	store_distrust(&t.store);
	assert_int_equal(snapshot_exists(&t.store, &diff_id, &e), 0);
}

static void only_the_text_of_a_seal_is_one(void **state)
{
	static const char *const none[] = {
		"",
		"2",
		"2 1 1 1",
		"2 1 1 1 1 ",
		"2 1 1 1 1 1",
		"1 1 1 1 1",
		"2  1 1 1 1",
		"2 1 1 1 g",
		"2 -1 1 1 1",
		"2 1 1 1 0x1",
		"2 00000000000000001 1 1 1",
		"2 1111111111111111 1111111111111111 11111111111111111"};
	struct seal seal;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		assert_false(seal_parse(str_from(none[i]), &seal));
	assert_true(seal_parse(STR("2 ff 10 3 ffffffffffffffff"), &seal));
	assert_int_equal(seal.inode, 255);
	assert_int_equal(seal.ctime_ns, 16);
	assert_int_equal(seal.rights, 3);
	assert_true(seal.seen == UINT64_MAX);
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
		cmocka_unit_test(
			the_same_layer_twice_is_one_snapshot_the_newer),
		cmocka_unit_test(one_in_use_stays_where_it_is_the_same),
		cmocka_unit_test(
			a_snapshot_has_no_name_before_the_store_is_published),
		cmocka_unit_test(what_was_not_published_is_gone_with_its_store),
		cmocka_unit_test(
			a_change_at_the_top_is_noticed_without_reading),
		cmocka_unit_test(any_change_is_noticed_by_reading),
		cmocka_unit_test(a_change_that_was_taken_back_is_sealed_again),
		cmocka_unit_test(
			what_a_base_brought_is_held_against_how_it_was_unpacked),
		cmocka_unit_test(only_the_text_of_a_seal_is_one),
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
