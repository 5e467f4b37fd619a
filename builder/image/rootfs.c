#include "builder/image/rootfs.h"

#include "base/clock.h"
#include "base/path.h"
#include "cache/snapshot.h"
#include "oci/blob_fetch.h"
#include "oci/compress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void rootfs_init(struct rootfs *r)
{
	*r = (struct rootfs){.content_id = digest_of("rootfs/1", 8)};
}

static void close_fds(struct rootfs *r)
{
	for (size_t i = 0; i < r->fds.n; i++)
		(void)close(r->fds.v[i]);
	vec_release(&r->fds);
	vec_release(&r->visible_fds);
}

void rootfs_release(struct rootfs *r)
{
	close_fds(r);
	vec_release(&r->layers);
}

void rootfs_copy(struct rootfs *out, const struct rootfs *from)
{
	rootfs_init(out);
	for (size_t i = 0; i < from->layers.n; i++)
		*vec_push(&out->layers) = from->layers.v[i];
	out->content_id = from->content_id;
}

void rootfs_add(struct rootfs *r, const struct layer *layer,
		const struct descriptor *blob)
{
	struct rootfs_layer *added = vec_push(&r->layers);
	uint8_t pair[2 * DIGEST_SIZE];

	added->layer = *layer;
	if (blob)
		added->blob = *blob;
	memcpy(pair, r->content_id.bytes, DIGEST_SIZE);
	memcpy(pair + DIGEST_SIZE, layer->content_id.bytes, DIGEST_SIZE);
	r->content_id = digest_of(pair, sizeof(pair));
}

int rootfs_from_image(struct rootfs *r, const struct plan_image *image,
		      struct err *e)
{
	const struct image_config *config = &image->config;

	if (config->n_diff_ids != image->manifest.n_layers)
		return err_set(e, ERR_CORRUPT,
			       "image %.*s: %zu layers in the manifest, %zu in "
			       "the config",
			       STR_ARG(image->name), image->manifest.n_layers,
			       config->n_diff_ids);
	for (size_t i = 0; i < config->n_diff_ids; i++) {
		const struct layer layer = {
			.diff_id = config->diff_ids[i],
			.content_id = config->diff_ids[i],
		};

		rootfs_add(r, &layer, &image->manifest.layers[i]);
	}
	return 0;
}

/* What layer_apply asks of the layers below, and tells. */
struct lower {
	struct view view;
	struct event_sink *events;
};

