#include "support.h"

#include "base/io.h"
#include "oci/archive.h"
#include "oci/compress.h"
#include "oci/tar.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void make_store(struct temp_dir *t)
{
	struct err e;

	temp_dir_make(t);
	if (layout_init(t->fd, &e) < 0)
		fail_msg("%s", e.msg);
}

static int count_blobs(const struct temp_dir *t)
{
	int fd = openat(t->fd, "blobs/sha256", O_RDONLY | O_DIRECTORY);
	DIR *dir = fdopendir(fd);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	(void)closedir(dir);
	return n - 2;
}

static int fd_of(struct str bytes)
{
	int fd = memfd_create("test", MFD_CLOEXEC);
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(io_write_all(fd, bytes.p, bytes.n, "memory", &e), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

static void add_file(struct buf_sink *tar, const char *path, struct str content)
{
	const struct tar_entry t = {.path = str_from(path),
				    .mode = S_IFREG | 0644,
				    .size_bytes = content.n};
	struct err e;

	assert_int_equal(tar_write_header(&tar->sink, &t, &e), 0);
	buf_add_str(&tar->buf, content);
	assert_int_equal(tar_write_padding(&tar->sink, content.n, &e), 0);
}

static void add_link(struct buf_sink *tar, const char *path, const char *target)
{
	const struct tar_entry t = {.path = str_from(path),
				    .mode = S_IFLNK | 0777,
				    .link = str_from(target)};
	struct err e;

	assert_int_equal(tar_write_header(&tar->sink, &t, &e), 0);
}

static void end_tar(struct buf_sink *tar)
{
	struct err e;

	assert_int_equal(tar_write_end(&tar->sink, &e), 0);
}

/* A layer with one file. */
static void make_layer(struct buf_sink *tar, const char *content)
{
	buf_sink_init(tar);
	add_file(tar, "f", str_from(content));
	end_tar(tar);
}

struct loaded {
	struct arena arena;
	struct loaded_image *images;
	size_t n;
};

static int load(const struct temp_dir *store, struct str archive,
		struct loaded *out, struct err *e)
{
	SCOPED_FD int fd = fd_of(archive);

	*out = (struct loaded){0};
	*e = (struct err){0};
	return archive_load_fd(store->fd, fd, &out->arena, &out->images,
			       &out->n, e);
}

static void load_fails(struct buf_sink *tar, enum err_code code,
		       const char *message)
{
	SCOPED_TEMP_DIR store;
	struct loaded loaded;
	struct err e;

	end_tar(tar);
	make_store(&store);
	if (load(&store, buf_str(&tar->buf), &loaded, &e) == 0)
		fail_msg("was accepted, expected '%s'", message);
	assert_error(&e, code, message);
	arena_release(&loaded.arena);
	buf_sink_release(tar);
}

static int write_str(void *ctx, struct sink *out, struct err *e)
{
	const struct buf *b = ctx;

	return out->write(out, b->p, b->n, e);
}

/* An image of layers, ready to be written as an archive. */
struct made {
	struct buf config;
	struct buf manifest;
	struct archive_layer layers[2];
	struct str name;
	struct archive_image image;
};

static void make_image(struct made *m, struct buf *layer, size_t n_layers)
{
	struct digest d = digest_of(layer->p, layer->n);
	const struct digest diff_ids[2] = {d, d};
	struct image_config c = {
		.platform = {.os = STR("linux"), .architecture = STR("amd64")},
		.diff_ids = diff_ids,
		.n_diff_ids = n_layers,
	};
	struct descriptor layers[2];
	struct manifest doc = {.layers = layers, .n_layers = n_layers};

	*m = (struct made){.config = BUF_INIT(1 << 20),
			   .manifest = BUF_INIT(1 << 20)};
	image_config_write(&m->config, &c);
	for (size_t i = 0; i < n_layers; i++) {
		layers[i] = (struct descriptor){STR(MEDIA_LAYER), d, layer->n};
		m->layers[i] = (struct archive_layer){
			.descriptor = layers[i],
			.diff_id = d,
			.write = write_str,
			.ctx = layer,
		};
	}
	doc.config = (struct descriptor){STR(MEDIA_CONFIG),
					 digest_of(m->config.p, m->config.n),
					 m->config.n};
	manifest_write(&m->manifest, &doc);
	m->name = STR("docker.io/library/x:1");
	m->image = (struct archive_image){
		.manifest = buf_str(&m->manifest),
		.config = buf_str(&m->config),
		.config_digest = doc.config.digest,
		.layers = m->layers,
		.n_layers = n_layers,
		.names = &m->name,
		.n_names = 1,
		.platform = c.platform,
	};
}

static void made_release(struct made *m)
{
	buf_release(&m->config);
	buf_release(&m->manifest);
}

typedef int write_function(struct sink *out, const struct archive_image *image,
			   struct err *e);

static void check_round_trip(write_function *write, size_t n_layers)
{
	SCOPED(buf_sink_release) struct buf_sink layer;
	SCOPED(buf_sink_release) struct buf_sink one;
	SCOPED(buf_sink_release) struct buf_sink two;
	SCOPED(made_release) struct made made;
	SCOPED_TEMP_DIR store;
	struct digest manifest;
	struct loaded loaded;
	struct err e;

	make_layer(&layer, "content");
	make_image(&made, &layer.buf, n_layers);
	buf_sink_init(&one);
	buf_sink_init(&two);
	if (write(&one.sink, &made.image, &e) < 0 ||
	    write(&two.sink, &made.image, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(one.buf.n, two.buf.n);
	assert_memory_equal(one.buf.p, two.buf.p, one.buf.n);
	make_store(&store);
	if (load(&store, buf_str(&one.buf), &loaded, &e) < 0)
		fail_msg("%s", e.msg);
	manifest = digest_of(made.manifest.p, made.manifest.n);
	assert_int_equal(loaded.n, 1);
	assert_str(loaded.images[0].name, "docker.io/library/x:1");
	assert_true(digest_eq(&loaded.images[0].manifest.digest, &manifest));
	/* a layer that is there twice is one blob */
	assert_int_equal(count_blobs(&store), 3);
	arena_release(&loaded.arena);
}

static void an_oci_archive_loads_back(void **state)
{
	(void)state;
	check_round_trip(archive_write_oci, 1);
	check_round_trip(archive_write_oci, 2);
}

static void a_docker_archive_loads_back(void **state)
{
	(void)state;
	check_round_trip(archive_write_docker, 1);
	check_round_trip(archive_write_docker, 2);
}

static void a_layer_of_another_size_is_corrupt(void **state)
{
	static const int64_t differences[] = {-1, 1};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(differences); i++) {
		SCOPED(buf_sink_release) struct buf_sink layer;
		SCOPED(buf_sink_release) struct buf_sink out;
		SCOPED(made_release) struct made made;
		struct err e;

		make_layer(&layer, "content");
		make_image(&made, &layer.buf, 1);
		made.layers[0].descriptor.size_bytes +=
			(uint64_t)differences[i];
		buf_sink_init(&out);
		assert_int_equal(archive_write_oci(&out.sink, &made.image, &e),
				 -1);
		assert_int_equal(e.code, ERR_CORRUPT);
	}
}

/* docker's form of before version 25, the second layer a link to the first. */
static void add_old_docker(struct buf_sink *tar, struct str layer,
			   const char *diff_id)
{
	SCOPED_BUF struct buf config = BUF_INIT(10000);

	buf_printf(&config,
		   "{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":"
		   "{\"type\":\"layers\",\"diff_ids\":[\"%s\",\"%s\"]}}",
		   diff_id, diff_id);
	add_file(tar, "aa/layer.tar", layer);
	add_file(tar, "aa/VERSION", STR("1.0"));
	add_link(tar, "bb/layer.tar", "../aa/layer.tar");
	add_file(tar, "cc.json", buf_str(&config));
	add_file(tar, "manifest.json",
		 STR("[{\"Config\":\"cc.json\",\"RepoTags\":[\"x:1\",\"y:2\"],"
		     "\"Layers\":[\"aa/layer.tar\",\"bb/layer.tar\"]}]"));
}

static void old_docker_archives_load(void **state)
{
	SCOPED(buf_sink_release) struct buf_sink layer;
	SCOPED(buf_sink_release) struct buf_sink tar;
	SCOPED_TEMP_DIR store;
	char text[DIGEST_STRING_SIZE];
	struct loaded loaded;
	struct digest d;
	struct err e;

	(void)state;
	make_layer(&layer, "content");
	d = digest_of(layer.buf.p, layer.buf.n);
	buf_sink_init(&tar);
	add_old_docker(&tar, buf_str(&layer.buf), digest_string(&d, text));
	end_tar(&tar);
	make_store(&store);
	if (load(&store, buf_str(&tar.buf), &loaded, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(loaded.n, 2);
	assert_str(loaded.images[0].name, "docker.io/library/x:1");
	assert_str(loaded.images[1].name, "docker.io/library/y:2");
	assert_int_equal(count_blobs(&store), 3);
	arena_release(&loaded.arena);
}

static void a_layer_that_is_not_what_the_config_says_is_corrupt(void **state)
{
	struct buf_sink layer;
	struct buf_sink tar;

	(void)state;
	make_layer(&layer, "content");
	buf_sink_init(&tar);
	add_old_docker(&tar, buf_str(&layer.buf),
		       "sha256:00000000000000000000000000000000"
		       "00000000000000000000000000000000");
	load_fails(&tar, ERR_CORRUPT, "not what the image's config says");
	buf_sink_release(&layer);
}

static void broken_docker_archives_are_refused(void **state)
{
	static const struct {
		const char *manifest;
		enum err_code code;
		const char *message;
	} table[] = {
		{"{}", ERR_INVALID, "array"},
		{"[]", ERR_INVALID, "no images"},
		{"[1]", ERR_INVALID, "object"},
		{"[{\"Config\":7}]", ERR_INVALID, "'Config'"},
		{"[{\"Config\":\"none\"}]", ERR_CORRUPT, "none is missing"},
		{"[{\"Config\":\"../../../etc/passwd\"}]", ERR_CORRUPT,
		 "missing"},
		{"[{\"Config\":\"loop\"}]", ERR_INVALID, "too many links"},
		{"[{\"Config\":\"out\"}]", ERR_CORRUPT, "missing"},
		{"[{\"Config\":\"c\",\"Layers\":[\"c\"]}]", ERR_CORRUPT,
		 "1 layers, but its config has 0"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct buf_sink tar;

		buf_sink_init(&tar);
		add_file(&tar, "manifest.json", str_from(table[i].manifest));
		add_link(&tar, "loop", "./loop");
		add_link(&tar, "out", "/etc/passwd");
		add_file(&tar, "c",
			 STR("{\"architecture\":\"a\",\"os\":\"b\"}"));
		load_fails(&tar, table[i].code, table[i].message);
	}
}

#define SOME_DIGEST \
	"2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static void add_index(struct buf_sink *tar)
{
	add_file(tar, "index.json",
		 STR("{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":"
		     "\"" MEDIA_MANIFEST "\",\"digest\":"
		     "\"sha256:" SOME_DIGEST "\",\"size\":5}]}"));
}

static void broken_oci_archives_are_refused(void **state)
{
	struct buf_sink tar;

	(void)state;
	buf_sink_init(&tar);
	add_index(&tar);
	load_fails(&tar, ERR_CORRUPT, "is missing");
	buf_sink_init(&tar);
	add_index(&tar);
	add_file(&tar, "blobs/sha256/" SOME_DIGEST, STR("HELLO"));
	load_fails(&tar, ERR_CORRUPT, "another digest");
	buf_sink_init(&tar);
	add_index(&tar);
	/* the right digest, but no manifest */
	add_file(&tar, "blobs/sha256/" SOME_DIGEST, STR("hello"));
	load_fails(&tar, ERR_INVALID, "manifest");
}

static void a_root_file_system_is_no_image_archive(void **state)
{
	struct buf_sink tar;

	(void)state;
	buf_sink_init(&tar);
	add_file(&tar, "etc/passwd", STR("root"));
	load_fails(&tar, ERR_INVALID, "imgbuild import");
}

static void a_failed_load_leaves_no_temporary_file(void **state)
{
	SCOPED_TEMP_DIR store;
	struct loaded loaded;
	struct err e;

	(void)state;
	make_store(&store);
	assert_int_equal(load(&store, STR("no archive at all"), &loaded, &e),
			 -1);
	assert_int_equal(unlinkat(store.fd, "tmp", AT_REMOVEDIR), 0);
}

static void compress(enum compression kind, struct str in, struct buf_sink *out)
{
	const struct compression_spec spec = {kind, 0};
	struct compressor *c;
	struct err e;

	buf_sink_init(out);
	assert_int_equal(compressor_begin(&c, &spec, 1, &out->sink, &e), 0);
	assert_int_equal(
		compressor_sink(c)->write(compressor_sink(c), in.p, in.n, &e),
		0);
	assert_int_equal(compressor_finish(c, &e), 0);
	compressor_free(c);
}

static void an_imported_tar_is_kept_as_it_is(void **state)
{
	static const enum compression kinds[] = {
		COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_ZSTD};
	const struct image_config config = {
		.platform = {.os = STR("linux"), .architecture = STR("amd64")}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		SCOPED(buf_sink_release) struct buf_sink layer;
		SCOPED(buf_sink_release) struct buf_sink bytes;
		SCOPED_ARENA struct arena a = {0};
		SCOPED_TEMP_DIR store;
		struct descriptor manifest;
		struct manifest m;
		struct digest d;
		struct digest expected;
		struct image_config c;
		struct err e;

		make_layer(&layer, "content");
		compress(kinds[i], buf_str(&layer.buf), &bytes);
		SCOPED_FD int fd = fd_of(buf_str(&bytes.buf));

		make_store(&store);
		if (archive_import(store.fd, fd, &config, &manifest, &e) < 0 ||
		    layout_read_image(store.fd, &a, &manifest, NULL, &m, &d, &c,
				      &e) < 0)
			fail_msg("%s", e.msg);
		expected = digest_of(bytes.buf.p, bytes.buf.n);
		assert_true(digest_eq(&m.layers[0].digest, &expected));
		assert_str(m.layers[0].media_type,
			   compression_media_type(kinds[i]));
		expected = digest_of(layer.buf.p, layer.buf.n);
		assert_true(digest_eq(&c.diff_ids[0], &expected));
		assert_int_equal(c.n_history, 1);
	}
}

static void what_is_no_tar_is_not_imported(void **state)
{
	static const char *const table[] = {"", "text", "<html>"};
	const struct image_config config = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		SCOPED_FD int fd = fd_of(str_from(table[i]));
		SCOPED_TEMP_DIR store;
		struct descriptor manifest;
		struct err e;

		make_store(&store);
		assert_int_equal(
			archive_import(store.fd, fd, &config, &manifest, &e),
			-1);
		assert_error(&e, ERR_INVALID, "not a tar");
		assert_int_equal(count_blobs(&store), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_oci_archive_loads_back),
		cmocka_unit_test(a_docker_archive_loads_back),
		cmocka_unit_test(a_layer_of_another_size_is_corrupt),
		cmocka_unit_test(old_docker_archives_load),
		cmocka_unit_test(
			a_layer_that_is_not_what_the_config_says_is_corrupt),
		cmocka_unit_test(broken_docker_archives_are_refused),
		cmocka_unit_test(broken_oci_archives_are_refused),
		cmocka_unit_test(a_root_file_system_is_no_image_archive),
		cmocka_unit_test(a_failed_load_leaves_no_temporary_file),
		cmocka_unit_test(an_imported_tar_is_kept_as_it_is),
		cmocka_unit_test(what_is_no_tar_is_not_imported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
