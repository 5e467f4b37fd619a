#include "cli/image_place.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/image/image.h"
#include "builder/sandbox/userns.h"
#include "oci/archive.h"
#include "oci/blob_origin.h"
#include "oci/layout.h"
#include "oci/reference.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- names --------------------------------------------------------------- */

static const struct {
	const char *prefix;
	enum place_kind kind;
} prefixes[] = {
	{"docker://", PLACE_REGISTRY},
	{"oci:", PLACE_OCI},
	{"oci-archive:", PLACE_OCI_ARCHIVE},
	{"docker-archive:", PLACE_DOCKER_ARCHIVE},
	{"dir:", PLACE_DIR},
	{"store:", PLACE_STORE},
};

/* skopeo's, for what is not here */
static const char *const foreign[] = {"containers-storage:",
				      "docker-daemon:",
				      "ostree:",
				      "atomic:",
				      "sif:",
				      "tarball:"};

static int parse_rest(struct arena *a, struct str rest, struct image_place *out,
		      struct err *e)
{
	struct str path;

	if (!rest.n)
		return err_set(e, ERR_INVALID, "%s: nothing after the prefix",
			       out->text);
	switch (out->kind) {
	case PLACE_REGISTRY:
	case PLACE_STORE: out->name = rest; return 0;
	case PLACE_DIR: out->path = arena_c(a, rest); return 0;
	case PLACE_OCI:
	case PLACE_OCI_ARCHIVE:
	case PLACE_DOCKER_ARCHIVE: break;
	}
	(void)str_cut(rest, ':', &path, &out->name);
	out->path = arena_c(a, path);
	return 0;
}

int image_place_parse(struct arena *a, const char *text,
		      struct image_place *out, struct err *e)
{
	struct str s = str_from(text);

	*out = (struct image_place){.kind = PLACE_STORE, .text = text};
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++)
		if (str_starts(s, foreign[i]))
			return err_set(e, ERR_INVALID,
				       "%s: not one of docker://, oci:, "
				       "oci-archive:, docker-archive:, dir:, "
				       "store:",
				       text);
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (!str_starts(s, prefixes[i].prefix))
			continue;
		out->kind = prefixes[i].kind;
		return parse_rest(a, str_skip(s, strlen(prefixes[i].prefix)),
				  out, e);
	}
	return parse_rest(a, s, out, e);
}

bool image_is_called(struct arena *a, struct str text, struct str name)
{
	struct reference ref;
	struct err ignored;

	return reference_parse(a, text, &ref, &ignored) == 0 &&
	       str_eq(reference_name(a, &ref), name);
}

/* --- sources ------------------------------------------------------------- */

static int open_registry(struct open_source *s, struct place_context *c,
			 const struct image_place *from, struct err *e)
{
	struct reference ref;
	int found;

	if (reference_parse(c->arena, from->name, &ref, e) < 0 ||
	    repository_open(&s->repository, c->registry, &ref, REPOSITORY_PULL,
			    e) < 0)
		return -1;
	remote_source_init(&s->remote, &s->repository);
	found = remote_resolve(&s->remote, c->arena, &ref, &s->root, e);
	if (found < 0)
		return -1;
	s->name = reference_name(c->arena, &ref);
	if (!found)
		return remote_missing(&s->repository, &ref, e);
	s->source = &s->remote.source;
	return 0;
}

static void use_store(struct open_source *s, const struct store *store)
{
	layout_source_init(&s->layout, &store->blobs);
	s->source = &s->layout.source;
}

/* An image that was built here has layers that are no blobs yet. */
static int make_whole(struct open_source *s, struct place_context *c,
		      const struct index_entry *entry, struct err *e)
{
	const struct platform host = platform_host();
	struct plan_image image;
	int whole;

	if (media_type_is_index(entry->descriptor.media_type))
		return 0;
	if (image_read(c->store, c->arena, s->name, entry, &host, &image, e) <
	    0)
		return -1;
	whole = image_is_whole(c->store, &image, e);
	if (whole)
		return whole < 0 ? -1 : 0;
	/* snapshots belong to the ids of the user namespace */
	if (userns_enter(tier_probe(), e) < 0 || store_reopen(c->store, e) < 0)
		return -1;
	return image_make_whole(c->store, &image,
				(unsigned)sysconf(_SC_NPROCESSORS_ONLN),
				&s->root, e);
}

