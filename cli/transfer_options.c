#include "cli/transfer_options.h"

#include "cli/cancel.h"
#include "cli/commands.h"

#include <stdio.h>

static void tell_blob(struct transfer_watch *w, const struct descriptor *d,
		      bool was_there)
{
	struct transfer_progress *p = (struct transfer_progress *)w;
	char hex[DIGEST_HEX_SIZE];

	if (!was_there)
		p->n_bytes += d->size_bytes;
	fprintf(stderr, "%.12s  %10.1f kB  %s\n", digest_hex(&d->digest, hex),
		(double)d->size_bytes / 1e3,
		was_there ? "there already" : "copied");
}

void transfer_begin(struct place_context *c, struct transfer_progress *p,
		    struct opened *o, const struct transfer_request *r)
{
	*p = (struct transfer_progress){.watch.blob = tell_blob};
	*c = (struct place_context){.arena = &o->arena,
				    .store = &o->store,
				    .cancel_fd = cancel_on_signals()};
	for (size_t i = 0; i < r->insecure.n; i++)
		c->insecure = str_list_add(&o->arena, c->insecure,
					   str_from(r->insecure.v[i]));
}

struct transfer_watch *transfer_watch_of(struct transfer_progress *p,
					 const struct transfer_request *r)
{
	return r->quiet ? NULL : &p->watch;
}

void transfer_end(struct place_context *c, struct transfer_request *r)
{
	place_context_release(c);
	vec_release(&r->insecure);
}

int transfer_platforms(struct arena *a, const struct transfer_request *r,
		       enum tree_platforms otherwise, struct tree_options *out,
		       struct err *e)
{
	*out = (struct tree_options){.platforms = otherwise,
				     .platform = platform_host()};
	if (r->platform && r->all_platforms)
		return err_set(e, ERR_INVALID,
			       "--platform and --all-platforms: one of them");
	if (r->all_platforms)
		out->platforms = TREE_ALL;
	if (!r->platform)
		return 0;
	if (otherwise != TREE_ONE_KEPT)
		out->platforms = TREE_ONE;
	return platform_parse(a, str_from(r->platform), &out->platform, e);
}
