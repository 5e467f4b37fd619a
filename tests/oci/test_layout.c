#include "support.h"

#include "base/io.h"
#include "oci/layout.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int count_files(int dirfd, const char *folder)
{
	int fd = openat(dirfd, folder, O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

static void make_layout(struct temp_dir *t)
{
	struct err e;

	temp_dir_make(t);
	if (layout_init(t->fd, &e) < 0)
		fail_msg("%s", e.msg);
}

static void a_blob_reads_back_and_is_stored_once(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_BUF struct buf out = BUF_INIT(100);
	struct blobs b = {0};
	struct digest d;
	uint64_t size;
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	assert_int_equal(blob_put(&b, STR("hello"), &d, &e), 0);
	assert_int_equal(blob_put(&b, STR("hello"), &d, &e), 0);
	assert_int_equal(blob_stat(&b, &d, &size, &e), 1);
	assert_int_equal(size, 5);
	buf_add_c(&out, "> ");
	assert_int_equal(blob_read(&b, &d, &out, &e), 0);
	assert_string_equal(buf_c(&out), "> hello");
	assert_int_equal(count_files(dir.fd, "blobs/sha256"), 1);
	assert_int_equal(count_files(dir.fd, "tmp"), 0);
}

static void a_draft_is_invisible_until_commit(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct blob_draft draft;
	struct digest expected = digest_of("hello", 5);
	struct digest d;
	struct blobs b = {0};
	uint64_t size;
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	assert_int_equal(blob_begin(&draft, &b, &e), 0);
	assert_int_equal(draft.sink.write(&draft.sink, "hel", 3, &e), 0);
	assert_int_equal(draft.sink.write(&draft.sink, "lo", 2, &e), 0);
	assert_int_equal(blob_stat(&b, &expected, &size, &e), 0);
	assert_int_equal(blob_commit(&draft, &d, &e), 0);
	assert_true(digest_eq(&d, &expected));
	assert_int_equal(blob_stat(&b, &expected, &size, &e), 1);
	blob_release(&draft); /* does nothing */
	assert_int_equal(count_files(dir.fd, "tmp"), 0);
}

static void a_released_draft_leaves_nothing(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct blob_draft draft;
	struct blobs b = {0};
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	assert_int_equal(blob_begin(&draft, &b, &e), 0);
	assert_int_equal(draft.sink.write(&draft.sink, "hello", 5, &e), 0);
	blob_release(&draft);
	assert_int_equal(count_files(dir.fd, "tmp"), 0);
	assert_int_equal(count_files(dir.fd, "blobs/sha256"), 0);
}

static void a_damaged_blob_is_corrupt_and_heals(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_BUF struct buf out = BUF_INIT(100);
	char path[100] = "blobs/sha256/";
	struct blobs b = {0};
	struct digest d;
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	assert_int_equal(blob_put(&b, STR("hello"), &d, &e), 0);
	digest_hex(&d, path + strlen(path));
	assert_int_equal(
		io_replace_file(dir.fd, path, STR("hell"), IO_CACHED, &e), 0);
	assert_int_equal(blob_read(&b, &d, &out, &e), -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_int_equal(out.n, 0);
	assert_int_equal(blob_put(&b, STR("hello"), &d, &e), 0);
	assert_int_equal(blob_read(&b, &d, &out, &e), 0);
}

static void a_missing_blob_is_not_found(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_BUF struct buf out = BUF_INIT(100);
	struct digest d = digest_of("x", 1);
	struct blobs b = {0};
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	assert_int_equal(blob_read(&b, &d, &out, &e), -1);
	assert_int_equal(e.code, ERR_NOT_FOUND);
}

static struct index_entry entry_of(const char *content)
{
	return (struct index_entry){
		.descriptor = {STR(MEDIA_MANIFEST),
			       digest_of(content, strlen(content)), 7},
		.platform = {.os = STR("linux"), .architecture = STR("amd64")},
	};
}

static void names_are_set_replaced_and_removed(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_ARENA struct arena a = {0};
	struct index_entry one = entry_of("one");
	struct index_entry two = entry_of("two");
	struct index_entry found;
	struct index ix;
	struct err e;

	(void)state;
	make_layout(&dir);
	assert_int_equal(layout_find(dir.fd, &a, STR("a"), &found, &e), 0);
	assert_int_equal(layout_set_name(dir.fd, STR("a"), &one, &e), 0);
	assert_int_equal(layout_set_name(dir.fd, STR("b"), &one, &e), 0);
	assert_int_equal(layout_set_name(dir.fd, STR("a"), &two, &e), 0);
	assert_int_equal(layout_find(dir.fd, &a, STR("a"), &found, &e), 1);
	assert_true(
		digest_eq(&found.descriptor.digest, &two.descriptor.digest));
	assert_int_equal(layout_read_index(dir.fd, &a, &ix, &e), 0);
	assert_int_equal(ix.n_entries, 2);
	assert_int_equal(layout_remove_name(dir.fd, STR("a"), &e), 1);
	assert_int_equal(layout_remove_name(dir.fd, STR("a"), &e), 0);
	assert_int_equal(layout_find(dir.fd, &a, STR("b"), &found, &e), 1);
}

static void an_unchanged_index_is_not_written(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct index_entry one = entry_of("one");
	struct stat before;
	struct stat after;
	struct err e;

	(void)state;
	make_layout(&dir);
	assert_int_equal(layout_set_name(dir.fd, STR("a"), &one, &e), 0);
	assert_int_equal(fstatat(dir.fd, "index.json", &before, 0), 0);
	assert_int_equal(layout_set_name(dir.fd, STR("a"), &one, &e), 0);
	assert_int_equal(layout_init(dir.fd, &e), 0);
	assert_int_equal(layout_remove_name(dir.fd, STR("x"), &e), 0);
	assert_int_equal(fstatat(dir.fd, "index.json", &after, 0), 0);
	assert_int_equal(before.st_ino, after.st_ino);
}

static void many_processes_lose_no_name(void **state)
{
	enum { N = 8 };
	SCOPED_TEMP_DIR dir;
	SCOPED_ARENA struct arena a = {0};
	struct index ix;
	struct err e;

	(void)state;
	make_layout(&dir);
	for (int i = 0; i < N; i++) {
		if (fork() == 0) {
			struct index_entry one = entry_of("one");
			char name[32];
			int bad = 0;

			for (int k = 0; k < 5; k++) {
				(void)snprintf(name, sizeof(name), "%d-%d", i,
					       k);
				bad |= layout_set_name(dir.fd, str_from(name),
						       &one, &e);
			}
			_exit(bad ? 1 : 0);
		}
	}
	for (int i = 0; i < N; i++) {
		int status;

		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(layout_read_index(dir.fd, &a, &ix, &e), 0);
	assert_int_equal(ix.n_entries, N * 5);
}

static void put_text(int dirfd, const char *name, const char *text)
{
	struct err e;

	assert_ok(io_replace_file(dirfd, name, str_from(text), IO_CACHED, &e));
}

static void names_are_found_again_where_the_index_is_damaged(void **state)
{
	static const char *const table[] = {"", "{", "[]", "null", "x"};
	const struct index_entry entry = {
		.descriptor = {str_from(MEDIA_MANIFEST), digest_of("m", 1), 1}};
	SCOPED_TEMP_DIR dir;
	SCOPED_ARENA struct arena a = {0};
	struct index_entry found;
	struct index ix;
	struct err e;

	(void)state;
	make_layout(&dir);
	assert_ok(layout_set_name(dir.fd, STR("a:b"), &entry, &e));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		put_text(dir.fd, "index.json", table[i]);
		assert_int_equal(
			layout_find(dir.fd, &a, STR("a:b"), &found, &e), 1);
	}
	assert_int_equal(unlinkat(dir.fd, "index.json", 0), 0);
	assert_int_equal(layout_find(dir.fd, &a, STR("a:b"), &found, &e), 1);

	/* the next name is written beside those that were found */
	assert_ok(layout_set_name(dir.fd, STR("c:d"), &entry, &e));
	put_text(dir.fd, "index.json.copy", "");
	assert_int_equal(layout_read_index(dir.fd, &a, &ix, &e), 0);
	assert_int_equal(ix.n_entries, 2);
}

static void a_damaged_index_and_copy_are_an_error_that_names_both(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	struct index ix;
	struct err e;

	(void)state;
	make_layout(&dir);
	put_text(dir.fd, "index.json", "{");
	assert_int_equal(io_read_file(dir.fd, "index.json.copy", &text, &e), 1);
	for (size_t i = 0; i < text.n; i++) {
		struct str index;

		text.p[i] ^= 1;
		if (index_copy_parse(buf_str(&text), &index))
			fail_msg("believed with byte %zu changed", i);
		text.p[i] ^= 1;
	}
	put_text(dir.fd, "index.json.copy", "{");
	assert_int_equal(layout_read_index(dir.fd, &a, &ix, &e), -1);
	assert_error(&e, ERR_INVALID, "index.json.copy: restore one");
}

/* Store a manifest and config of the architecture. */
static struct descriptor put_image(const struct blobs *b,
				   const char *architecture)
{
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	struct image_config c = {
		.platform = {.os = STR("linux"),
			     .architecture = str_from(architecture)}};
	struct manifest m = {.config.media_type = STR(MEDIA_CONFIG)};
	struct descriptor d = {.media_type = STR(MEDIA_MANIFEST)};
	struct err e;

	image_config_write(&text, &c);
	m.config.size_bytes = text.n;
	assert_int_equal(blob_put(b, buf_str(&text), &m.config.digest, &e), 0);
	buf_clear(&text);
	manifest_write(&text, &m);
	d.size_bytes = text.n;
	assert_int_equal(blob_put(b, buf_str(&text), &d.digest, &e), 0);
	return d;
}

/* An index of one image of each architecture given; *children in order. */
static struct index_entry put_index(const struct blobs *b,
				    const char *const architectures[2],
				    struct index_entry children[2])
{
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	const struct index ix = {children, 2, {0}};
	struct index_entry out = {.descriptor.media_type = STR(MEDIA_INDEX)};
	struct err e;

	for (int i = 0; i < 2; i++)
		children[i] = (struct index_entry){
			.descriptor = put_image(b, architectures[i]),
			.platform = {.os = STR("linux"),
				     .architecture =
					     str_from(architectures[i])}};
	index_write(&text, &ix);
	out.descriptor.size_bytes = text.n;
	assert_int_equal(
		blob_put(b, buf_str(&text), &out.descriptor.digest, &e), 0);
	return out;
}

static int find_by_digest(int dirfd, struct arena *a, const char *name,
			  const struct digest *digest, struct digest *found)
{
	char text[DIGEST_STRING_SIZE];
	struct index_entry entry = {0};
	struct err e;
	int n = layout_find(
		dirfd, a,
		arena_printf(a, "%s@%s", name, digest_string(digest, text)),
		&entry, &e);

	*found = entry.descriptor.digest;
	return n;
}

static void a_digest_is_found_in_its_repository_and_its_indexes(void **state)
{
	static const char *const both[2] = {"amd64", "arm64"};
	SCOPED_TEMP_DIR dir;
	SCOPED_ARENA struct arena a = {0};
	struct index_entry children[2];
	struct index_entry one;
	struct index_entry index;
	struct digest found;
	struct blobs b = {0};
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	one = (struct index_entry){.descriptor = put_image(&b, "s390x")};
	index = put_index(&b, both, children);
	assert_int_equal(layout_set_name(dir.fd, STR("h:5/a:1"), &one, &e), 0);
	assert_int_equal(layout_set_name(dir.fd, STR("h:5/b:1"), &index, &e),
			 0);
	assert_int_equal(find_by_digest(dir.fd, &a, "h:5/a",
					&one.descriptor.digest, &found),
			 1);
	assert_int_equal(find_by_digest(dir.fd, &a, "h:5/a:other",
					&one.descriptor.digest, &found),
			 1);
	assert_true(digest_eq(&found, &one.descriptor.digest));
	assert_int_equal(find_by_digest(dir.fd, &a, "h:5/b",
					&index.descriptor.digest, &found),
			 1);
	assert_true(digest_eq(&found, &index.descriptor.digest));
	assert_int_equal(find_by_digest(dir.fd, &a, "h:5/b",
					&children[1].descriptor.digest, &found),
			 1);
	assert_true(digest_eq(&found, &children[1].descriptor.digest));
	assert_int_equal(find_by_digest(dir.fd, &a, "h:5/b",
					&one.descriptor.digest, &found),
			 0);
	assert_int_equal(
		find_by_digest(dir.fd, &a, "h", &one.descriptor.digest, &found),
		0);
}

static void an_index_is_followed_to_the_platform(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	const struct platform wanted = {.os = STR("linux"),
					.architecture = STR("arm64")};
	const struct platform absent = {.os = STR("linux"),
					.architecture = STR("s390x")};
	struct index_entry entries[2];
	const struct index ix = {entries, 2, {0}};
	struct descriptor d = {.media_type = STR(MEDIA_INDEX)};
	struct image_config config;
	struct manifest manifest;
	struct digest digest;
	struct blobs b = {0};
	struct err e;

	(void)state;
	make_layout(&dir);
	b.dirfd = dir.fd;
	entries[0] = (struct index_entry){
		.descriptor = put_image(&b, "amd64"),
		.platform = {.os = STR("linux"), .architecture = STR("amd64")}};
	entries[1] =
		(struct index_entry){.descriptor = put_image(&b, "arm64"),
				     .platform = {.os = STR("linux"),
						  .architecture = STR("arm64"),
						  .variant = STR("v8")}};
	index_write(&text, &ix);
	assert_int_equal(blob_put(&b, buf_str(&text), &d.digest, &e), 0);
	if (layout_read_image(dir.fd, &a, &d, &wanted, &manifest, &digest,
			      &config, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(digest_eq(&digest, &entries[1].descriptor.digest));
	assert_str(config.platform.architecture, "arm64");
	assert_int_equal(layout_read_image(dir.fd, &a, &d, &absent, &manifest,
					   &digest, &config, &e),
			 -1);
	assert_error(&e, ERR_NOT_FOUND, "linux/amd64, linux/arm64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blob_reads_back_and_is_stored_once),
		cmocka_unit_test(a_draft_is_invisible_until_commit),
		cmocka_unit_test(a_released_draft_leaves_nothing),
		cmocka_unit_test(a_damaged_blob_is_corrupt_and_heals),
		cmocka_unit_test(a_missing_blob_is_not_found),
		cmocka_unit_test(names_are_set_replaced_and_removed),
		cmocka_unit_test(an_unchanged_index_is_not_written),
		cmocka_unit_test(many_processes_lose_no_name),
		cmocka_unit_test(
			names_are_found_again_where_the_index_is_damaged),
		cmocka_unit_test(
			a_damaged_index_and_copy_are_an_error_that_names_both),
		cmocka_unit_test(
			a_digest_is_found_in_its_repository_and_its_indexes),
		cmocka_unit_test(an_index_is_followed_to_the_platform),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
