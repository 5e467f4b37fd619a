#include "tests/cache/support.h"

#include "base/io.h"
#include "cache/kept.h"
#include "cache/record.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void make_key(struct key *k)
{
	key_init(k, "run/1");
	key_add(k, "command", STR("make \"all\"\n"));
	key_add(k, "cwd", STR("/src"));
}

static struct layer some_layer(void)
{
	return (struct layer){
		.diff_id = digest_of("diff", 4),
		.content_id = digest_of("content", 7),
		.size_bytes = 10240,
		.created_ns = INT64_C(1769860800123456789),
	};
}

static void record_name(const struct digest *key, char out[80])
{
	char hex[DIGEST_HEX_SIZE];

	(void)snprintf(out, 80, "steps/%s", digest_hex(key, hex));
}

/* A store with a record of some_layer and its snapshot. */
static struct digest put_record(struct temp_store *t)
{
	const struct layer layer = some_layer();
	SCOPED_KEY struct key k;
	struct err e;

	temp_store_make(t);
	make_key(&k);
	assert_ok(record_put(&t->store, &k, &layer, &e));
	assert_ok(store_publish(&t->store, &e));
	put_snapshot(&t->store, &layer.diff_id, "a=1");
	return key_digest(&k);
}

static void a_record_reads_back(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	const struct layer expected = some_layer();
	struct layer found;
	struct err e;

	(void)state;
	assert_int_equal(record_find(&t.store, &key, &found, &e), 1);
	assert_true(digest_eq(&found.diff_id, &expected.diff_id));
	assert_true(digest_eq(&found.content_id, &expected.content_id));
	assert_int_equal(found.size_bytes, expected.size_bytes);
	assert_int_equal(found.created_ns, expected.created_ns);
}

static void a_record_is_json_with_the_components_beside_the_result(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	struct str content;
	char name[80];
	struct err e;

	(void)state;
	record_name(&key, name);
	assert_int_equal(kept_read(t.store.fd, name, &text, &content, &e), 1);
	assert_string_equal(
		content.p,
		"{\"version\":1,\"domain\":\"run/1\",\"components\":[\n"
		"[\"command\",\"make \\\"all\\\"\\n\"],\n"
		"[\"cwd\",\"/src\"]],\n"
		"\"result\":{\"diffID\":\"sha256:"
		"df087996d45b03e7eb8c133c0298fd98d35113fca26aaba58612fef3cc212c"
		"ad\""
		",\"contentID\":\"sha256:"
		"ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f"
		"73\""
		",\"size\":10240,"
		"\"created\":\"2026-01-31T12:00:00.123456789Z\"}}\n");
}

static void another_key_is_a_miss(void **state)
{
	SCOPED_STORE t;
	const struct digest other = digest_of("other", 5);
	struct layer found;
	struct err e;

	(void)state;
	(void)put_record(&t);
	assert_int_equal(record_find(&t.store, &other, &found, &e), 0);
}

static void a_record_whose_snapshot_is_gone_is_a_miss(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	struct layer found;
	struct err e;

	(void)state;
	assert_ok(io_remove_tree(t.store.fd, "snapshots", &e));
	assert_ok(io_mkdir(t.store.fd, "snapshots", 0755, &e));
	assert_int_equal(record_find(&t.store, &key, &found, &e), 0);
}

static void a_later_record_of_the_same_key_replaces_it(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	struct layer layer = some_layer();
	SCOPED_KEY struct key k;
	struct layer found;
	struct err e;

	(void)state;
	make_key(&k);
	layer.content_id = digest_of("new", 3);
	assert_ok(record_put(&t.store, &k, &layer, &e));
	assert_ok(store_publish(&t.store, &e));
	assert_int_equal(record_find(&t.store, &key, &found, &e), 1);
	assert_true(digest_eq(&found.content_id, &layer.content_id));
}

#define RESULT                                                                \
	"\"diffID\":\"sha256:"                                                \
	"df087996d45b03e7eb8c133c0298fd98d35113fca26aaba58612fef3cc212cad\"," \
	"\"contentID\":\"sha256:"                                             \
	"ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73\""

