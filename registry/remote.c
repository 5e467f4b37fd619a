#include "registry/remote.h"

#include "base/io.h"

#include <fcntl.h>
#include <unistd.h>

static struct str digest_reference(struct arena *a, const struct digest *d)
{
	char text[DIGEST_STRING_SIZE];

	return arena_str(a, str_from(digest_string(d, text)));
}

static int read_manifest(struct image_source *s, const struct descriptor *d,
			 struct buf *out, struct err *e)
{
	struct remote_source *r = (struct remote_source *)s;
	SCOPED_ARENA struct arena a = {0};
	struct descriptor got;

	if (r->root.n && digest_eq(&r->root_digest, &d->digest)) {
		buf_add_str(out, buf_str(&r->root));
		return buf_check(out, "manifest", e) < 0 ? -1 : 1;
	}
	return repository_manifest(r->repository, &a,
				   digest_reference(&a, &d->digest), out, &got,
				   e);
}

static int read_blob(struct image_source *s, const struct descriptor *d,
		     struct sink *out, struct err *e)
{
	struct remote_source *r = (struct remote_source *)s;

	return repository_blob(r->repository, d, out, e);
}

void remote_source_init(struct remote_source *s, struct repository *p)
{
	*s = (struct remote_source){
		.source = {.manifest = read_manifest, .blob = read_blob},
		.repository = p,
		.root = BUF_INIT(MANIFEST_MAX_BYTES),
	};
}

void remote_source_release(struct remote_source *s)
{
	buf_release(&s->root);
}

int remote_resolve(struct remote_source *s, struct arena *a,
		   const struct reference *ref, struct descriptor *out,
		   struct err *e)
{
	int found;

	buf_clear(&s->root);
	found = repository_manifest(s->repository, a,
				    ref->digest.n ? ref->digest : ref->tag,
				    &s->root, out, e);
	if (found > 0)
		s->root_digest = out->digest;
	return found;
}

/* Some of the tags, for who misspelt one. */
static struct str some_tags(struct arena *a, const struct str_list *tags)
{
	enum { SHOWN = 8 };
	struct str out = STR("");

	for (size_t i = 0; i < tags->n && i < SHOWN; i++)
		out = arena_printf(a, "%.*s%s%.*s", STR_ARG(out), i ? ", " : "",
				   STR_ARG(tags->v[i]));
	return tags->n > SHOWN ? arena_printf(a, "%.*s, …", STR_ARG(out)) : out;
}

int remote_missing(struct repository *p, const struct reference *ref,
		   struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct str_list tags = {0};
	struct err ignored;
	int found = p->unknown ? 0 : repository_tags(p, &a, &tags, &ignored);

	if (!found)
		return err_set(
			e, ERR_NOT_FOUND,
			"%.*s has no repository %.*s: check the name, or "
			"log in where it is private",
			STR_ARG(ref->domain), STR_ARG(ref->path));
	return err_set(e, ERR_NOT_FOUND,
		       "%.*s has no %s %.*s in its repository %.*s%s%.*s",
		       STR_ARG(ref->domain), ref->digest.n ? "image" : "tag",
		       STR_ARG(ref->digest.n ? ref->digest : ref->tag),
		       STR_ARG(ref->path), tags.n ? "; there are: " : "",
		       STR_ARG(some_tags(&a, &tags)));
}

/* --- destination --------------------------------------------------------- */

/* What a name asks for: its tag, or a digest, which the manifest must have. */
static int name_reference(struct arena *a, const struct tree_root *root,
			  struct str name, struct str *out, struct err *e)
{
	struct reference r;
	struct digest d;

	if (reference_parse(a, name, &r, e) < 0)
		return -1;
	*out = r.tag;
	if (r.tag.n)
		return 0;
	if (!digest_parse(r.digest, &d) ||
	    !digest_eq(&d, &root->descriptor.digest))
		return err_set(e, ERR_INVALID,
			       "%.*s: the image has another digest",
			       STR_ARG(name));
	*out = r.digest;
	return 0;
}

static int root_is_there(struct remote_dest *r, const struct tree_root *root,
			 struct err *e)
{
	SCOPED_ARENA struct arena a = {0};

