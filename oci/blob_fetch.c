#include "oci/blob_fetch.h"

#include <pthread.h>

enum { N_THREADS = 4 };

struct fetching {
	const struct blobs *blobs;
	const struct digest *v;
	size_t n;
	pthread_mutex_t lock;
	size_t next;
	bool failed;
	struct err error;
};

static const struct digest *take(struct fetching *f)
{
	const struct digest *d = NULL;

	(void)pthread_mutex_lock(&f->lock);
	if (!f->failed && f->next < f->n)
		d = &f->v[f->next++];
	(void)pthread_mutex_unlock(&f->lock);
	return d;
}

static int fetch(const struct blobs *b, const struct digest *d, struct err *e)
{
	uint64_t size;
	int there = blob_stat(b, d, &size, e);

	return there ? there : b->fetcher->fetch(b->fetcher, b, d, e);
}

static void *work(void *ctx)
{
	struct fetching *f = ctx;
	const struct digest *d;
	struct err e;

	while ((d = take(f))) {
		if (fetch(f->blobs, d, &e) >= 0)
			continue;
		(void)pthread_mutex_lock(&f->lock);
		if (!f->failed)
			f->error = e;
		f->failed = true;
		(void)pthread_mutex_unlock(&f->lock);
	}
	return NULL;
}

int blobs_fetch(const struct blobs *b, const struct digest *v, size_t n,
		struct err *e)
{
	struct fetching f = {
		.blobs = b, .v = v, .n = n, .lock = PTHREAD_MUTEX_INITIALIZER};
	pthread_t threads[N_THREADS];
	size_t n_started = 0;

	if (!b->fetcher)
		return 0;
	/* this thread is one of them: what can't be had is done without */
	while (n_started + 1 < n && n_started + 1 < N_THREADS &&
	       pthread_create(&threads[n_started], NULL, work, &f) == 0)
		n_started++;
	(void)work(&f);
	while (n_started)
		(void)pthread_join(threads[--n_started], NULL);
	(void)pthread_mutex_destroy(&f.lock);
	if (f.failed)
		*e = f.error;
	return f.failed ? -1 : 0;
}
