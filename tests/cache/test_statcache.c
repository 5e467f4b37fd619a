#include "tests/base/support.h"

#include "base/io.h"
#include "cache/statcache.h"

#include <stdlib.h> /* rand_r */
#include <string.h>
#include <unistd.h>

#define S INT64_C(1000000000)
#define LATER (2000 * S) /* than anything in file_stat */

static struct stat file_stat(uint64_t inode)
{
	return (struct stat){
		.st_dev = 5,
		.st_ino = inode,
		.st_size = 100,
		.st_mtim = {1000, 1},
		.st_ctim = {1000, 2},
		.st_mode = S_IFREG | 0644,
	};
}

static struct digest digest_for(uint64_t n)
{
	return digest_of(&n, sizeof(n));
}

static void put(struct statcache *c, uint64_t inode)
{
	struct stat st = file_stat(inode);
	struct digest d = digest_for(inode);

	statcache_put(c, &st, &d, LATER);
}

static bool hits(struct statcache *c, uint64_t inode)
{
	struct stat st = file_stat(inode);
	struct digest expected = digest_for(inode);
	struct digest found;

	if (!statcache_get(c, &st, &found))
		return false;
	assert_true(digest_eq(&found, &expected));
	return true;
}

/* A saved cache with inodes 1 to n. */
static void save_inodes(const struct temp_dir *t, uint64_t n)
{
	struct statcache *c = statcache_open(t->fd, "stat");
	struct err e;

	for (uint64_t i = 1; i <= n; i++)
		put(c, i);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
}

static void a_missing_cache_is_empty_and_nothing_frees_nothing(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;

	(void)state;
	temp_dir_make(&t);
	c = statcache_open(t.fd, "none");
	assert_false(hits(c, 1));
	statcache_free(c);
	statcache_free(NULL);
}

static void what_was_saved_is_found_by_the_same_stat(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 1000);
	c = statcache_open(t.fd, "stat");
	for (uint64_t i = 1; i <= 1000; i++)
		assert_true(hits(c, i));
	assert_false(hits(c, 1001));
	statcache_free(c);
}

static void every_field_of_the_stat_counts(void **state)
{
	struct stat changed[8];
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct digest d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		changed[i] = file_stat(1);
	changed[0].st_dev++;
	changed[1].st_ino++;
	changed[2].st_size++;
	changed[3].st_mtim.tv_sec++;
	changed[4].st_mtim.tv_nsec++;
	changed[5].st_ctim.tv_sec++;
	changed[6].st_ctim.tv_nsec++;
	changed[7].st_mode = S_IFREG | 0755;
	temp_dir_make(&t);
	save_inodes(&t, 1);
	c = statcache_open(t.fd, "stat");
	for (size_t i = 0; i < ARRAY_LEN(changed); i++)
		if (statcache_get(c, &changed[i], &d))
			fail_msg("change %zu was not seen", i);
	assert_true(hits(c, 1));
	statcache_free(c);
}

static void times_before_1970_are_times_too(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct stat st = file_stat(1);
	struct digest d = digest_for(1);
	struct err e;

	(void)state;
	st.st_mtim = (struct timespec){-5, 500};
	temp_dir_make(&t);
	c = statcache_open(t.fd, "stat");
	statcache_put(c, &st, &d, LATER);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
	c = statcache_open(t.fd, "stat");
	assert_true(statcache_get(c, &st, &d));
	st.st_mtim.tv_nsec++;
	assert_false(statcache_get(c, &st, &d));
	statcache_free(c);
}

static void
a_file_that_changed_just_before_it_was_read_is_not_kept(void **state)
{
	const int64_t ctime_ns = 1000 * S + 2;
	const struct {
		int64_t read_started_ns;
		bool kept;
	} table[] = {
		{ctime_ns - S, false}, /* it changed while being read */
		{ctime_ns, false},
		{ctime_ns + 10000000, false}, /* the kernel's tick is 10 ms */
		{ctime_ns + 19999999, false},
		{ctime_ns + 20000000, true},
		{ctime_ns + S, true},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_TEMP_DIR t;
		struct stat st = file_stat(1);
		struct digest d = digest_for(1);
		struct statcache *c;
		struct err e;

		temp_dir_make(&t);
		c = statcache_open(t.fd, "stat");
		statcache_put(c, &st, &d, table[i].read_started_ns);
		assert_ok(statcache_save(c, &e));
		statcache_free(c);
		c = statcache_open(t.fd, "stat");
		if (hits(c, 1) != table[i].kept)
			fail_msg("row %zu", i);
		statcache_free(c);
	}
}

static void a_racy_file_loses_its_old_entry_by_its_new_stat(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct stat st = file_stat(1);
	struct digest d = digest_for(99);

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 1);
	st.st_ctim.tv_sec = 1500;
	c = statcache_open(t.fd, "stat");
	statcache_put(c, &st, &d, 1500 * S);
	assert_false(statcache_get(c, &st, &d));
	statcache_free(c);
}