	if (!root->n_names)
		return 0;
	for (size_t i = 0; i < root->n_names; i++) {
		struct str reference;
		struct digest got;
		int found;

		if (name_reference(&a, root, root->names[i], &reference, e) < 0)
			return -1;
		found = repository_digest(r->repository, reference, &got, e);
		if (found <= 0)
			return found;
		if (!digest_eq(&got, &root->descriptor.digest))
			return 0;
	}
	return 1;
}

static int has_all(struct image_dest *d, const struct image_tree *t,
		   struct err *e)
{
	struct remote_dest *r = (struct remote_dest *)d;

	if (t->n_absent)
		return err_set(e, ERR_NOT_FOUND,
			       "not all platforms of this image are here: give "
			       "--platform to send one, or `imgbuild pull "
			       "--all-platforms` first");
	for (size_t i = 0; i < t->roots.n; i++) {
		int there = root_is_there(r, &t->roots.v[i], e);

		if (there <= 0)
			return there;
	}
	return 1;
}

static int has_blob(struct image_dest *d, const struct descriptor *blob,
		    struct err *e)
{
	struct remote_dest *r = (struct remote_dest *)d;

	return repository_has_blob(r->repository, blob, e);
}

/* A file without a name that has the blob: an upload may have to begin anew. */
static int spool(struct remote_dest *r, struct image_source *s,
		 const struct descriptor *blob, struct blob_part *out,
		 struct err *e)
{
	SCOPED_FD int fd =
		openat(r->tmp_fd, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	struct fd_sink sink;

	if (fd < 0)
		return err_sys(e, "create a temporary file");
	fd_sink_init(&sink, fd, "a temporary file");
	if (transfer_blob(s, blob, &sink.sink, e) < 0)
		return -1;
	*out = (struct blob_part){.fd = TAKE_FD(fd), .owned = true};
	return 0;
}

static int put_blob(struct image_dest *d, struct image_source *s,
		    const struct descriptor *blob, struct err *e)
{
	struct remote_dest *r = (struct remote_dest *)d;
	struct blob_part part;
	int found = 0;
	int result;

	if (r->repository->mount_from.n) {
		found = repository_mount(r->repository, blob,
					 r->repository->mount_from, e);
		if (found)
			return found < 0 ? -1 : 0;
	}
	if (s->part)
		found = s->part(s, blob, &part, e);
	if (found < 0 || (!found && spool(r, s, blob, &part, e) < 0))
		return -1;
	result = repository_put_blob(r->repository, blob, &part, e);
	if (part.owned)
		(void)close(part.fd);
	return result;
}

static int put_under(struct remote_dest *r, const struct tree_manifest *m,
		     struct str reference, struct err *e)
{
	return repository_put_manifest(r->repository, reference,
				       m->descriptor.media_type, m->bytes, e);
}

/* Roots are put last, under their names alone. */
static int put_manifest(struct image_dest *d, const struct tree_manifest *m,
			struct err *e)
{
	struct remote_dest *r = (struct remote_dest *)d;
	SCOPED_ARENA struct arena a = {0};

	if (m->is_root)
		return 0;
	return put_under(r, m, digest_reference(&a, &m->descriptor.digest), e);
}

static const struct tree_manifest *find_manifest(const struct image_tree *t,
						 const struct digest *d)
{
	for (size_t i = 0; i < t->manifests.n; i++)
		if (digest_eq(&t->manifests.v[i].descriptor.digest, d))
			return &t->manifests.v[i];
	return NULL;
}

static int finish(struct image_dest *d, const struct image_tree *t,
		  struct err *e)
{
	struct remote_dest *r = (struct remote_dest *)d;
	SCOPED_ARENA struct arena a = {0};

	for (size_t i = 0; i < t->roots.n; i++) {
		const struct tree_root *root = &t->roots.v[i];
		const struct tree_manifest *m =
			find_manifest(t, &root->descriptor.digest);

		for (size_t k = 0; m && k < root->n_names; k++) {
			struct str reference;

			if (name_reference(&a, root, root->names[k], &reference,
					   e) < 0 ||
			    put_under(r, m, reference, e) < 0)
				return -1;
		}
	}
	return 0;
}

void remote_dest_init(struct remote_dest *d, struct repository *p, int tmp_fd)
{
	*d = (struct remote_dest){
		.dest = {.n_threads = 4,
			 .has_all = has_all,
			 .has_blob = has_blob,
			 .put_blob = put_blob,
			 .put_manifest = put_manifest,
			 .finish = finish},
		.repository = p,
		.tmp_fd = tmp_fd,
	};
}
