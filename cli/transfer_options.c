#include "cli/transfer_options.h"

#include "cli/cancel.h"
#include "cli/commands.h"
#include "cli/print.h"

#include <stdio.h>

static void tell_blob(struct transfer_watch *w, const struct descriptor *d,
		      bool was_there)
{
	struct transfer_progress *p = (struct transfer_progress *)w;
	char hex[DIGEST_HEX_SIZE];

	if (!was_there)
		p->n_bytes += d->size_bytes;
	print_err("%.12s  %10.1f kB  %s\n", digest_hex(&d->digest, hex),
		  (double)d->size_bytes / 1e3,
		  was_there ? "there already" : "copied");
}

void transfer_begin(struct transfer_session *s, struct opened *o,
		    const struct transfer_request *r)
{
	struct registry_options opt = {.cancel_fd = cancel_on_signals()};

	for (size_t i = 0; i < r->insecure.n; i++)
		opt.insecure = str_list_add(&o->arena, opt.insecure,
					    str_from(r->insecure.v[i]));
	*s = (struct transfer_session){.progress.watch.blob = tell_blob};
	s->context = (struct place_context){.arena = &o->arena,
					    .store = &o->store,
					    .registry = registry_open(&opt)};
	registry_fetcher_init(&s->fetcher, s->context.registry);
	o->store.blobs.fetcher = &s->fetcher.fetcher;
}

struct transfer_watch *transfer_watch_of(struct transfer_session *s,
					 const struct transfer_request *r)
{
	return r->quiet ? NULL : &s->progress.watch;
}

void transfer_end(struct transfer_session *s, struct transfer_request *r)
{
	registry_fetcher_release(&s->fetcher);
	registry_close(s->context.registry);
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