static void a_record_that_is_not_understood_is_a_miss(void **state)
{
	static const char *const table[] = {
		"",
		" ",
		"{",
		"null",
		"[]",
		"\"text\"",
		"{}",
		"not json",
		"{\"version\":1}",
		"{\"version\":1,\"result\":null}",
		"{\"version\":1,\"result\":[]}",
		"{\"version\":1,\"result\":{}}",
		/* a later version, and one of another type */
		"{\"version\":2,\"result\":{" RESULT
		",\"size\":1,\"created\":\"2026-01-31T12:00:00Z\"}}",
		"{\"version\":\"1\",\"result\":{" RESULT
		",\"size\":1,\"created\":\"2026-01-31T12:00:00Z\"}}",
		/* values that are missing, of a wrong type, out of range */
		"{\"version\":1,\"result\":{" RESULT ",\"size\":1}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"created\":\"2026-01-31T12:00:00Z\"}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":-1,\"created\":\"2026-01-31T12:00:00Z\"}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":1.5,\"created\":\"2026-01-31T12:00:00Z\"}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":1e30,\"created\":\"2026-01-31T12:00:00Z\"}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":\"1\",\"created\":\"2026-01-31T12:00:00Z\"}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":1,\"created\":\"today\"}}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":1,\"created\":5}}",
		"{\"version\":1,\"result\":{\"diffID\":\"sha256:../../x\","
		"\"contentID\":\"\",\"size\":1,"
		"\"created\":\"2026-01-31T12:00:00Z\"}}",
		/* bytes that are not UTF-8, and something behind the end */
		"{\"version\":1,\"\xff\":1}",
		"{\"version\":1,\"result\":{" RESULT
		",\"size\":1,\"created\":\"2026-01-31T12:00:00Z\"}} x",
	};
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	struct layer found;
	char name[80];
	struct err e;

	(void)state;
	record_name(&key, name);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_ok(kept_put(t.store.fd, name, str_from(table[i]), &e));
		if (record_find(&t.store, &key, &found, &e) != 0)
			fail_msg("not a miss: %s", table[i]);
	}
	/* the rest of the table is refused for what it says, not for RESULT */
	assert_ok(kept_put(
		t.store.fd, name,
		STR("{\"version\":1,\"result\":{" RESULT
		    ",\"size\":1,\"created\":\"2026-01-31T12:00:00Z\"}}"),
		&e));
	assert_int_equal(record_find(&t.store, &key, &found, &e), 1);
}

static void a_record_cut_anywhere_is_a_miss(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	struct layer found;
	char name[80];
	struct err e;

	(void)state;
	record_name(&key, name);
	assert_int_equal(io_read_file(t.store.fd, name, &text, &e), 1);
	for (size_t n = 0; n < text.n; n++) {
		put_file(t.store.fd, name, str_sub(buf_str(&text), 0, n), 0644);
		if (record_find(&t.store, &key, &found, &e) != 0)
			fail_msg("the first %zu bytes are no miss", n);
	}
}

static void a_record_with_one_bit_changed_is_a_miss(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	SCOPED_BUF struct buf text = BUF_INIT(10000);
	struct str content;
	struct layer found;
	char name[80];
	struct err e;

	(void)state;
	record_name(&key, name);
	assert_int_equal(io_read_file(t.store.fd, name, &text, &e), 1);
	for (size_t i = 0; i < 8 * text.n; i++) {
		text.p[i / 8] ^= (char)(1 << i % 8);
		if (kept_parse(buf_str(&text), name, &content))
			fail_msg("with bit %zu changed it is believed", i);
		text.p[i / 8] ^= (char)(1 << i % 8);
	}
	text.p[text.n / 2] ^= 1;
	put_file(t.store.fd, name, buf_str(&text), 0644);
	assert_int_equal(record_find(&t.store, &key, &found, &e), 0);
}

static void a_record_under_another_key_is_a_miss(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	const struct digest other = digest_of("other", 5);
	struct layer found;
	char from[80];
	char to[80];
	struct err e;

	(void)state;
	record_name(&key, from);
	record_name(&other, to);
	assert_int_equal(renameat(t.store.fd, from, t.store.fd, to), 0);
	assert_int_equal(record_find(&t.store, &other, &found, &e), 0);
}

static void a_record_is_written_when_the_store_is_published(void **state)
{
	SCOPED_STORE t;
	const struct layer layer = some_layer();
	SCOPED_KEY struct key k;
	struct digest key;
	char name[80];
	struct err e;

	(void)state;
	temp_store_make(&t);
	make_key(&k);
	key = key_digest(&k);
	record_name(&key, name);
	assert_ok(record_put(&t.store, &k, &layer, &e));
	assert_false(path_exists(t.store.fd, name));
	assert_ok(store_publish(&t.store, &e));
	assert_true(path_exists(t.store.fd, name));
}

static void a_record_that_is_too_large_or_too_deep_is_a_miss(void **state)
{
	enum { DEEP = 100000 };
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	SCOPED_PTR char *large = xmalloc(RECORD_MAX_BYTES + 1);
	struct layer found;
	char name[80];
	struct err e;

	(void)state;
	record_name(&key, name);
	memset(large, ' ', RECORD_MAX_BYTES + 1);
	put_file(t.store.fd, name, (struct str){large, RECORD_MAX_BYTES + 1},
		 0644);
	assert_int_equal(record_find(&t.store, &key, &found, &e), 0);
	memset(large, '[', DEEP);
	assert_ok(kept_put(t.store.fd, name, (struct str){large, DEEP}, &e));
	assert_int_equal(record_find(&t.store, &key, &found, &e), 0);
}

static void what_is_no_file_is_a_miss(void **state)
{
	SCOPED_STORE t;
	struct digest key = put_record(&t);
	struct layer found;
	char name[80];
	struct err e;

	(void)state;
	record_name(&key, name);
	assert_int_equal(unlinkat(t.store.fd, name, 0), 0);
	assert_ok(io_mkdir(t.store.fd, name, 0755, &e));
	assert_int_equal(record_find(&t.store, &key, &found, &e), 0);
}

