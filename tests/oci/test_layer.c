/* What text fixtures can't say about layers: sizes, times, damaged bytes. */
#include "support.h"

#include "base/io.h"
#include "oci/layer.h"
#include "oci/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

static const struct layer_write_options no_options = {.mtime_max_s = INT64_MAX};

/* Fractions of a second don't reach a layer. */
static void set_odd_mtime(int dirfd, const char *path, int64_t seconds)
{
	const struct timespec t[2] = {{seconds, 123456789},
				      {seconds, 123456789}};

	assert_int_equal(utimensat(dirfd, path, t, AT_SYMLINK_NOFOLLOW), 0);
}

static struct layer_info hash(int dirfd, const struct layer_write_options *opt)
{
	struct layer_info info;
	struct err e;

	if (layer_write(dirfd, opt, NULL, &info, &e) < 0)
		fail_msg("%s", e.msg);
	return info;
}

static int apply(int dirfd, struct str tar, uint64_t max_bytes, struct err *e)
{
	const struct layer_apply_options opt = {.max_bytes = max_bytes};
	struct str_source in;
	struct digest d;
	uint64_t size;

	*e = (struct err){0};
	str_source_init(&in, tar, 1000);
	return layer_apply(dirfd, &in.source, &opt, &d, &size, e);
}

static void times_change_the_diff_id_but_not_the_content_id(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct layer_info before;
	struct layer_info after;

	(void)state;
	temp_dir_make(&dir);
	put_file(dir.fd, "f", STR("x"), 0644);
	set_odd_mtime(dir.fd, "f", 1000);
	before = hash(dir.fd, &no_options);
	set_odd_mtime(dir.fd, "f", 2000);
	after = hash(dir.fd, &no_options);
	assert_false(digest_eq(&before.diff_id, &after.diff_id));
	assert_true(digest_eq(&before.content_id, &after.content_id));
	put_file(dir.fd, "f", STR("y"), 0644);
	after = hash(dir.fd, &no_options);
	assert_false(digest_eq(&before.content_id, &after.content_id));
}

static void modes_links_and_attributes_change_the_content_id(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct digest seen[5];

	(void)state;
	temp_dir_make(&dir);
	put_file(dir.fd, "f", STR("x"), 0644);
	seen[0] = hash(dir.fd, &no_options).content_id;
	assert_int_equal(fchmodat(dir.fd, "f", 0600, 0), 0);
	seen[1] = hash(dir.fd, &no_options).content_id;
	assert_int_equal(symlinkat("a", dir.fd, "l"), 0);
	seen[2] = hash(dir.fd, &no_options).content_id;
	assert_int_equal(unlinkat(dir.fd, "l", 0), 0);
	assert_int_equal(symlinkat("b", dir.fd, "l"), 0);
	seen[3] = hash(dir.fd, &no_options).content_id;
	assert_int_equal(fsetxattr(dir.fd, "user.overlay.opaque", "y", 1, 0),
			 0);
	seen[4] = hash(dir.fd, &no_options).content_id;
	for (size_t i = 0; i < ARRAY_LEN(seen); i++)
		for (size_t k = 0; k < i; k++)
			assert_false(digest_eq(&seen[i], &seen[k]));
}

static void timestamps_are_clamped(void **state)
{
	const struct layer_write_options clamp = {.mtime_max_s = 1500};
	SCOPED_TEMP_DIR dir;
	struct layer_info a;
	struct layer_info b;

	(void)state;
	temp_dir_make(&dir);
	put_file(dir.fd, "f", STR("x"), 0644);
	set_odd_mtime(dir.fd, "f", 2000);
	a = hash(dir.fd, &clamp);
	set_odd_mtime(dir.fd, "f", 1500);
	b = hash(dir.fd, &no_options);
	assert_true(digest_eq(&a.diff_id, &b.diff_id));
}

struct told {
	int n;
	struct digest content;
};

static void on_file(void *ctx, struct str path, const struct stat *st,
		    const struct digest *content)
{
	struct told *t = ctx;

	assert_str(path, "d/f");
	assert_int_equal(st->st_size, 5);
	t->content = *content;
	t->n++;
}