static int open_store(struct open_source *s, struct place_context *c,
		      const struct image_place *from, struct err *e)
{
	struct index_entry entry;
	int found = image_lookup(c->store, c->arena, from->name, &entry,
				 &s->name, e);

	if (found < 0)
		return -1;
	if (!found)
		return image_missing(s->name, e);
	s->root = entry.descriptor;
	if (!image_is_called(c->arena, from->name, s->name))
		s->name = (struct str){0};
	use_store(s, c->store);
	return make_whole(s, c, &entry, e);
}

static bool entry_is_called(struct arena *a, const struct index_entry *entry,
			    struct str name)
{
	struct str ref = index_entry_annotation(entry, LAYOUT_REF_NAME);
	struct str full =
		index_entry_annotation(entry, "io.containerd.image.name");
	struct reference r;
	struct err ignored;

	if (str_eq(ref, name) || (full.n && str_eq(full, name)))
		return true;
	if (reference_parse(a, name, &r, &ignored) < 0)
		return false;
	name = reference_name(a, &r);
	return str_eq(ref, name) || str_eq(full, name);
}

static struct str list_names(struct arena *a, const struct index *ix)
{
	struct str out = STR("");

	for (size_t i = 0; i < ix->n_entries; i++) {
		struct str ref = index_entry_annotation(&ix->entries[i],
							LAYOUT_REF_NAME);

		if (ref.n)
			out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out),
					   out.n ? ", " : "", STR_ARG(ref));
	}
	return out.n ? out : STR("none");
}

/* The one that is named, or the only one. */
static int choose_entry(struct arena *a, const struct index *ix,
			const struct image_place *from, struct descriptor *out,
			struct err *e)
{
	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *entry = &ix->entries[i];

		if (from->name.n && !entry_is_called(a, entry, from->name))
			continue;
		if (!from->name.n && i &&
		    !digest_eq(&entry->descriptor.digest, &out->digest))
			return err_set(e, ERR_INVALID,
				       "%s: several images; name one of %.*s",
				       from->text, STR_ARG(list_names(a, ix)));
		*out = entry->descriptor;
		if (from->name.n)
			return 0;
	}
	if (ix->n_entries && !from->name.n)
		return 0;
	return err_set(e, ERR_NOT_FOUND,
		       "%s: there is no such image; there are: %.*s",
		       from->text, STR_ARG(list_names(a, ix)));
}

static int open_bundle(struct open_source *s, struct place_context *c,
		       const struct image_place *from, struct err *e)
{
	if (strcmp(from->path, "-") == 0)
		return bundle_open_fd(&s->bundle, c->store->fd, STDIN_FILENO,
				      e);
	return bundle_open(&s->bundle, c->store->fd, from->path, e);
}

static int open_oci(struct open_source *s, struct place_context *c,
		    const struct image_place *from, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	struct index ix;
	int found;

	if (open_bundle(s, c, from, e) < 0)
		return -1;
	found = bundle_read(&s->bundle, STR("index.json"), &text, e);
	if (found == 0)
		return err_set(e, ERR_INVALID,
			       "%s: no OCI layout: there is no index.json in "
			       "it",
			       from->text);
	if (found < 0 || index_parse(c->arena, buf_str(&text), &ix, e) < 0 ||
	    choose_entry(c->arena, &ix, from, &s->root, e) < 0)
		return -1;
	bundle_image_source_init(&s->files, &s->bundle, BUNDLE_OCI);
	s->source = &s->files.source;
	return 0;
}

static int open_dir(struct open_source *s, struct place_context *c,
		    const struct image_place *from, struct err *e)
{
	if (open_bundle(s, c, from, e) < 0 ||
	    bundle_dir_root(&s->bundle, c->arena, &s->root, e) < 0)
		return -1;
	bundle_image_source_init(&s->files, &s->bundle, BUNDLE_DIR);
	s->source = &s->files.source;
	return 0;
}

/* Its layers have no digests before they are read: through the store. */
static int open_docker_archive(struct open_source *s, struct place_context *c,
			       const struct image_place *from, struct err *e)
{
	struct loaded_image *images;
	struct str wanted = from->name;
	struct reference ref;
	size_t n;
	int result = strcmp(from->path, "-") == 0
			     ? archive_load_fd(c->store->fd, STDIN_FILENO,
					       c->arena, &images, &n, e)
			     : archive_load(c->store->fd, from->path, c->arena,
					    &images, &n, e);

	if (result < 0)
		return -1;
	if (wanted.n && reference_parse(c->arena, wanted, &ref, e) < 0)
		return -1;
	if (wanted.n)
		wanted = reference_name(c->arena, &ref);
	use_store(s, c->store);
	for (size_t i = 0; i < n; i++) {
		if (wanted.n && !str_eq(images[i].name, wanted))
			continue;
		s->root = images[i].manifest;
		s->name = images[i].name;
		return 0;
	}
	return err_set(e, ERR_NOT_FOUND, "%s: there is no such image in it",
		       from->text);
}

