#include "tests/cache/support.h"

#include "base/io.h"
#include "builder/image/rootfs.h"
#include "oci/layer.h"

#include <string.h>

static struct layer layer_of(const char *diff_id, const char *content_id)
{
	return (struct layer){
		.diff_id = digest_of(diff_id, strlen(diff_id)),
		.content_id = digest_of(content_id, strlen(content_id)),
	};
}

/* The content id of layers with these content ids, diff_ids being others. */
static struct digest id_of(const char *prefix, const char *const *contents)
{
	struct rootfs r;
	struct digest id;

	rootfs_init(&r);
	for (; *contents; contents++) {
		SCOPED_PTR char *diff = xasprintf("%s%s", prefix, *contents);
		struct layer l = layer_of(diff, *contents);

		rootfs_add(&r, &l, NULL);
	}
	id = r.content_id;
	rootfs_release(&r);
	return id;
}

#define ID(prefix, ...) \
	id_of((prefix), (const char *const[]){__VA_ARGS__, NULL})

static void the_content_id_is_of_contents_in_their_order(void **state)
{
	const struct digest all[] = {
		id_of("", (const char *const[]){NULL}),
		ID("", "a"),
		ID("", "b"),
		ID("", "a", "b"),
		ID("", "b", "a"),
		ID("", "a", "a"),
	};
	struct digest same = ID("", "a", "b");

	(void)state;
	assert_true(digest_eq(&all[3], &same));
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		for (size_t k = 0; k < i; k++)
			if (digest_eq(&all[i], &all[k]))
				fail_msg("%zu and %zu", i, k);
}

static void the_same_content_made_again_has_the_same_id(void **state)
{
	struct digest first = ID("monday", "a", "b");
	struct digest again = ID("tuesday", "a", "b");

	(void)state;
	assert_true(digest_eq(&first, &again));
}

static void a_copy_grows_by_itself(void **state)
{
	const struct layer a = layer_of("a", "a");
	const struct layer b = layer_of("b", "b");
	struct rootfs r;
	struct rootfs copy;
	struct digest before;

	(void)state;
	rootfs_init(&r);
	rootfs_add(&r, &a, NULL);
	before = r.content_id;
	rootfs_copy(&copy, &r);
	assert_true(digest_eq(&copy.content_id, &before));
	rootfs_add(&copy, &b, NULL);
	assert_int_equal(r.layers.n, 1);
	assert_true(digest_eq(&r.content_id, &before));
	rootfs_release(&copy);
	rootfs_release(&r);
}

static void an_image_whose_layers_do_not_fit_its_config_is_corrupt(void **state)
{
	const struct digest ids[] = {digest_of("a", 1), digest_of("b", 1)};
	const struct descriptor layers[] = {{.size_bytes = 1}};
	struct plan_image image = {
		.name = STR("base"),
		.manifest = {.layers = layers, .n_layers = 1},
		.config = {.diff_ids = ids, .n_diff_ids = 2}};
	struct rootfs r;
	struct err e;

	(void)state;
	rootfs_init(&r);
	assert_int_equal(rootfs_from_image(&r, &image, &e), -1);
	assert_error(&e, ERR_CORRUPT, "base: 1 layers in the manifest, 2 in");
	assert_int_equal(r.layers.n, 0);
	image.config.n_diff_ids = 1;
	assert_ok(rootfs_from_image(&r, &image, &e));
	assert_int_equal(r.layers.n, 1);
	rootfs_release(&r);
}

/* Store the text as a layer's uncompressed blob; its diff_id and descriptor. */
static struct layer put_blob(struct temp_store *s, const char *text,
			     struct descriptor *blob)
{
	const struct layer_write_options opt = {.mtime_max_s = INT64_MAX};
	struct blob_draft draft;
	struct layer_info info;
	struct err e;
	SCOPED_FD int fd = put_folder(s->dir.fd, "layer", text);