static void nothing_learnt_writes_nothing(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct err e;
	ino_t before;

	(void)state;
	temp_dir_make(&t);
	c = statcache_open(t.fd, "none");
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
	assert_false(path_exists(t.fd, "none"));

	save_inodes(&t, 3);
	before = stat_of(t.fd, "stat").st_ino;
	c = statcache_open(t.fd, "stat");
	assert_true(hits(c, 1));
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
	assert_int_equal(stat_of(t.fd, "stat").st_ino, before);
}

static void saving_replaces_the_file_under_those_who_read_it(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *reader;
	struct statcache *writer;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 10);
	reader = statcache_open(t.fd, "stat");
	writer = statcache_open(t.fd, "stat");
	put(writer, 11);
	assert_ok(statcache_save(writer, &e));
	statcache_free(writer);

	assert_true(hits(reader, 10));
	assert_false(hits(reader, 11));
	statcache_free(reader);
	reader = statcache_open(t.fd, "stat");
	assert_true(hits(reader, 10));
	assert_true(hits(reader, 11));
	statcache_free(reader);
	assert_int_equal(unlinkat(t.fd, "stat", 0), 0);
	assert_tree(t.fd, "");
}

static void the_newest_entry_of_a_file_wins(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct stat old = file_stat(1);
	struct stat new = file_stat(1);
	struct digest d;
	struct digest expected = digest_for(3);
	struct err e;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 1);
	new.st_size = 7;
	c = statcache_open(t.fd, "stat");
	d = digest_for(2);
	statcache_put(c, &old, &d, LATER);
	statcache_put(c, &new, &expected, LATER);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);

	c = statcache_open(t.fd, "stat");
	assert_false(statcache_get(c, &old, &d));
	assert_true(statcache_get(c, &new, &d));
	assert_true(digest_eq(&d, &expected));
	statcache_free(c);
}

static void
entries_that_nobody_asks_for_go_when_there_are_too_many(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 10100);
	c = statcache_open(t.fd, "stat");
	assert_true(hits(c, 1));
	assert_true(hits(c, 2));
	put(c, 20000);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);

	c = statcache_open(t.fd, "stat");
	assert_true(hits(c, 1));
	assert_true(hits(c, 2));
	assert_true(hits(c, 20000));
	assert_false(hits(c, 3));
	assert_false(hits(c, 10100));
	statcache_free(c);
}

static void a_few_unseen_entries_stay(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 9000);
	c = statcache_open(t.fd, "stat");
	put(c, 20000);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
	c = statcache_open(t.fd, "stat");
	assert_true(hits(c, 9000));
	assert_true(hits(c, 20000));
	statcache_free(c);
}

static void saving_into_a_missing_folder_is_an_error(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	c = statcache_open(t.fd, "none/stat");
	put(c, 1);
	assert_int_equal(statcache_save(c, &e), -1);
	assert_error(&e, ERR_SYS, "none/stat");
	statcache_free(c);
}

/* The file format, as cache/statcache.h has it. */
enum { HEADER_BYTES = 24, SLOT_BYTES = 80, MODE_OFFSET = 40 };

static void put_bytes(const struct temp_dir *t, const void *p, size_t n)
{
	put_file(t->fd, "stat", (struct str){p, n}, 0644);
}

static void read_bytes(const struct temp_dir *t, struct buf *out)
{
	struct err e;

	assert_int_equal(io_read_file(t->fd, "stat", out, &e), 1);
}

/* It must not crash, nor find anything, and can be used and saved. */
static void assert_reads_as_empty(const struct temp_dir *t)
{
	struct statcache *c = statcache_open(t->fd, "stat");
	struct err e;

	for (uint64_t i = 1; i <= 3; i++)
		if (hits(c, i))
			fail_msg("inode %d was found", (int)i);
	put(c, 1);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
	c = statcache_open(t->fd, "stat");
	assert_true(hits(c, 1));
	statcache_free(c);
}

static void a_file_cut_anywhere_reads_as_empty(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf whole = BUF_INIT(1u << 20);

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 3);
	read_bytes(&t, &whole);
	assert_int_equal(whole.n, HEADER_BYTES + 64 * SLOT_BYTES);
	for (size_t n = 0; n < whole.n; n += n < 40 ? 1 : 79) {
		put_bytes(&t, whole.p, n);
		assert_reads_as_empty(&t);
	}
	buf_add_char(&whole, 'x');
	put_bytes(&t, whole.p, whole.n);
	assert_reads_as_empty(&t);
}

static void a_header_that_lies_reads_as_empty(void **state)
{
	static const struct {
		size_t offset;
		uint64_t value;
	} table[] = {
		{0, 0},
		{0, UINT64_MAX},
		/* n_slots */
		{8, 0},
		{8, 1},
		{8, 3},
		{8, 63},
		{8, 65},
		{8, 128},
		{8, UINT64_C(1) << 62},
		{8, UINT64_C(1) << 63},
		{8, UINT64_MAX},
		/* n_entries */
		{16, 64},
		{16, UINT64_MAX},
	};
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf whole = BUF_INIT(1u << 20);

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 3);
	read_bytes(&t, &whole);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_PTR char *bytes = xmalloc(whole.n);

		memcpy(bytes, whole.p, whole.n);
		memcpy(bytes + table[i].offset, &table[i].value, 8);
		put_bytes(&t, bytes, whole.n);
		assert_reads_as_empty(&t);
	}
}