static void
components_that_are_too_large_are_an_error_and_no_record(void **state)
{
	SCOPED_STORE t;
	SCOPED_KEY struct key k;
	SCOPED_PTR char *large = xmalloc(RECORD_MAX_BYTES);
	const struct layer layer = some_layer();
	struct layer found;
	struct digest key;
	struct err e;

	(void)state;
	temp_store_make(&t);
	memset(large, 'x', RECORD_MAX_BYTES);
	key_init(&k, "run/1");
	key_add(&k, "script", (struct str){large, RECORD_MAX_BYTES});
	assert_int_equal(record_put(&t.store, &k, &layer, &e), -1);
	assert_error(&e, ERR_LIMIT, "step record");
	key = key_digest(&k);
	assert_int_equal(record_find(&t.store, &key, &found, &e), 0);
}

static void a_variant_is_found_while_its_blob_is_there(void **state)
{
	SCOPED_STORE t;
	const struct digest diff_id = digest_of("diff", 4);
	struct digest blob;
	struct variant v;
	struct variant found;
	char path[100];
	char hex[DIGEST_HEX_SIZE];
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(blob_put(&t.store.blobs, STR("compressed"), &blob, &e));
	v = (struct variant){blob, 10, digest_of("plain", 5)};
	assert_ok(variant_put(&t.store, &diff_id, "gzip-6", &v, &e));
	assert_int_equal(variant_find(&t.store, &diff_id, "gzip-6", &found, &e),
			 1);
	assert_true(digest_eq(&found.digest, &blob));
	assert_true(digest_eq(&found.diff_id, &v.diff_id));
	assert_int_equal(found.size_bytes, 10);
	assert_int_equal(variant_find(&t.store, &diff_id, "zstd-3", &found, &e),
			 0);

	(void)snprintf(path, sizeof(path), "blobs/sha256/%s",
		       digest_hex(&blob, hex));
	assert_int_equal(unlinkat(t.store.fd, path, 0), 0);
	assert_int_equal(variant_find(&t.store, &diff_id, "gzip-6", &found, &e),
			 0);
}

static void a_variant_whose_blob_has_another_size_is_a_miss(void **state)
{
	SCOPED_STORE t;
	const struct digest diff_id = digest_of("diff", 4);
	struct digest blob;
	struct variant v;
	struct variant found;
	struct err e;

	(void)state;
	temp_store_make(&t);
	assert_ok(blob_put(&t.store.blobs, STR("compressed"), &blob, &e));
	v = (struct variant){blob, 11, digest_of("plain", 5)};
	assert_ok(variant_put(&t.store, &diff_id, "gzip-6", &v, &e));
	assert_int_equal(variant_find(&t.store, &diff_id, "gzip-6", &found, &e),
			 0);
}

static void a_damaged_variant_is_a_miss(void **state)
{
	static const char *const table[] = {
		"", "{}", "{\"version\":1}", "{\"version\":1,\"digest\":5}",
		"{\"version\":1,\"digest\":\"sha256:abc\",\"size\":10}"};
	SCOPED_STORE t;
	const struct digest diff_id = digest_of("diff", 4);
	struct variant found;
	char path[100];
	char hex[DIGEST_HEX_SIZE];
	struct err e;

	(void)state;
	temp_store_make(&t);
	(void)snprintf(path, sizeof(path), "variants/%s-none",
		       digest_hex(&diff_id, hex));
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		assert_ok(kept_put(t.store.fd, path, str_from(table[i]), &e));
		assert_int_equal(
			variant_find(&t.store, &diff_id, "none", &found, &e),
			0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_reads_back),
		cmocka_unit_test(
			a_record_is_json_with_the_components_beside_the_result),
		cmocka_unit_test(another_key_is_a_miss),
		cmocka_unit_test(a_record_whose_snapshot_is_gone_is_a_miss),
		cmocka_unit_test(a_later_record_of_the_same_key_replaces_it),
		cmocka_unit_test(a_record_that_is_not_understood_is_a_miss),
		cmocka_unit_test(a_record_cut_anywhere_is_a_miss),
		cmocka_unit_test(a_record_with_one_bit_changed_is_a_miss),
		cmocka_unit_test(a_record_under_another_key_is_a_miss),
		cmocka_unit_test(
			a_record_is_written_when_the_store_is_published),
		cmocka_unit_test(
			a_record_that_is_too_large_or_too_deep_is_a_miss),
		cmocka_unit_test(what_is_no_file_is_a_miss),
		cmocka_unit_test(
			components_that_are_too_large_are_an_error_and_no_record),
		cmocka_unit_test(a_variant_is_found_while_its_blob_is_there),
		cmocka_unit_test(
			a_variant_whose_blob_has_another_size_is_a_miss),
		cmocka_unit_test(a_damaged_variant_is_a_miss),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