static void the_caller_is_told_each_file_s_digest(void **state)
{
	struct told told = {0};
	const struct layer_write_options opt = {
		.mtime_max_s = INT64_MAX, .file = on_file, .ctx = &told};
	struct digest expected = digest_of("hello", 5);
	SCOPED_TEMP_DIR dir;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(mkdirat(dir.fd, "d", 0755), 0);
	put_file(dir.fd, "d/f", STR("hello"), 0644);
	(void)hash(dir.fd, &opt);
	assert_int_equal(told.n, 1);
	assert_true(digest_eq(&told.content, &expected));
}

static void the_sink_gets_what_the_digest_says(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED(buf_sink_release) struct buf_sink out;
	SCOPED_PTR char *large = xcalloc(1, 1000001);
	struct layer_info info;
	struct digest got;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	put_file(dir.fd, "large", (struct str){large, 1000001}, 0644);
	put_file(dir.fd, "empty", STR(""), 0644);
	put_file(dir.fd, "block", (struct str){large, 512}, 0644);
	buf_sink_init(&out);
	assert_int_equal(layer_write(dir.fd, &no_options, &out.sink, &info, &e),
			 0);
	got = digest_of(out.buf.p, out.buf.n);
	assert_true(digest_eq(&got, &info.diff_id));
	assert_int_equal(info.size_bytes, out.buf.n);
	assert_int_equal(info.n_entries, 3);
	assert_int_equal(info.size_bytes % 512, 0);
}

static void bytes_only_are_the_same_bytes(void **state)
{
	const struct layer_write_options bytes_only = {.mtime_max_s = INT64_MAX,
						       .bytes_only = true};
	SCOPED_TEMP_DIR dir;
	SCOPED(buf_sink_release) struct buf_sink hashed;
	SCOPED(buf_sink_release) struct buf_sink bytes;
	SCOPED_PTR char *large = xcalloc(1, 1000001);
	struct layer_info info;
	struct layer_info again;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	put_file(dir.fd, "large", (struct str){large, 1000001}, 0644);
	put_file(dir.fd, "small", STR("x"), 0644);
	buf_sink_init(&hashed);
	buf_sink_init(&bytes);
	assert_int_equal(
		layer_write(dir.fd, &no_options, &hashed.sink, &info, &e), 0);
	assert_int_equal(
		layer_write(dir.fd, &bytes_only, &bytes.sink, &again, &e), 0);
	assert_int_equal(bytes.buf.n, hashed.buf.n);
	assert_memory_equal(bytes.buf.p, hashed.buf.p, bytes.buf.n);
	assert_int_equal(again.size_bytes, info.size_bytes);
	assert_int_equal(again.n_entries, info.n_entries);
}

static void a_file_named_as_a_whiteout_is_an_error_that_names_it(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct layer_info info;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	assert_int_equal(mkdirat(dir.fd, "d", 0755), 0);
	put_file(dir.fd, "d/.wh.x", STR(""), 0644);
	assert_int_equal(layer_write(dir.fd, &no_options, NULL, &info, &e), -1);
	assert_error(&e, ERR_UNSUPPORTED, "/d/.wh.x");
}

