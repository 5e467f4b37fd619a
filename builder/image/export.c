#include "builder/image/export.h"

#include "base/io.h"
#include "cache/snapshot.h"
#include "oci/archive.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* stdout, or what the user named. */
struct output {
	struct fd_sink sink;
	struct io_output file; /* fd -1 where it is stdout */
	int stdout_fd;
};

static int output_open(struct output *o, const char *dest, struct err *e)
{
	*o = (struct output){.file.fd = -1, .stdout_fd = -1};
	if (strcmp(dest, "-") == 0) {
		o->stdout_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
		if (o->stdout_fd < 0)
			return err_sys(e, "write to stdout");
	} else if (io_output_open(&o->file, dest, e) < 0) {
		return -1;
	}
	fd_sink_init(&o->sink, o->stdout_fd < 0 ? o->file.fd : o->stdout_fd,
		     dest);
	return 0;
}

static void output_release(struct output *o)
{
	scoped_close(&o->stdout_fd);
	io_output_release(&o->file);
}

static int write_layer(void *ctx, struct sink *out, struct err *e)
{
	return export_layer_write(ctx, out, e);
}

struct documents {
	struct arena arena;
	struct buf config;
	struct buf manifest;
	struct export_layer *layers;
	struct archive_layer *archive_layers;
};

static void documents_release(struct documents *d)
{
	arena_release(&d->arena);
	buf_release(&d->config);
	buf_release(&d->manifest);
}

static void write_config(struct documents *d, const struct image *image)
{
	struct image_config config = *image->config;
	size_t n = image->rootfs->layers.n;
	struct digest *ids = arena_new_array(&d->arena, n, struct digest);

	for (size_t i = 0; i < n; i++)
		ids[i] = d->layers[i].diff_id;
	config.diff_ids = ids;
	config.n_diff_ids = n;
	image_config_write(&d->config, &config);
}

static void write_manifest(struct documents *d, size_t n_layers,
			   const struct digest *config_digest)
{
	struct descriptor *layers =
		arena_new_array(&d->arena, n_layers, struct descriptor);
	const struct manifest doc = {
		.config = {str_from(MEDIA_CONFIG), *config_digest, d->config.n},
		.layers = layers,
		.n_layers = n_layers,
	};

	for (size_t i = 0; i < n_layers; i++)
		layers[i] = d->layers[i].descriptor;
	manifest_write(&d->manifest, &doc);
}

static void list_layers(struct documents *d, size_t n)
{
	d->archive_layers = arena_new_array(&d->arena, n, struct archive_layer);
	for (size_t i = 0; i < n; i++)
		d->archive_layers[i] = (struct archive_layer){
			.descriptor = d->layers[i].descriptor,
			.diff_id = d->layers[i].diff_id,
			.write = write_layer,
			.ctx = &d->layers[i],
		};
}

static int make_documents(struct documents *d, const struct store *s,
			  const struct image *image,
			  const struct export_spec *spec,
			  struct export_result *out, struct err *e)
{
	size_t n = image->rootfs->layers.n;

	d->config = BUF_INIT(CONFIG_MAX_BYTES);
	d->manifest = BUF_INIT(MANIFEST_MAX_BYTES);
	if (export_layers_make(s, image->rootfs, spec, &d->arena, &d->layers,
			       e) < 0)
		return -1;
	write_config(d, image);
	out->config_digest = digest_of(d->config.p, d->config.n);
	write_manifest(d, n, &out->config_digest);
	out->manifest = (struct descriptor){
		.media_type = str_from(MEDIA_MANIFEST),
		.digest = digest_of(d->manifest.p, d->manifest.n),
		.size_bytes = d->manifest.n,
	};
	list_layers(d, n);
	if (buf_check(&d->config, "image config", e) < 0)
		return -1;
	return buf_check(&d->manifest, "manifest", e);
}

int export_to_store(const struct store *s, const struct image *image,
		    const struct export_spec *spec, struct export_result *out,
		    struct err *e)
{
	struct documents d = {0};
	struct digest digest;
	int result = make_documents(&d, s, image, spec, out, e);

	if (result == 0)
		result = blob_put(&s->blobs, buf_str(&d.config), &digest, e);
	if (result == 0)
		result = blob_put(&s->blobs, buf_str(&d.manifest), &digest, e);
	documents_release(&d);
	return result;
}

static int export_archive(const struct store *s, const struct image *image,
			  const struct str *names, size_t n_names,
			  const struct export_spec *spec, struct output *o,
			  struct export_result *out, struct err *e)
{
	struct documents d = {0};
	int result = make_documents(&d, s, image, spec, out, e);

	if (result == 0) {
		const struct archive_image archive = {
			.manifest = buf_str(&d.manifest),
			.config = buf_str(&d.config),
			.config_digest = out->config_digest,
			.layers = d.archive_layers,
			.n_layers = image->rootfs->layers.n,
			.names = names,
			.n_names = n_names,
			.platform = image->config->platform,
			.created_s = image->config->created_ns / 1000000000,
		};

		result =
			spec->kind == EXPORT_DOCKER
				? archive_write_docker(&o->sink.sink, &archive,
						       e)
				: archive_write_oci(&o->sink.sink, &archive, e);
	}
	documents_release(&d);
	return result;
}

/*
 * Read all that was not made a moment ago, before any of it is given away. A
 * layer that a base brought is unpacked again where it was changed.
 */
static int check_layers(const struct store *s, const struct rootfs *rootfs,
			struct err *e)
{
	char text[DIGEST_STRING_SIZE];

	for (size_t i = 0; i < rootfs->layers.n; i++) {
		const struct rootfs_layer *l = &rootfs->layers.v[i];
		int whole =
			l->fresh ? 1 : snapshot_verify(s, &l->layer.diff_id, e);

		if (whole < 0)
			return -1;
		if (whole == 0 && l->blob.size_bytes == 0)
			return err_set(e, ERR_CORRUPT,
				       "layer %s was changed in the store: "
				       "what was changed is put away, build "
				       "again",
				       digest_string(&l->layer.diff_id, text));
	}
	return 0;
}

static int export_rootfs(const struct store *s, const struct image *image,
			 const struct export_spec *spec, struct output *o,
			 struct err *e)
{
	struct rootfs rootfs;
	struct view view;
	int result;

	rootfs_copy(&rootfs, image->rootfs);
	result = check_layers(s, &rootfs, e);
	if (result == 0)
		result = rootfs_open(&rootfs, s, NULL, NULL, &view, e);
	if (result == 0)
		result = spec->kind == EXPORT_LOCAL
				 ? export_rootfs_folder(&view, spec->dest, e)
				 : export_rootfs_tar(&view, &o->sink.sink, e);
	rootfs_release(&rootfs);
	/* what was unpacked for it */
	return result < 0 ? -1 : store_publish(s, e);
}

int export_image(const struct store *s, const struct image *image,
		 const struct str *names, size_t n_names,
		 const struct export_spec *spec, struct export_result *out,
		 struct err *e)
{
	struct output o = {.file.fd = -1, .stdout_fd = -1};
	int result = 0;

	*out = (struct export_result){0};
	if (spec->kind != EXPORT_LOCAL)
		result = output_open(&o, spec->dest, e);
	if (result == 0)
		result = spec->kind == EXPORT_TAR || spec->kind == EXPORT_LOCAL
				 ? export_rootfs(s, image, spec, &o, e)
				 : export_archive(s, image, names, n_names,
						  spec, &o, out, e);
	if (result == 0)
		result = io_output_commit(&o.file, e);
	output_release(&o);
	return result < 0 ? err_wrap(e, "export to %s", spec->dest) : 0;
}
