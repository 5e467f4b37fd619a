/*
 * The modules of oci/ on a command line, for integration tests and benchmarks:
 *
 *   oci_tool hash FOLDER                         diff_id, content id, size
 *   oci_tool write FOLDER KIND LEVEL THREADS     a layer to standard output
 *   oci_tool apply FOLDER [LOWER]                a layer from standard input
 *   oci_tool compress KIND LEVEL THREADS         standard input to output
 *   oci_tool decompress                          standard input to output
 *   oci_tool init STORE
 *   oci_tool load STORE ARCHIVE|-                names and manifests
 *   oci_tool import STORE NAME                   a tar from standard input
 *   oci_tool export STORE NAME oci|docker        an archive to standard output
 *   oci_tool config STORE NAME                   the config's document
 */
#include "base/clock.h"
#include "base/io.h"
#include "oci/archive.h"
#include "oci/compress.h"
#include "oci/layer.h"
#include "oci/layout.h"
#include "oci/reference.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK_SIZE = 256 * 1024 };

static int pump(struct source_stream *in, struct sink *out, struct err *e)
{
	SCOPED_PTR char *chunk = xmalloc(CHUNK_SIZE);
	ssize_t n;

	while ((n = in->read(in, chunk, CHUNK_SIZE, e)) > 0)
		if (out->write(out, chunk, (size_t)n, e) < 0)
			return -1;
	return (int)n;
}

static void print_info(FILE *to, const struct layer_info *info)
{
	char diff_id[DIGEST_STRING_SIZE];
	char content[DIGEST_STRING_SIZE];

	(void)fprintf(to,
		      "diff_id %s\ncontent_id %s\nsize %llu\nentries %llu\n",
		      digest_string(&info->diff_id, diff_id),
		      digest_string(&info->content_id, content),
		      (unsigned long long)info->size_bytes,
		      (unsigned long long)info->n_entries);
}

static int cmd_hash(char **arg, struct err *e)
{
	const struct layer_write_options opt = {.mtime_max_s = INT64_MAX};
	SCOPED_FD int fd = io_open_dir(AT_FDCWD, arg[0], e);
	struct layer_info info;

	if (fd < 0 || layer_write(fd, &opt, NULL, &info, e) < 0)
		return -1;
	print_info(stdout, &info);
	return 0;
}

static int begin(struct compressor **c, char **arg, struct sink *out,
		 struct err *e)
{
	struct compression_spec spec = {.level = atoi(arg[1])};

	if (compression_parse(str_from(arg[0]), &spec.kind, e) < 0)
		return -1;
	return compressor_begin(c, &spec, (unsigned)atoi(arg[2]), out, e);
}

static int cmd_write(char **arg, struct err *e)
{
	const struct layer_write_options opt = {.mtime_max_s = INT64_MAX};
	SCOPED_FD int fd = io_open_dir(AT_FDCWD, arg[0], e);
	struct compressor *c = NULL;
	struct layer_info info;
	struct fd_sink out;
	int result = -1;

	fd_sink_init(&out, STDOUT_FILENO, "standard output");
	if (fd < 0 || begin(&c, arg + 1, &out.sink, e) < 0)
		return -1;
	if (layer_write(fd, &opt, compressor_sink(c), &info, e) == 0)
		result = compressor_finish(c, e);
	compressor_free(c);
	if (result == 0)
		print_info(stderr, &info);
	return result;
}

