#include "oci/transfer.h"

#include "oci/layout.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum {
	MAX_DEPTH = 4,
	MAX_MANIFESTS = 1000,
	MAX_BLOBS = 20000,
	MAX_DOCUMENTS_BYTES = 64 << 20, /* all manifests of a tree together */
};

void image_tree_release(struct image_tree *t)
{
	vec_release(&t->manifests);
	vec_release(&t->blobs);
	strmap_release(&t->places);
	vec_release(&t->roots);
	arena_release(&t->arena);
	*t = (struct image_tree){0};
}

/* --- reading ------------------------------------------------------------ */

struct reading {
	struct image_tree *tree;
	struct image_source *source;
	const struct tree_options *opt;
	uint64_t n_bytes;
};

static struct tree_manifest *find_manifest(const struct image_tree *t,
					   const struct digest *d)
{
	for (size_t i = 0; i < t->manifests.n; i++)
		if (digest_eq(&t->manifests.v[i].descriptor.digest, d))
			return &t->manifests.v[i];
	return NULL;
}

/* Layers that Windows images may not be distributed with. */
static bool is_foreign(struct str media_type)
{
	return strstr(media_type.p ? media_type.p : "", "foreign") ||
	       strstr(media_type.p ? media_type.p : "", "nondistributable");
}

static int add_blob(struct image_tree *t, const struct descriptor *d,
		    struct err *e)
{
	const struct str key = {(const char *)d->digest.bytes, DIGEST_SIZE};
	size_t place;

	if (is_foreign(d->media_type))
		return 0;
	place = (size_t)(uintptr_t)strmap_get(&t->places, key);
	if (place && t->blobs.v[place - 1].size_bytes != d->size_bytes)
		return err_set(e, ERR_CORRUPT, "one blob with two sizes");
	if (place)
		return 0;
	if (t->blobs.n >= MAX_BLOBS)
		return err_set(e, ERR_LIMIT, "more than %d blobs", MAX_BLOBS);
	*vec_push(&t->blobs) = *d;
	strmap_set(&t->places, arena_str(&t->arena, key),
		   (void *)(uintptr_t)t->blobs.n);
	return 0;
}

static int add_blobs(struct reading *r, struct str bytes, struct err *e)
{
	struct image_tree *t = r->tree;
	struct manifest m;

	if (manifest_parse(&t->arena, bytes, &m, e) < 0 ||
	    add_blob(t, &m.config, e) < 0)
		return -1;
	for (size_t i = 0; !r->opt->without_layers && i < m.n_layers; i++)
		if (add_blob(t, &m.layers[i], e) < 0)
			return -1;
	return 0;
}

/* 1 *out has the bytes (in the tree's arena), 0 the source has none, -1. */
static int read_document(struct reading *r, const struct descriptor *d,
			 struct str *out, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(MANIFEST_MAX_BYTES);
	char hex[DIGEST_STRING_SIZE];
	int found = r->source->manifest(r->source, d, &text, e);
	struct digest got;

	if (found <= 0)
		return found;
	got = digest_of(buf_c(&text), text.n);
	if (!digest_eq(&got, &d->digest) || text.n != d->size_bytes)
		return err_set(e, ERR_CORRUPT,
			       "manifest %s: content has another digest or "
			       "size",
			       digest_string(&d->digest, hex));
	r->n_bytes += text.n;
	if (r->n_bytes > MAX_DOCUMENTS_BYTES ||
	    r->tree->manifests.n >= MAX_MANIFESTS)
		return err_set(e, ERR_LIMIT,
			       "more than %d manifests, or than %d bytes of "
			       "them",
			       MAX_MANIFESTS, MAX_DOCUMENTS_BYTES);
	*out = arena_str(&r->tree->arena, buf_str(&text));
	return 1;
}

static int add_document(struct reading *r, const struct descriptor *d,
			const struct platform *platform, unsigned depth,
			struct descriptor *chosen, struct err *e);

static int not_here(struct reading *r, const struct descriptor *d,
		    struct err *e)
{
	char hex[DIGEST_STRING_SIZE];

	r->tree->n_absent++;
	if (r->source->sparse)
		return 0;
	return err_set(e, ERR_CORRUPT,
		       "incomplete: manifest %s, which an index names, is "
		       "missing",
		       digest_string(&d->digest, hex));
}

static int add_all(struct reading *r, const struct index *ix, unsigned depth,
		   struct err *e)
{
	struct descriptor ignored;
	size_t n = 0;

	for (size_t i = 0; i < ix->n_entries; i++) {
		const struct index_entry *entry = &ix->entries[i];
		int added =
			add_document(r, &entry->descriptor, &entry->platform,
				     depth + 1, &ignored, e);

		if (added < 0)
			return -1;
		if (!added && not_here(r, &entry->descriptor, e) < 0)
			return -1;
		n += (size_t)added;
	}
	if (ix->n_entries && !n)
		return err_set(e, ERR_CORRUPT,
			       "incomplete: none of an index's images is "
			       "there");
	return 0;
}

