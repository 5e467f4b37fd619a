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

static int fetch(struct blob_fetcher *fetcher, const struct blobs *b,
		 const struct digest *digest, struct err *e)
{
	struct registry_fetcher *f = (struct registry_fetcher *)fetcher;
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

void registry_fetcher_init(struct registry_fetcher *f, struct registry *r)
{
	*f = (struct registry_fetcher){{fetch}, r};
}