static int open_lower(void *ctx, const char *path)
{
	return openat(*(int *)ctx, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static void warn(void *ctx, const char *message)
{
	(void)ctx;
	(void)fprintf(stderr, "warning: %s\n", message);
}

static int cmd_apply(char **arg, struct err *e)
{
	SCOPED_FD int fd = io_open_dir(AT_FDCWD, arg[0], e);
	SCOPED_FD int lower = arg[1] ? io_open_dir(AT_FDCWD, arg[1], e) : -1;
	const struct layer_apply_options opt = {
		.open_lower = arg[1] ? open_lower : NULL,
		.warn = warn,
		.ctx = &lower,
	};
	struct decompressor *d = NULL;
	char text[DIGEST_STRING_SIZE];
	struct digest diff_id;
	struct fd_source in;
	uint64_t size;
	int result;

	fd_source_init(&in, STDIN_FILENO, "standard input");
	if (fd < 0 || (arg[1] && lower < 0) ||
	    decompressor_begin(&d, &in.source, NULL, e) < 0)
		return -1;
	result = layer_apply(fd, decompressor_source(d), &opt, &diff_id, &size,
			     e);
	decompressor_free(d);
	if (result == 0)
		printf("diff_id %s\nsize %llu\n", digest_string(&diff_id, text),
		       (unsigned long long)size);
	return result;
}

static int cmd_compress(char **arg, struct err *e)
{
	struct compressor *c = NULL;
	struct fd_source in;
	struct fd_sink out;
	int result;

	fd_source_init(&in, STDIN_FILENO, "standard input");
	fd_sink_init(&out, STDOUT_FILENO, "standard output");
	if (begin(&c, arg, &out.sink, e) < 0)
		return -1;
	result = pump(&in.source, compressor_sink(c), e);
	if (result == 0)
		result = compressor_finish(c, e);
	compressor_free(c);
	return result;
}

static int cmd_decompress(char **arg, struct err *e)
{
	struct decompressor *d = NULL;
	struct fd_source in;
	struct fd_sink out;
	int result;

	(void)arg;
	fd_source_init(&in, STDIN_FILENO, "standard input");
	fd_sink_init(&out, STDOUT_FILENO, "standard output");
	if (decompressor_begin(&d, &in.source, NULL, e) < 0)
		return -1;
	result = pump(decompressor_source(d), &out.sink, e);
	decompressor_free(d);
	return result;
}

static int cmd_init(char **arg, struct err *e)
{
	SCOPED_FD int fd = io_open_dir(AT_FDCWD, arg[0], e);

	return fd < 0 ? -1 : layout_init(fd, e);
}

static int name_it(int store, struct str name, const struct descriptor *d,
		   struct err *e)
{
	const struct index_entry entry = {.descriptor = *d};

	return layout_set_name(store, name, &entry, e);
}

static int cmd_load(char **arg, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int store = io_open_dir(AT_FDCWD, arg[0], e);
	struct loaded_image *images;
	char text[DIGEST_STRING_SIZE];
	size_t n;
	int result;

	if (store < 0)
		return -1;
	result = strcmp(arg[1], "-") == 0
			 ? archive_load_fd(store, STDIN_FILENO, &a, &images, &n,
					   e)
			 : archive_load(store, arg[1], &a, &images, &n, e);
	for (size_t i = 0; result == 0 && i < n; i++) {
		printf("%s %.*s\n",
		       digest_string(&images[i].manifest.digest, text),
		       STR_ARG(images[i].name));
		if (images[i].name.n)
			result = name_it(store, images[i].name,
					 &images[i].manifest, e);
	}
	return result;
}

static int cmd_import(char **arg, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_FD int store = io_open_dir(AT_FDCWD, arg[0], e);
	const struct image_config config = {.platform = platform_host(),
					    .has_created = true};
	struct descriptor manifest;
	struct reference r;

	if (store < 0 || reference_parse(&a, str_from(arg[1]), &r, e) < 0 ||
	    archive_import(store, STDIN_FILENO, &config, &manifest, e) < 0)
		return -1;
	return name_it(store, reference_name(&a, &r), &manifest, e);
}

struct stored_layer {
	struct blobs *blobs;
	struct digest digest;
};

static int write_blob(void *ctx, struct sink *out, struct err *e)
{
	const struct stored_layer *l = ctx;
	SCOPED_FD int fd = blob_open(l->blobs, &l->digest, e);
	struct fd_source in;

	fd_source_init(&in, fd, "layer");
	return fd < 0 ? -1 : pump(&in.source, out, e);
}

/* An image of the store, read. */
struct image {
	struct str name;
	struct manifest manifest;
	struct image_config config;
	struct digest manifest_digest;
};

static int read_image(int store, const char *name, struct arena *a,
		      struct image *out, struct err *e)
{
	struct index_entry entry;
	struct reference r;
	int found;

	if (reference_parse(a, str_from(name), &r, e) < 0)
		return -1;
	out->name = reference_name(a, &r);
	found = layout_find(store, a, out->name, &entry, e);
	if (found <= 0)
		return found < 0
			       ? -1
			       : err_set(e, ERR_NOT_FOUND, "no image %s", name);
	return layout_read_image(store, a, &entry.descriptor, NULL,
				 &out->manifest, &out->manifest_digest,
				 &out->config, e);
}

static int cmd_config(char **arg, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	SCOPED_FD int store = io_open_dir(AT_FDCWD, arg[0], e);
	struct image image;

	if (store < 0 || read_image(store, arg[1], &a, &image, e) < 0)
		return -1;
	image_config_write(&text, &image.config);
	puts(buf_c(&text));
	return 0;
}

static int cmd_export(char **arg, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf manifest = BUF_INIT(MANIFEST_MAX_BYTES);
	SCOPED_BUF struct buf config = BUF_INIT(CONFIG_MAX_BYTES);
	SCOPED_FD int store = io_open_dir(AT_FDCWD, arg[0], e);
	struct blobs blobs = {store};
	struct archive_layer *layers;
	struct stored_layer *stored;
	struct archive_image out = {0};
	struct image image;
	struct fd_sink sink;

	if (store < 0 || read_image(store, arg[1], &a, &image, e) < 0 ||
	    blob_read(&blobs, &image.manifest_digest, &manifest, e) < 0 ||
	    blob_read(&blobs, &image.manifest.config.digest, &config, e) < 0)
		return -1;
	layers = arena_new_array(&a, image.manifest.n_layers,
				 struct archive_layer);
	stored = arena_new_array(&a, image.manifest.n_layers,
				 struct stored_layer);
	for (size_t i = 0; i < image.manifest.n_layers; i++) {
		stored[i].blobs = &blobs;
		stored[i].digest = image.manifest.layers[i].digest;
		layers[i].descriptor = image.manifest.layers[i];
		layers[i].write = write_blob;
		layers[i].ctx = &stored[i];
	}
	out.manifest = buf_str(&manifest);
	out.config = buf_str(&config);
	out.config_digest = image.manifest.config.digest;
	out.layers = layers;
	out.n_layers = image.manifest.n_layers;
	out.names = &image.name;
	out.n_names = 1;
	out.platform = image.config.platform;
	out.created_s = image.config.created_ns / 1000000000;
	fd_sink_init(&sink, STDOUT_FILENO, "standard output");
	return strcmp(arg[2], "docker") == 0
		       ? archive_write_docker(&sink.sink, &out, e)
		       : archive_write_oci(&sink.sink, &out, e);
}

static const struct {
	const char *name;
	int min_args;
	int (*run)(char **arg, struct err *e);
} commands[] = {
	{"hash", 1, cmd_hash},
	{"write", 4, cmd_write},
	{"apply", 1, cmd_apply},
	{"compress", 3, cmd_compress},
	{"decompress", 0, cmd_decompress},
	{"init", 1, cmd_init},
	{"load", 2, cmd_load},
	{"import", 2, cmd_import},
	{"export", 3, cmd_export},
	{"config", 2, cmd_config},
};

int main(int argc, char **argv)
{
	struct err e = {0};

	for (size_t i = 0; argc > 1 && i < ARRAY_LEN(commands); i++) {
		if (strcmp(argv[1], commands[i].name) != 0 ||
		    argc - 2 < commands[i].min_args)
			continue;
		if (commands[i].run(argv + 2, &e) == 0)
			return 0;
		(void)fprintf(stderr, "oci_tool: %s\n", e.msg);
		return 1;
	}
	(void)fprintf(stderr, "usage: see the top of oci_tool.c\n");
	return 2;
}
