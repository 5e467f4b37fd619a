#include "registry/fetcher.h"

#include "oci/blob_origin.h"
#include "oci/transports.h"
#include "registry/remote.h"

static int fetch_from(struct registry_fetcher *f, const struct blobs *b,
		      const struct descriptor *d, const struct reference *ref,
		      struct err *e)
{
	SCOPED(repository_release) struct repository p = {0};
	SCOPED(remote_source_release) struct remote_source from = {0};
	struct layout_dest to;

	if (repository_open(&p, f->registry, ref, REPOSITORY_PULL, e) < 0)
		return -1;
	remote_source_init(&from, &p);
	if (layout_dest_init(&to, b->dirfd, e) < 0)
		return -1;
	return to.dest.put_blob(&to.dest, &from.source, d, e);
}

static size_t find(const struct registry_fetcher *f, const struct digest *d)
{
	size_t i = 0;

	while (i < f->under_way.n && !digest_eq(&f->under_way.v[i], d))
		i++;
	return i;
}

/* When this returns no other thread fetches the blob, until end. */
static void begin(struct registry_fetcher *f, const struct digest *d)
{
	(void)pthread_mutex_lock(&f->lock);
	while (find(f, d) < f->under_way.n)
		(void)pthread_cond_wait(&f->changed, &f->lock);
	*vec_push(&f->under_way) = *d;
	(void)pthread_mutex_unlock(&f->lock);
}

static void end(struct registry_fetcher *f, const struct digest *d)
{
	(void)pthread_mutex_lock(&f->lock);
	f->under_way.v[find(f, d)] = f->under_way.v[f->under_way.n - 1];
	f->under_way.n--;
	(void)pthread_cond_broadcast(&f->changed);
	(void)pthread_mutex_unlock(&f->lock);
}

static int fetch_known(struct registry_fetcher *f, const struct blobs *b,
		       const struct digest *digest, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	struct reference ref;
	struct descriptor d;
	struct str repository;
	int known = blob_origin_get(b, &a, digest, &d, &repository, e);

	if (known <= 0)
		return known;
	if (reference_parse(&a, repository, &ref, e) < 0 ||
	    fetch_from(f, b, &d, &ref, e) < 0)
		return -1;
	return 1;
}

static int fetch(struct blob_fetcher *fetcher, const struct blobs *b,
		 const struct digest *digest, struct err *e)
{
	struct registry_fetcher *f = (struct registry_fetcher *)fetcher;
	uint64_t size;
	int result;

	begin(f, digest);
	result = blob_stat(b, digest, &size, e);
	if (result == 0)
		result = fetch_known(f, b, digest, e);
	end(f, digest);
	return result;
}

void registry_fetcher_init(struct registry_fetcher *f, struct registry *r)
{
	*f = (struct registry_fetcher){.fetcher = {fetch}, .registry = r};
	(void)pthread_mutex_init(&f->lock, NULL);
	(void)pthread_cond_init(&f->changed, NULL);
}

void registry_fetcher_release(struct registry_fetcher *f)
{
	/* one that was never made is all zeros */
	if (!f->fetcher.fetch)
		return;
	vec_release(&f->under_way);
	(void)pthread_cond_destroy(&f->changed);
	(void)pthread_mutex_destroy(&f->lock);
}
