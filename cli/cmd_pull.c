#include "cli/commands.h"
#include "cli/print.h"

#include "cli/transfer_options.h"
#include "oci/reference.h"

#include <stdio.h>

static int pull(struct opened *o, struct place_context *c, const char *name,
		const struct tree_options *opt, struct transfer_watch *w,
		struct err *e)
{
	struct image_place from = {.kind = PLACE_REGISTRY, .text = name};
	struct image_place to = {.kind = PLACE_STORE, .text = name};
	char digest[DIGEST_STRING_SIZE];
	struct descriptor got;
	struct reference ref;

	if (str_starts(str_from(name), "docker://"))
		name += sizeof("docker://") - 1;
	if (reference_parse(&o->arena, str_from(name), &ref, e) < 0)
		return -1;
	from.name = to.name = reference_name(&o->arena, &ref);
	if (place_copy(c, &from, &to, opt, w, &got, e) < 0)
		return -1;
	print_out("pulled %.*s %s\n", STR_ARG(to.name),
		  digest_string(&got.digest, digest));
	return 0;
}

int cmd_pull(int argc, char **argv)
{
	struct transfer_request r = {0};
	const struct option_row rows[] = {
		{"all-platforms", 0, OPTION_FLAG, &r.all_platforms, NULL,
		 "all images of an index"},
		TRANSFER_ROW_INSECURE(&r),
		TRANSFER_ROW_PLATFORM(&r, "of an index (default: this "
					  "machine's)"),
		TRANSFER_ROW_QUIET(&r),
	};
	const struct command_help help = {
		"imgbuild pull [OPTIONS] NAME...",
		"Brings images from registries into the store, as they are "
		"there. Credentials\nare docker's and podman's; mirrors and "
		"other settings: docs/registries.md.",
		rows,
		ARRAY_LEN(rows),
		1,
		1000};
	struct transfer_session session;
	struct tree_options opt;
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	transfer_begin(&session, &o, &r);
	status = EXIT_OK;
	if (transfer_platforms(&o.arena, &r, TREE_ONE_KEPT, &opt, &e) < 0) {
		(void)report(&e);
		status = EXIT_MISTAKE;
	}
	for (size_t i = 0; status == EXIT_OK && i < o.arguments.n; i++)
		if (pull(&o, &session.context, o.arguments.v[i], &opt,
			 transfer_watch_of(&session, &r), &e) < 0)
			status = report(&e);
	transfer_end(&session, &r);
	opened_release(&o);
	return status;
}
