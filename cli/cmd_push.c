#include "cli/commands.h"
#include "cli/print.h"

#include "cli/transfer_options.h"
#include "oci/reference.h"

#include <stdio.h>

static int push(struct opened *o, struct place_context *c,
		const struct tree_options *opt, struct transfer_watch *w,
		struct err *e)
{
	const char *image = o->arguments.v[0];
	const char *name = o->arguments.n > 1 ? o->arguments.v[1] : image;
	struct image_place from = {.kind = PLACE_STORE, .text = image};
	struct image_place to = {.kind = PLACE_REGISTRY, .text = name};
	char digest[DIGEST_STRING_SIZE];
	struct descriptor got;
	struct reference ref;

	if (str_starts(str_from(name), "docker://"))
		name += sizeof("docker://") - 1;
	if (reference_parse(&o->arena, str_from(name), &ref, e) < 0)
		return -1;
	from.name = str_from(image);
	to.name = reference_name(&o->arena, &ref);
	if (place_copy(c, &from, &to, opt, w, &got, e) < 0)
		return -1;
	print_out("pushed %.*s %s\n", STR_ARG(to.name),
		  digest_string(&got.digest, digest));
	return 0;
}

int cmd_push(int argc, char **argv)
{
	struct transfer_request r = {0};
	const struct option_row rows[] = {
		TRANSFER_ROW_INSECURE(&r),
		TRANSFER_ROW_PLATFORM(&r, "of an index, only the image for "
					  "this one"),
		TRANSFER_ROW_QUIET(&r),
	};
	const struct command_help help = {
		"imgbuild push [OPTIONS] IMAGE [NAME]",
		"Sends an image of the store to the registry in its name, or "
		"in NAME. What the\nregistry has already is not sent.",
		rows,
		ARRAY_LEN(rows),
		1,
		2};
	struct transfer_session session;
	struct tree_options opt;
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	transfer_begin(&session, &o, &r);
	status = EXIT_OK;
	if (transfer_platforms(&o.arena, &r, TREE_ALL, &opt, &e) < 0) {
		(void)report(&e);
		status = EXIT_MISTAKE;
	} else if (push(&o, &session.context, &opt,
			transfer_watch_of(&session, &r), &e) < 0) {
		status = report(&e);
	}
	transfer_end(&session, &r);
	opened_release(&o);
	return status;
}