int open_source(struct open_source *s, struct place_context *c,
		const struct image_place *from, struct err *e)
{
	int result = -1;

	*s = (struct open_source){.bundle = {.fd = -1, .folder = -1}};
	switch (from->kind) {
	case PLACE_REGISTRY: result = open_registry(s, c, from, e); break;
	case PLACE_OCI:
	case PLACE_OCI_ARCHIVE: result = open_oci(s, c, from, e); break;
	case PLACE_DOCKER_ARCHIVE:
		result = open_docker_archive(s, c, from, e);
		break;
	case PLACE_DIR: result = open_dir(s, c, from, e); break;
	case PLACE_STORE: result = open_store(s, c, from, e); break;
	}
	if (result < 0)
		open_source_release(s);
	return result;
}

void open_source_release(struct open_source *s)
{
	bundle_release(&s->bundle);
	remote_source_release(&s->remote);
	repository_release(&s->repository);
	*s = (struct open_source){.bundle = {.fd = -1, .folder = -1}};
}

/* --- destinations --------------------------------------------------------- */

/* A copy under way. */
struct transfer {
	struct place_context *context;
	struct open_source *from;
	struct image_tree tree;
	struct tree_root *root;
	struct transfer_watch *watch;
};

static int run(struct transfer *t, struct image_dest *d, struct err *e)
{
	return image_tree_copy(&t->tree, t->from->source, d, t->watch, e);
}

static void set_name(struct transfer *t, struct str name)
{
	struct str *names = arena_new(&t->tree.arena, struct str);

	*names = name;
	t->root->names = names;
	t->root->n_names = name.n > 0;
}

static int name_by_reference(struct transfer *t, struct str name,
			     struct reference *ref, struct err *e)
{
	if (reference_parse(t->context->arena, name, ref, e) < 0)
		return -1;
	set_name(t, reference_name(t->context->arena, ref));
	return 0;
}

/* What the source, or a blob of it, is of, on the registry that is sent to. */
static bool is_on(const struct repository *p, const struct reference *ref)
{
	return str_eq(ref->domain, p->endpoints[0].host) &&
	       !str_eq(ref->path, p->endpoints[0].path);
}

/*
 * Blobs that another repository of the registry has are mounted from there: the
 * source's, or the one that a layer of the store came from.
 */
static int choose_mount(struct transfer *t, struct repository *p, struct err *e)
{
	struct arena *a = t->context->arena;
	struct reference ref;
	struct descriptor d;
	struct str name = t->from->repository.name;
	int known = 0;

	if (name.n && reference_parse(a, name, &ref, e) == 0 && is_on(p, &ref))
		p->mount_from = ref.path;
	if (t->from->source != &t->from->layout.source)
		return 0;
	for (size_t i = 0; !p->mount_from.n && i < t->tree.blobs.n; i++) {
		known = blob_origin_get(&t->context->store->blobs, a,
					&t->tree.blobs.v[i].digest, &d, &name,
					e);
		if (known < 0)
			return -1;
		if (known && reference_parse(a, name, &ref, e) == 0 &&
		    is_on(p, &ref))
			p->mount_from = ref.path;
	}
	return 0;
}

static int to_registry(struct transfer *t, const struct image_place *to,
		       struct err *e)
{
	SCOPED(repository_release) struct repository p = {0};
	SCOPED_FD int tmp_fd = io_open_dir(t->context->store->fd, "tmp", e);
	struct remote_dest dest;
	struct reference ref;

	if (tmp_fd < 0 || name_by_reference(t, to->name, &ref, e) < 0 ||
	    repository_open(&p, t->context->registry, &ref, REPOSITORY_PUSH,
			    e) < 0)
		return -1;
	if (choose_mount(t, &p, e) < 0)
		return -1;
	remote_dest_init(&dest, &p, tmp_fd);
	return run(t, &dest.dest, e);
}

static int to_layout(struct transfer *t, int dirfd, struct err *e)
{
	struct layout_dest dest;

	if (layout_dest_init(&dest, dirfd, e) < 0)
		return -1;
	return run(t, &dest.dest, e);
}

/* What our writing needs beside a layout is not left in others'. */
static void tidy_layout(int dirfd)
{
	(void)unlinkat(dirfd, "index.json.copy", 0);
	(void)unlinkat(dirfd, "locks/index.lock", 0);
	(void)unlinkat(dirfd, "locks", AT_REMOVEDIR);
	(void)unlinkat(dirfd, "tmp", AT_REMOVEDIR);
}

