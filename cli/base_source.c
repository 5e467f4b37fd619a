#include "cli/base_source.h"

#include "oci/blob_origin.h"
#include "oci/reference.h"
#include "oci/transports.h"
#include "registry/remote.h"

/* Its documents under its name in the store, and where its layers are. */
static int put_documents(const struct base_source *s, struct image_source *from,
			 const struct descriptor *root, struct str name,
			 const struct platform *platform, struct str repository,
			 struct err *e)
{
	const struct tree_options opt = {.platforms = TREE_ONE_KEPT,
					 .platform = *platform,
					 .without_layers = true};
	SCOPED(image_tree_release) struct image_tree t = {0};
	struct layout_dest to;
	struct tree_root *named;

	if (image_tree_add(&t, from, root, &opt, &named, e) < 0 ||
	    layout_dest_init(&to, s->stored.store->fd, e) < 0)
		return -1;
	named->names = &name;
	named->n_names = 1;
	if (blob_origin_put_tree(&s->stored.store->blobs, &t, repository, e) <
	    0)
		return -1;
	return image_tree_copy(&t, from, &to.dest, NULL, e);
}

/* 0 its documents are in the store; -1 *e says why not. */
static int fetch(const struct base_source *s, struct arena *a, struct str name,
		 const struct platform *platform, struct err *e)
{
	SCOPED(repository_release) struct repository p = {0};
	SCOPED(remote_source_release) struct remote_source from = {0};
	struct descriptor root;
	struct reference ref;
	int found;

	if (reference_parse(a, name, &ref, e) < 0 ||
	    repository_open(&p, s->registry, &ref, REPOSITORY_PULL, e) < 0)
		return -1;
	remote_source_init(&from, &p);
	found = remote_resolve(&from, a, &ref, &root, e);
	if (found <= 0)
		return found < 0 ? -1 : remote_missing(&p, &ref, e);
	return put_documents(s, &from.source, &root, name, platform, p.name, e);
}

static void tell(const struct base_source *s, struct str name,
		 const struct plan_image *image)
{
	char digest[DIGEST_STRING_SIZE];

	progress_say(s->progress, PROGRESS_MESSAGE, "base %.*s %s",
		     STR_ARG(name),
		     digest_string(&image->manifest_digest, digest));
}

static int find_stored(const struct base_source *s, struct arena *a,
		       struct str name, const struct platform *platform,
		       struct plan_image *out, struct err *e)
{
	return image_find(s->stored.store, a, name, platform, out, e);
}

/* What no registry gives is as if it were not there, with the reason in *e. */
static int fetch_and_find(const struct base_source *s, struct arena *a,
			  struct str name, const struct platform *platform,
			  struct plan_image *out, struct err *e)
{
	int found;

	if (fetch(s, a, name, platform, e) < 0)
		return e->code == ERR_CANCELLED || e->code == ERR_SYS ? -1 : 0;
	found = find_stored(s, a, name, platform, out, e);
	if (found > 0)
		tell(s, name, out);
	return found;
}

static int resolve_missing(const struct base_source *s, struct arena *a,
			   struct str name, const struct platform *platform,
			   struct plan_image *out, struct err *e)
{
	struct err stored;
	int found = find_stored(s, a, name, platform, out, &stored);
	bool absent = found == 0;

	if (found > 0)
		return found;
	/* another platform, or documents that are gone, may be had */
	if (!absent && stored.code != ERR_NOT_FOUND) {
		*e = stored;
		return -1;
	}
	found = fetch_and_find(s, a, name, platform, out, e);
	if (found == 0 && !absent) {
		*e = stored;
		return -1;
	}
	return found;
}

static int resolve(struct plan_source *source, struct arena *a, struct str name,
		   const struct platform *platform, struct plan_image *out,
		   struct err *e)
{
	const struct base_source *s = (const struct base_source *)source;

	switch (s->policy) {
	case PULL_MISSING: return resolve_missing(s, a, name, platform, out, e);
	case PULL_ALWAYS: return fetch_and_find(s, a, name, platform, out, e);
	case PULL_NEVER: return find_stored(s, a, name, platform, out, e);
	}
	return -1;
}

static int resolve_layout(struct plan_source *source, struct arena *a,
			  struct str layout, const struct platform *platform,
			  struct plan_image *out, struct err *e)
{
	const struct base_source *s = (const struct base_source *)source;

	return image_from_layout(s->stored.store, a, layout, platform, out, e);
}

static int find_time(struct plan_source *source, const struct plan_remote *what,
		     int64_t *out_s, struct err *e)
{
	struct plan_source *stored =
		&((struct base_source *)source)->stored.source;

	return stored->time(stored, what, out_s, e);
}

void base_source_init(struct base_source *s, const struct store *store,
		      struct registry *registry, enum pull_policy policy,
		      struct progress *progress)
{
	*s = (struct base_source){
		.source = {resolve, resolve_layout, find_time},
		.policy = policy,
		.registry = registry,
		.progress = progress,
	};
	store_source_init(&s->stored, store);
}