static void a_table_without_a_free_slot_ends_every_search(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf whole = BUF_INIT(1u << 20);
	struct statcache *c;
	struct err e;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 40); /* 128 slots */
	read_bytes(&t, &whole);
	assert_int_equal(whole.n, HEADER_BYTES + 128 * SLOT_BYTES);
	for (size_t i = 0; i < 128; i++) {
		char *slot = whole.p + HEADER_BYTES + i * SLOT_BYTES;
		uint64_t inode = 1000 + i;

		memcpy(slot + 8, &inode, 8);
		slot[MODE_OFFSET] = 1;
	}
	memset(whole.p + 16, 0, 8); /* and the header says: no entries */
	put_bytes(&t, whole.p, whole.n);

	c = statcache_open(t.fd, "stat");
	assert_false(hits(c, 1));
	put(c, 1);
	assert_ok(statcache_save(c, &e));
	statcache_free(c);
	c = statcache_open(t.fd, "stat");
	assert_true(hits(c, 1));
	statcache_free(c);
}

static void any_flipped_bytes_never_crash(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf whole = BUF_INIT(1u << 20);
	unsigned seed = 1;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 3);
	read_bytes(&t, &whole);
	for (int round = 0; round < 200; round++) {
		SCOPED_PTR char *bytes = xmalloc(whole.n);
		struct statcache *c;
		struct stat st = file_stat(2);
		struct digest d;
		struct err e;

		memcpy(bytes, whole.p, whole.n);
		for (int i = 0; i < 20; i++)
			bytes[(size_t)rand_r(&seed) %
			      (round % 2 ? whole.n : HEADER_BYTES)] ^=
				(char)rand_r(&seed);
		put_bytes(&t, bytes, whole.n);
		c = statcache_open(t.fd, "stat");
		(void)statcache_get(c, &st, &d);
		put(c, 50);
		assert_ok(statcache_save(c, &e));
		statcache_free(c);
	}
}

static void one_bit_changed_anywhere_never_gives_another_digest(void **state)
{
	SCOPED_TEMP_DIR t;
	SCOPED_BUF struct buf text = BUF_INIT(100000);
	struct err e;

	(void)state;
	temp_dir_make(&t);
	save_inodes(&t, 8);
	assert_int_equal(io_read_file(t.fd, "stat", &text, &e), 1);
	for (size_t i = 0; i < 8 * text.n; i += 5) {
		struct statcache *c;

		text.p[i / 8] ^= (char)(1 << i % 8);
		put_file(t.fd, "bad", buf_str(&text), 0644);
		c = statcache_open(t.fd, "bad");
		for (uint64_t inode = 1; inode <= 8; inode++)
			(void)hits(c, inode); /* asserts what it finds */
		statcache_free(c);
		text.p[i / 8] ^= (char)(1 << i % 8);
	}
}

static void what_is_no_file_reads_as_empty_without_waiting(void **state)
{
	SCOPED_TEMP_DIR t;
	struct statcache *c;

	(void)state;
	temp_dir_make(&t);
	put_tree(t.fd, "fifo| folder/");
	c = statcache_open(t.fd, "fifo");
	assert_false(hits(c, 1));
	statcache_free(c);
	c = statcache_open(t.fd, "folder");
	assert_false(hits(c, 1));
	statcache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			a_missing_cache_is_empty_and_nothing_frees_nothing),
		cmocka_unit_test(what_was_saved_is_found_by_the_same_stat),
		cmocka_unit_test(every_field_of_the_stat_counts),
		cmocka_unit_test(times_before_1970_are_times_too),
		cmocka_unit_test(
			a_file_that_changed_just_before_it_was_read_is_not_kept),
		cmocka_unit_test(
			a_racy_file_loses_its_old_entry_by_its_new_stat),
		cmocka_unit_test(nothing_learnt_writes_nothing),
		cmocka_unit_test(
			saving_replaces_the_file_under_those_who_read_it),
		cmocka_unit_test(the_newest_entry_of_a_file_wins),
		cmocka_unit_test(
			entries_that_nobody_asks_for_go_when_there_are_too_many),
		cmocka_unit_test(a_few_unseen_entries_stay),
		cmocka_unit_test(saving_into_a_missing_folder_is_an_error),
		cmocka_unit_test(a_file_cut_anywhere_reads_as_empty),
		cmocka_unit_test(a_header_that_lies_reads_as_empty),
		cmocka_unit_test(a_table_without_a_free_slot_ends_every_search),
		cmocka_unit_test(any_flipped_bytes_never_crash),
		cmocka_unit_test(
			one_bit_changed_anywhere_never_gives_another_digest),
		cmocka_unit_test(
			what_is_no_file_reads_as_empty_without_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