static int add_chosen(struct reading *r, const struct index *ix, unsigned depth,
		      struct descriptor *chosen, struct err *e)
{
	const struct index_entry *entry;
	int added;

	if (index_choose(&r->tree->arena, ix, &r->opt->platform, &entry, e) < 0)
		return -1;
	added = add_document(r, &entry->descriptor, &entry->platform, depth + 1,
			     chosen, e);
	if (added)
		return added < 0 ? -1 : 0;
	r->source->sparse = false; /* what was asked for is not left out */
	return not_here(r, &entry->descriptor, e);
}

static void push_manifest(struct reading *r, const struct descriptor *d,
			  struct str bytes, bool is_index,
			  const struct platform *platform)
{
	struct tree_manifest *m = vec_push(&r->tree->manifests);

	m->descriptor = *d;
	m->bytes = bytes;
	m->is_index = is_index;
	if (platform)
		m->platform = *platform;
}

static int add_index(struct reading *r, const struct descriptor *d,
		     struct str bytes, unsigned depth,
		     struct descriptor *chosen, struct err *e)
{
	struct index ix;

	if (depth == MAX_DEPTH)
		return err_set(e, ERR_INVALID,
			       "indexes nested deeper than %d levels",
			       MAX_DEPTH);
	if (index_parse(&r->tree->arena, bytes, &ix, e) < 0)
		return -1;
	if (r->opt->platforms == TREE_ALL) {
		if (add_all(r, &ix, depth, e) < 0)
			return -1;
	} else if (add_chosen(r, &ix, depth, chosen, e) < 0) {
		return -1;
	}
	if (r->opt->platforms == TREE_ONE)
		return 0;
	push_manifest(r, d, bytes, true, NULL);
	*chosen = *d;
	return 0;
}

/* 1 added, 0 the source lacks it, -1. *chosen: what stands for d. */
static int add_document(struct reading *r, const struct descriptor *d,
			const struct platform *platform, unsigned depth,
			struct descriptor *chosen, struct err *e)
{
	struct str bytes;
	int found;

	*chosen = *d;
	if (find_manifest(r->tree, &d->digest))
		return 1;
	found = read_document(r, d, &bytes, e);
	if (found <= 0)
		return found;
	if (media_type_is_index(d->media_type))
		return add_index(r, d, bytes, depth, chosen, e) < 0 ? -1 : 1;
	if (add_blobs(r, bytes, e) < 0)
		return -1;
	push_manifest(r, d, bytes, false, platform);
	return 1;
}

int image_tree_add(struct image_tree *t, struct image_source *s,
		   const struct descriptor *root,
		   const struct tree_options *opt, struct tree_root **root_out,
		   struct err *e)
{
	struct reading r = {.tree = t, .source = s, .opt = opt};
	struct descriptor chosen;
	struct tree_manifest *found;
	struct tree_root *out;
	char hex[DIGEST_STRING_SIZE];
	int added = add_document(&r, root, NULL, 0, &chosen, e);

	if (added < 0)
		return -1;
	if (!added)
		return err_set(e, ERR_CORRUPT,
			       "incomplete: manifest %s is missing",
			       digest_string(&root->digest, hex));
	found = find_manifest(t, &chosen.digest);
	found->is_root = true;
	out = vec_push(&t->roots);
	out->descriptor = chosen;
	out->descriptor.media_type = arena_str(&t->arena, chosen.media_type);
	out->platform = found->platform;
	if (root_out)
		*root_out = out;
	return 0;
}

/* --- copying ------------------------------------------------------------ */

struct verifying {
	struct sink sink;
	struct sink *out;
	struct sha256 hash;
	uint64_t left;
};

static int verify_write(struct sink *s, const void *p, size_t n, struct err *e)
{
	struct verifying *v = (struct verifying *)s;

	if (n > v->left)
		return err_set(e, ERR_CORRUPT, "blob is larger than its size");
	v->left -= n;
	sha256_update(&v->hash, p, n);
	return v->out->write(v->out, p, n, e);
}

int transfer_blob(struct image_source *s, const struct descriptor *d,
		  struct sink *out, struct err *e)
{
	struct verifying v = {{verify_write}, out, .left = d->size_bytes};
	char hex[DIGEST_STRING_SIZE];
	struct digest got;

	sha256_init(&v.hash);
	if (s->blob(s, d, &v.sink, e) < 0)
		return -1;
	sha256_final(&v.hash, &got);
	if (v.left || !digest_eq(&got, &d->digest))
		return err_set(e, ERR_CORRUPT,
			       "blob %s: content has another digest or size",
			       digest_string(&d->digest, hex));
	return 0;
}