static void times_are_restored_for_folders_too(void **state)
{
	SCOPED_TEMP_DIR from;
	SCOPED_TEMP_DIR to;
	SCOPED(buf_sink_release) struct buf_sink out;
	struct layer_info info;
	struct stat st;
	struct err e;

	(void)state;
	temp_dir_make(&from);
	temp_dir_make(&to);
	assert_int_equal(mkdirat(from.fd, "d", 0755), 0);
	put_file(from.fd, "d/f", STR("x"), 0644);
	assert_int_equal(symlinkat("f", from.fd, "d/l"), 0);
	set_odd_mtime(from.fd, "d/f", -5);
	set_odd_mtime(from.fd, "d/l", 7);
	set_odd_mtime(from.fd, "d", 9);
	buf_sink_init(&out);
	assert_int_equal(
		layer_write(from.fd, &no_options, &out.sink, &info, &e), 0);
	assert_int_equal(apply(to.fd, buf_str(&out.buf), 0, &e), 0);
	assert_int_equal(fstatat(to.fd, "d", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, 9);
	assert_int_equal(fstatat(to.fd, "d/l", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(st.st_mtim.tv_sec, 7);
	assert_int_equal(fstatat(to.fd, "d/f", &st, 0), 0);
	assert_int_equal(st.st_mtim.tv_sec, -5);
}

/* One file and its end, for the tests below to damage. */
static void small_tar(struct buf_sink *out)
{
	const struct tar_entry t = {.path = STR("f"),
				    .mode = S_IFREG | 0644,
				    .uid = geteuid(),
				    .gid = getegid(),
				    .size_bytes = 700};
	char content[700] = "content";
	struct err e;

	buf_sink_init(out);
	assert_int_equal(tar_write_header(&out->sink, &t, &e), 0);
	buf_add(&out->buf, content, sizeof(content));
	assert_int_equal(tar_write_padding(&out->sink, 700, &e), 0);
	assert_int_equal(tar_write_end(&out->sink, &e), 0);
}

static void a_tar_cut_inside_an_entry_is_corrupt(void **state)
{
	static const size_t cuts[] = {1, 511, 513, 1000, 1211};
	SCOPED(buf_sink_release) struct buf_sink tar;

	(void)state;
	small_tar(&tar);
	for (size_t i = 0; i < ARRAY_LEN(cuts); i++) {
		SCOPED_TEMP_DIR dir;
		struct err e;

		temp_dir_make(&dir);
		if (apply(dir.fd, (struct str){tar.buf.p, cuts[i]}, 0, &e) == 0)
			fail_msg("cut at %zu was accepted", cuts[i]);
		assert_int_equal(e.code, ERR_CORRUPT);
	}
}

static void what_is_no_tar_is_corrupt(void **state)
{
	SCOPED_TEMP_DIR dir;
	char text[2048];
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	memset(text, 'x', sizeof(text));
	assert_int_equal(apply(dir.fd, (struct str){text, sizeof(text)}, 0, &e),
			 -1);
	assert_int_equal(e.code, ERR_CORRUPT);
	assert_int_equal(apply(dir.fd, STR(""), 0, &e), 0);
}

static void a_damaged_pax_record_is_corrupt(void **state)
{
	const struct tar_xattr x = {STR("user.a"), STR("b")};
	const struct tar_entry t = {.path = STR("f"),
				    .mode = S_IFREG | 0644,
				    .uid = geteuid(),
				    .gid = getegid(),
				    .xattrs = &x,
				    .n_xattrs = 1};
	static const char *const damages[] = {"99", "x4", "0 ", "-1", "12"};
	SCOPED(buf_sink_release) struct buf_sink tar;
	SCOPED_TEMP_DIR dir;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	buf_sink_init(&tar);
	assert_int_equal(tar_write_header(&tar.sink, &t, &e), 0);
	assert_int_equal(tar_write_end(&tar.sink, &e), 0);
	assert_int_equal(apply(dir.fd, buf_str(&tar.buf), 0, &e), 0);
	for (size_t i = 0; i < ARRAY_LEN(damages); i++) {
		memcpy(tar.buf.p + 512, damages[i], 2);
		if (apply(dir.fd, buf_str(&tar.buf), 0, &e) == 0)
			fail_msg("length '%s' was accepted", damages[i]);
		assert_int_equal(e.code, ERR_CORRUPT);
	}
}

static void bytes_behind_the_end_are_counted_and_ignored(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED(buf_sink_release) struct buf_sink tar;
	const struct layer_apply_options opt = {0};
	struct str_source in;
	struct digest expected;
	struct digest got;
	uint64_t size;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	small_tar(&tar);
	for (int i = 0; i < 20000; i++)
		buf_add_char(&tar.buf, (char)i);
	expected = digest_of(tar.buf.p, tar.buf.n);
	str_source_init(&in, buf_str(&tar.buf), 999);
	assert_int_equal(layer_apply(dir.fd, &in.source, &opt, &got, &size, &e),
			 0);
	assert_true(digest_eq(&got, &expected));
	assert_int_equal(size, tar.buf.n);
}

static void a_tar_past_the_limit_is_refused(void **state)
{
	SCOPED_TEMP_DIR dir;
	SCOPED(buf_sink_release) struct buf_sink tar;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	small_tar(&tar);
	assert_int_equal(apply(dir.fd, buf_str(&tar.buf), 1000, &e), -1);
	assert_int_equal(e.code, ERR_LIMIT);
	assert_int_equal(apply(dir.fd, buf_str(&tar.buf), 10000, &e), 0);
}

static void an_owner_out_of_range_is_invalid(void **state)
{
	const struct tar_entry t = {
		.path = STR("f"), .mode = S_IFREG | 0644, .uid = UINT32_MAX};
	SCOPED(buf_sink_release) struct buf_sink tar;
	SCOPED_TEMP_DIR dir;
	struct err e;

	(void)state;
	temp_dir_make(&dir);
	buf_sink_init(&tar);
	assert_int_equal(tar_write_header(&tar.sink, &t, &e), 0);
	assert_int_equal(tar_write_end(&tar.sink, &e), 0);
	assert_int_equal(apply(dir.fd, buf_str(&tar.buf), 0, &e), -1);
	assert_error(&e, ERR_INVALID, "user id");
}

static void owners_and_sizes_that_ustar_cannot_hold_use_pax(void **state)
{
	const struct tar_entry t = {
		.path = STR("f"),
		.mode = S_IFREG | 0644,
		.uid = 3000000,
		.gid = 4000000000,
		.mtime_s = -1,
		.size_bytes = 9000000000,
	};
	SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
	struct err e;

	(void)state;
	assert_int_equal(tar_add_header(&out, &t, &e), 0);
	assert_int_equal(out.n, 3 * 512);
	assert_string_equal(out.p + 512, "18 gid=4000000000\n"
					 "12 mtime=-1\n"
					 "19 size=9000000000\n"
					 "15 uid=3000000\n");
	assert_true(tar_is_header(out.p));
	assert_true(tar_is_header(out.p + 1024));
	assert_false(tar_is_header(out.p + 512));
}

static void a_record_s_length_counts_its_own_digits(void **state)
{
	char value[100] = {0};

	(void)state;
	/* around the lengths where the length gets another digit */
	for (size_t n = 80; n < 99; n++) {
		SCOPED_BUF struct buf out = BUF_INIT(1 << 20);
		const struct tar_xattr x = {STR("u"), {value, n}};
		const struct tar_entry t = {.path = STR("f"),
					    .mode = S_IFREG,
					    .xattrs = &x,
					    .n_xattrs = 1};
		struct err e;
		unsigned long length;

		memset(value, 'v', n);
		assert_int_equal(tar_add_header(&out, &t, &e), 0);
		length = strtoul(out.p + 512, NULL, 10);
		assert_int_equal(out.p[512 + length - 1], '\n');
		assert_int_equal(out.p[512 + length], '\0');
	}
}

static void a_socket_is_left_out(void **state)
{
	SCOPED_TEMP_DIR dir;
	struct layer_info empty;
	struct layer_info with;

	(void)state;
	temp_dir_make(&dir);
	empty = hash(dir.fd, &no_options);
	assert_int_equal(mknodat(dir.fd, "s", S_IFSOCK | 0600, 0), 0);
	with = hash(dir.fd, &no_options);
	assert_true(digest_eq(&empty.diff_id, &with.diff_id));
	assert_int_equal(with.n_entries, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			times_change_the_diff_id_but_not_the_content_id),
		cmocka_unit_test(
			modes_links_and_attributes_change_the_content_id),
		cmocka_unit_test(timestamps_are_clamped),
		cmocka_unit_test(the_caller_is_told_each_file_s_digest),
		cmocka_unit_test(the_sink_gets_what_the_digest_says),
		cmocka_unit_test(bytes_only_are_the_same_bytes),
		cmocka_unit_test(
			a_file_named_as_a_whiteout_is_an_error_that_names_it),
		cmocka_unit_test(times_are_restored_for_folders_too),
		cmocka_unit_test(a_tar_cut_inside_an_entry_is_corrupt),
		cmocka_unit_test(what_is_no_tar_is_corrupt),
		cmocka_unit_test(a_damaged_pax_record_is_corrupt),
		cmocka_unit_test(bytes_behind_the_end_are_counted_and_ignored),
		cmocka_unit_test(a_tar_past_the_limit_is_refused),
		cmocka_unit_test(an_owner_out_of_range_is_invalid),
		cmocka_unit_test(
			owners_and_sizes_that_ustar_cannot_hold_use_pax),
		cmocka_unit_test(a_record_s_length_counts_its_own_digits),
		cmocka_unit_test(a_socket_is_left_out),
	};

	(void)umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