static int open_or_make(const char *path, struct err *e)
{
	if (io_mkdir_all(AT_FDCWD, path, 0755, e) < 0)
		return -1;
	return io_open_dir(AT_FDCWD, path, e);
}

static int to_folder(struct transfer *t, const struct image_place *to,
		     struct err *e)
{
	SCOPED_FD int fd = open_or_make(to->path, e);
	int result;

	if (fd < 0)
		return -1;
	if (faccessat(fd, "snapshots", F_OK, 0) == 0)
		return err_set(e, ERR_INVALID,
			       "%s is a store of imgbuild's: set IMGBUILD_ROOT "
			       "and use store:NAME",
			       to->path);
	set_name(t, to->name);
	result = to_layout(t, fd, e);
	tidy_layout(fd);
	return result;
}

static int to_dir(struct transfer *t, const struct image_place *to,
		  struct err *e)
{
	SCOPED_FD int fd = open_or_make(to->path, e);
	struct dir_dest dest;

	if (fd < 0)
		return -1;
	dir_dest_init(&dest, fd);
	return run(t, &dest.dest, e);
}

static int write_stream(const struct image_tree *t, struct image_source *s,
			int fd, const char *path, bool docker,
			struct transfer_watch *w, struct err *e)
{
	struct archive_dest dest;
	struct fd_sink sink;

	fd_sink_init(&sink, fd, path);
	archive_dest_init(&dest, &sink.sink, docker);
	return image_tree_copy(t, s, &dest.dest, w, e);
}

int place_write_archive(const struct image_tree *t, struct image_source *s,
			const char *path, bool docker, struct transfer_watch *w,
			struct err *e)
{
	SCOPED(io_output_release) struct io_output file = {.fd = -1};

	if (strcmp(path, "-") == 0)
		return write_stream(t, s, STDOUT_FILENO, "stdout", docker, w,
				    e);
	if (io_output_open(&file, path, e) < 0 ||
	    write_stream(t, s, file.fd, path, docker, w, e) < 0)
		return -1;
	return io_output_commit(&file, e);
}

static int to_archive(struct transfer *t, const struct image_place *to,
		      struct err *e)
{
	bool docker = to->kind == PLACE_DOCKER_ARCHIVE;
	struct reference ref;

	if (to->name.n && (docker || str_find(to->name, '/') >= 0 ||
			   str_find(to->name, ':') >= 0)) {
		if (name_by_reference(t, to->name, &ref, e) < 0)
			return -1;
	} else {
		set_name(t, to->name);
	}
	return place_write_archive(&t->tree, t->from->source, to->path, docker,
				   t->watch, e);
}

static int to_store(struct transfer *t, const struct image_place *to,
		    struct err *e)
{
	struct reference ref;

	if (name_by_reference(t, to->name, &ref, e) < 0)
		return -1;
	if (to_layout(t, t->context->store->fd, e) < 0)
		return -1;
	if (!t->from->repository.name.n)
		return 0;
	return blob_origin_put_tree(&t->context->store->blobs, &t->tree,
				    t->from->repository.name, e);
}

static int deliver(struct transfer *t, const struct image_place *to,
		   struct err *e)
{
	switch (to->kind) {
	case PLACE_REGISTRY: return to_registry(t, to, e);
	case PLACE_OCI: return to_folder(t, to, e);
	case PLACE_OCI_ARCHIVE:
	case PLACE_DOCKER_ARCHIVE: return to_archive(t, to, e);
	case PLACE_DIR: return to_dir(t, to, e);
	case PLACE_STORE: return to_store(t, to, e);
	}
	return -1;
}

int place_copy(struct place_context *c, const struct image_place *from,
	       const struct image_place *to, const struct tree_options *opt,
	       struct transfer_watch *w, struct descriptor *out, struct err *e)
{
	SCOPED(open_source_release)
	struct open_source s = {.bundle = {.fd = -1, .folder = -1}};
	struct transfer t = {.context = c, .from = &s, .watch = w};
	int result;

	if (open_source(&s, c, from, e) < 0)
		return -1;
	result = image_tree_add(&t.tree, s.source, &s.root, opt, &t.root, e);
	if (result == 0)
		result = deliver(&t, to, e);
	if (result == 0) {
		*out = t.root->descriptor;
		out->media_type = arena_str(c->arena, out->media_type);
	}
	image_tree_release(&t.tree);
	return result;
}