	assert_ok(blob_begin(&draft, &s->store.blobs, &e));
	assert_ok(layer_write(fd, &opt, &draft.sink, &info, &e));
	*blob = (struct descriptor){.size_bytes = info.size_bytes};
	assert_ok(blob_commit(&draft, &blob->digest, &e));
	blob_release(&draft);
	assert_ok(io_remove_tree(s->dir.fd, "layer", &e));
	return (struct layer){.diff_id = info.diff_id,
			      .content_id = info.diff_id};
}

static size_t snapshot_count(const struct temp_store *s)
{
	const struct view store = {
		.layer_fds = &s->store.fd, .n_layers = 1, .plain = true};
	SCOPED_ARENA struct arena a = {0};
	SCOPED_VIEW_DIR struct view_dir d = {0};
	struct str *names;
	size_t n;
	struct err e;

	assert_int_equal(view_open_dir(&store, STR("snapshots"), &d, &e), 1);
	assert_ok(view_dir_list(&d, &a, &names, &n, &e));
	return n;
}

static void layers_of_a_base_are_unpacked_when_they_are_needed(void **state)
{
	SCOPED_STORE s;
	struct descriptor blob;
	struct layer layer;
	struct rootfs r;
	struct view view;
	struct err e;

	(void)state;
	temp_store_make(&s);
	rootfs_init(&r);
	layer = put_blob(&s, "a=1 d/x=1", &blob);
	rootfs_add(&r, &layer, &blob);
	layer = put_blob(&s, "a! d/y=2", &blob);
	rootfs_add(&r, &layer, &blob);
	assert_int_equal(snapshot_count(&s), 0);

	assert_ok(rootfs_open(&r, &s.store, NULL, NULL, &view, &e));
	assert_view(&view, "d/ d/x=1 d/y=2");
	assert_int_equal(snapshot_count(&s), 0);
	assert_ok(store_publish(&s.store, &e));
	assert_int_equal(snapshot_count(&s), 2);
	/* again: the snapshots are there */
	assert_ok(rootfs_open(&r, &s.store, NULL, NULL, &view, &e));
	assert_view(&view, "d/ d/x=1 d/y=2");
	rootfs_release(&r);
}

static void
a_blob_that_is_not_the_layer_is_an_error_and_no_snapshot(void **state)
{
	SCOPED_STORE s;
	struct descriptor blob;
	struct layer layer;
	struct rootfs r;
	struct view view;
	struct err e;

	(void)state;
	temp_store_make(&s);
	rootfs_init(&r);
	(void)put_blob(&s, "evil=1", &blob);
	layer = layer_of("something else", "");
	rootfs_add(&r, &layer, &blob);
	assert_int_equal(rootfs_open(&r, &s.store, NULL, NULL, &view, &e), -1);
	assert_error(&e, ERR_CORRUPT, "its bytes don't match its diff_id");
	assert_int_equal(snapshot_count(&s), 0);
	rootfs_release(&r);
}

static void a_layer_that_is_gone_says_what_to_do(void **state)
{
	SCOPED_STORE s;
	const struct layer layer = layer_of("gone", "gone");
	struct rootfs r;
	struct view view;
	struct err e;

	(void)state;
	temp_store_make(&s);
	rootfs_init(&r);
	rootfs_add(&r, &layer, NULL);
	assert_int_equal(rootfs_open(&r, &s.store, NULL, NULL, &view, &e), -1);
	assert_error(&e, ERR_NOT_FOUND, "build again with --no-cache");
	rootfs_release(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_content_id_is_of_contents_in_their_order),
		cmocka_unit_test(the_same_content_made_again_has_the_same_id),
		cmocka_unit_test(a_copy_grows_by_itself),
		cmocka_unit_test(
			an_image_whose_layers_do_not_fit_its_config_is_corrupt),
		cmocka_unit_test(
			layers_of_a_base_are_unpacked_when_they_are_needed),
		cmocka_unit_test(
			a_blob_that_is_not_the_layer_is_an_error_and_no_snapshot),
		cmocka_unit_test(a_layer_that_is_gone_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