static int open_lower(void *ctx, const char *path)
{
	const struct lower *l = ctx;
	SCOPED_ARENA struct arena a = {0};
	SCOPED_VIEW_DIR struct view_dir dir = {0};
	struct view_path at;
	struct view_entry entry;
	struct err e;
	char *name;

	errno = ENOENT;
	if (view_resolve(&l->view, &a, str_from(path), VIEW_FOLLOW_DIRS, &at,
			 &e) < 0 ||
	    !at.exists || at.path.n == 0 ||
	    !(S_ISREG(at.st.st_mode) || S_ISDIR(at.st.st_mode)))
		return -1;
	if (view_open_dir(&l->view, path_dir(at.path), &dir, &e) <= 0)
		return -1;
	name = arena_c(&a, path_base(at.path));
	if (view_dir_find(&dir, name, &entry, &e) <= 0)
		return -1;
	return openat(entry.dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

static void warn(void *ctx, const char *message)
{
	const struct lower *l = ctx;
	const struct event event = {.kind = EVENT_NOTE,
				    .text = str_from(message),
				    .at_ns = clock_monotonic_ns()};

	if (l->events)
		l->events->emit(l->events, &event);
}

static int apply_blob(struct snapshot_draft *d, int blob_fd,
		      const struct view *below, const struct rootfs_layer *l,
		      struct event_sink *events, struct err *e)
{
	struct fd_source file;
	struct lower lower = {*below, events};
	const struct layer_apply_options opt = {
		.open_lower = open_lower, .warn = warn, .ctx = &lower};
	struct decompressor *plain;
	struct digest diff_id;
	uint64_t size_bytes;
	int result;

	fd_source_init(&file, blob_fd, "layer");
	if (decompressor_begin(&plain, &file.source, NULL, e) < 0)
		return -1;
	result = layer_apply(d->upper_fd, decompressor_source(plain), &opt,
			     &diff_id, &size_bytes, e);
	decompressor_free(plain);
	if (result < 0)
		return -1;
	if (!digest_eq(&diff_id, &l->layer.diff_id))
		return err_set(e, ERR_CORRUPT,
			       "its bytes don't match its diff_id");
	return snapshot_commit_as(d, &diff_id, e);
}

static int unpack_layer(struct rootfs *r, size_t i, const struct store *s,
			struct event_sink *events, struct err *e)
{
	const struct rootfs_layer *l = &r->layers.v[i];
	const struct view below = {.layer_fds = r->fds.v, .n_layers = i};
	char text[DIGEST_STRING_SIZE];
	struct snapshot_draft draft;
	SCOPED_FD int fd = -1;
	int result;

	if (l->blob.size_bytes == 0)
		return err_set(e, ERR_NOT_FOUND,
			       "layer %s is gone from the store: build again "
			       "with --no-cache",
			       digest_string(&l->layer.diff_id, text));
	fd = blob_open(&s->blobs, &l->blob.digest, e);
	if (fd < 0 || snapshot_begin(&draft, s, e) < 0)
		return -1;
	result = apply_blob(&draft, fd, &below, l, events, e);
	snapshot_release(&draft);
	return result < 0 ? err_wrap(e, "unpack layer %s",
				     digest_string(&l->blob.digest, text))
			  : 0;
}

/*
 * A layer that comes again further up (an empty one, most often) is shown there
 * only: all that it says, it says again above everything between. overlayfs
 * refuses one folder twice (ELOOP).
 */
static void find_visible(struct rootfs *r)
{
	r->visible_fds.n = 0;
	for (size_t i = 0; i < r->layers.n; i++) {
		const struct digest *id = &r->layers.v[i].layer.diff_id;
		bool again = false;

		for (size_t k = i + 1; k < r->layers.n && !again; k++)
			again = digest_eq(id, &r->layers.v[k].layer.diff_id);
		if (!again)
			*vec_push(&r->visible_fds) = r->fds.v[i];
	}
}

void unpacking_release(struct unpacking *u)
{
	vec_release(&u->diff_ids);
	(void)pthread_cond_destroy(&u->changed);
	(void)pthread_mutex_destroy(&u->lock);
}

static size_t find_unpacking(const struct unpacking *u, const struct digest *id)
{
	size_t i = 0;

	while (i < u->diff_ids.n && !digest_eq(&u->diff_ids.v[i], id))
		i++;
	return i;
}

/* When this returns no other thread is at this layer, until unpacking_end. */
static void unpacking_begin(struct unpacking *u, const struct digest *id)
{
	(void)pthread_mutex_lock(&u->lock);
	while (find_unpacking(u, id) < u->diff_ids.n)
		(void)pthread_cond_wait(&u->changed, &u->lock);
	*vec_push(&u->diff_ids) = *id;
	(void)pthread_mutex_unlock(&u->lock);
}

static void unpacking_end(struct unpacking *u, const struct digest *id)
{
	(void)pthread_mutex_lock(&u->lock);
	u->diff_ids.v[find_unpacking(u, id)] = u->diff_ids.v[u->diff_ids.n - 1];
	u->diff_ids.n--;
	(void)pthread_cond_broadcast(&u->changed);
	(void)pthread_mutex_unlock(&u->lock);
}

/* The same layer may be needed by several steps at once. */
static int unpack_once(struct rootfs *r, size_t i, const struct store *s,
		       struct unpacking *unpacking, struct event_sink *events,
		       struct err *e)
{
	const struct digest *id = &r->layers.v[i].layer.diff_id;
	int result;

	if (!unpacking)
		return unpack_layer(r, i, s, events, e);
	unpacking_begin(unpacking, id);
	result = snapshot_exists(s, id, e);
	if (result == 0)
		result = unpack_layer(r, i, s, events, e);
	unpacking_end(unpacking, id);
	return result < 0 ? -1 : 0;
}

static void note_fetch(struct event_sink *events, size_t n_layers,
		       uint64_t n_bytes)
{
	SCOPED_BUF struct buf text = BUF_INIT(256);
	struct event event = {.kind = EVENT_NOTE,
			      .at_ns = clock_monotonic_ns()};

	buf_printf(&text, "fetching %zu layer%s of a base, %.1f MB", n_layers,
		   n_layers == 1 ? "" : "s", (double)n_bytes / 1e6);
	event.text = buf_str(&text);
	if (events)
		events->emit(events, &event);
}

/* Layers that are neither unpacked nor here come several at once. */
static int fetch_layers(const struct rootfs *r, const struct store *s,
			struct event_sink *events, struct err *e)
{
	VEC(struct digest) missing = {0};
	uint64_t n_bytes = 0;
	int result = 0;

	for (size_t i = r->fds.n; s->blobs.fetcher && i < r->layers.n; i++) {
		const struct rootfs_layer *l = &r->layers.v[i];
		uint64_t size;
		int there = snapshot_exists(s, &l->layer.diff_id, e);

		if (there == 0 && l->blob.size_bytes)
			there = blob_stat(&s->blobs, &l->blob.digest, &size, e);
		if (there < 0)
			result = -1;
		if (there || !l->blob.size_bytes)
			continue;
		*vec_push(&missing) = l->blob.digest;
		n_bytes += l->blob.size_bytes;
	}
	if (result == 0 && missing.n) {
		note_fetch(events, missing.n, n_bytes);
		result = blobs_fetch(&s->blobs, missing.v, missing.n, e);
	}
	vec_release(&missing);
	return result;
}

int rootfs_open(struct rootfs *r, const struct store *s,
		struct unpacking *unpacking, struct event_sink *events,
		struct view *view, struct err *e)
{
	if (fetch_layers(r, s, events, e) < 0)
		return -1;
	while (r->fds.n < r->layers.n) {
		size_t i = r->fds.n;
		const struct digest *id = &r->layers.v[i].layer.diff_id;
		int there = snapshot_exists(s, id, e);
		int fd;

		if (there == 0)
			there = unpack_once(r, i, s, unpacking, events, e);
		fd = there < 0 ? -1 : snapshot_open(s, id, e);
		if (fd < 0)
			return -1;
		*vec_push(&r->fds) = fd;
	}
	find_visible(r);
	*view = (struct view){.layer_fds = r->visible_fds.v,
			      .n_layers = r->visible_fds.n};
	return 0;
}