struct copying {
	const struct image_tree *tree;
	struct image_source *source;
	struct image_dest *dest;
	struct transfer_watch *watch;
	pthread_mutex_t lock;
	size_t next; /* of the tree's blobs */
	bool failed;
	struct err error;
};

static int copy_blob(struct copying *c, const struct descriptor *d,
		     struct err *e)
{
	int there = c->dest->has_blob ? c->dest->has_blob(c->dest, d, e) : 0;

	if (there < 0)
		return -1;
	if (!there && c->dest->put_blob(c->dest, c->source, d, e) < 0)
		return -1;
	if (!c->watch)
		return 0;
	(void)pthread_mutex_lock(&c->lock);
	c->watch->blob(c->watch, d, there);
	(void)pthread_mutex_unlock(&c->lock);
	return 0;
}

static const struct descriptor *take_blob(struct copying *c)
{
	const struct descriptor *d = NULL;

	(void)pthread_mutex_lock(&c->lock);
	if (!c->failed && c->next < c->tree->blobs.n)
		d = &c->tree->blobs.v[c->next++];
	(void)pthread_mutex_unlock(&c->lock);
	return d;
}

static void note_failure(struct copying *c, const struct err *e)
{
	(void)pthread_mutex_lock(&c->lock);
	if (!c->failed)
		c->error = *e;
	c->failed = true;
	(void)pthread_mutex_unlock(&c->lock);
}

static void *work(void *ctx)
{
	struct copying *c = ctx;
	const struct descriptor *d;
	struct err e;

	while ((d = take_blob(c)))
		if (copy_blob(c, d, &e) < 0)
			note_failure(c, &e);
	return NULL;
}

/* This thread is one of them: a thread that can't be had is done without. */
static int copy_blobs(struct copying *c, struct err *e)
{
	enum { MAX_THREADS = 16 };
	pthread_t threads[MAX_THREADS];
	size_t n = c->dest->n_threads;
	size_t n_started = 0;

	if (n > c->tree->blobs.n)
		n = c->tree->blobs.n;
	if (n > MAX_THREADS)
		n = MAX_THREADS;
	while (n_started + 1 < n &&
	       pthread_create(&threads[n_started], NULL, work, c) == 0)
		n_started++;
	(void)work(c);
	while (n_started)
		(void)pthread_join(threads[--n_started], NULL);
	if (c->failed)
		*e = c->error;
	return c->failed ? -1 : 0;
}

static int copy_at_once(struct copying *c, struct err *e)
{
	if (copy_blobs(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->tree->manifests.n; i++)
		if (c->dest->put_manifest(c->dest, &c->tree->manifests.v[i],
					  e) < 0)
			return -1;
	return 0;
}

/* A blob or a manifest, in the order of digests. */
struct piece {
	const struct descriptor *blob;
	const struct tree_manifest *manifest;
};

static const struct digest *piece_digest(const struct piece *p)
{
	return p->blob ? &p->blob->digest : &p->manifest->descriptor.digest;
}

static int compare_pieces(const void *a, const void *b)
{
	return memcmp(piece_digest(a)->bytes, piece_digest(b)->bytes,
		      DIGEST_SIZE);
}

static int copy_in_order(struct copying *c, struct err *e)
{
	const struct image_tree *t = c->tree;
	size_t n = t->blobs.n + t->manifests.n;
	SCOPED_PTR struct piece *pieces = xcalloc(n ? n : 1, sizeof(*pieces));

	for (size_t i = 0; i < t->blobs.n; i++)
		pieces[i].blob = &t->blobs.v[i];
	for (size_t i = 0; i < t->manifests.n; i++)
		pieces[t->blobs.n + i].manifest = &t->manifests.v[i];
	qsort(pieces, n, sizeof(*pieces), compare_pieces);
	for (size_t i = 0; i < n; i++) {
		const struct piece *p = &pieces[i];
		int result = p->blob ? copy_blob(c, p->blob, e)
				     : c->dest->put_manifest(c->dest,
							     p->manifest, e);

		if (result < 0)
			return -1;
	}
	return 0;
}

int image_tree_copy(const struct image_tree *t, struct image_source *s,
		    struct image_dest *d, struct transfer_watch *w,
		    struct err *e)
{
	struct copying c = {.tree = t,
			    .source = s,
			    .dest = d,
			    .watch = w,
			    .lock = PTHREAD_MUTEX_INITIALIZER};
	int all = d->has_all ? d->has_all(d, t, e) : 0;
	int result;

	if (all)
		return all < 0 ? -1 : 0;
	result = d->in_order ? copy_in_order(&c, e) : copy_at_once(&c, e);
	(void)pthread_mutex_destroy(&c.lock);
	return result < 0 ? -1 : d->finish(d, t, e);
}
