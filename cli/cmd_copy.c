#include "cli/commands.h"

#include "cli/print.h"
#include "cli/transfer_options.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* 0, or -1: a mistake on the command line. */
static int parse_places(struct opened *o, struct image_place *from,
			struct image_place *to, struct err *e)
{
	if (image_place_parse(&o->arena, o->arguments.v[0], from, e) < 0 ||
	    image_place_parse(&o->arena, o->arguments.v[1], to, e) < 0)
		return -1;
	if (to->path && strcmp(to->path, "-") == 0 && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID,
			       "%s: an archive is nothing for a terminal; name "
			       "a file",
			       to->text);
	return 0;
}

static int copy(struct place_context *c, const struct image_place *from,
		const struct image_place *to, const struct tree_options *opt,
		struct transfer_watch *w, struct err *e)
{
	char digest[DIGEST_STRING_SIZE];
	struct descriptor got;

	if (place_copy(c, from, to, opt, w, &got, e) < 0)
		return err_wrap(e, "copy %s to %s", from->text, to->text);
	/* stdout may be where the archive went */
	(to->path && strcmp(to->path, "-") == 0 ? print_err : print_out)(
		"copied %s to %s %s\n", from->text, to->text,
		digest_string(&got.digest, digest));
	return 0;
}

int cmd_copy(int argc, char **argv)
{
	struct transfer_request r = {0};
	const struct option_row rows[] = {
		TRANSFER_ROW_INSECURE(&r),
		TRANSFER_ROW_PLATFORM(&r, "of an index, only the image for "
					  "this one (default: all)"),
		TRANSFER_ROW_QUIET(&r),
	};
	const struct command_help help = {
		"imgbuild copy [OPTIONS] SOURCE DESTINATION",
		"Copies an image, byte for byte. Both are one of:\n"
		"  docker://NAME              a registry\n"
		"  oci:FOLDER[:REF]           an OCI layout\n"
		"  oci-archive:FILE[:NAME]    one in a tar\n"
		"  docker-archive:FILE[:NAME] what docker saves and loads\n"
		"  dir:FOLDER                 skopeo's folder of files\n"
		"  store:IMAGE, or IMAGE      an image of the store\n"
		"FILE may be - for stdin and stdout.",
		rows,
		ARRAY_LEN(rows),
		2,
		2};
	struct transfer_session session;
	struct image_place from;
	struct image_place to;
	struct tree_options opt;
	struct opened o;
	struct err e;
	int status = EXIT_OK;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	transfer_begin(&session, &o, &r);
	if (parse_places(&o, &from, &to, &e) < 0 ||
	    transfer_platforms(&o.arena, &r, TREE_ALL, &opt, &e) < 0) {
		(void)report(&e);
		status = EXIT_MISTAKE;
	} else if (copy(&session.context, &from, &to, &opt,
			transfer_watch_of(&session, &r), &e) < 0) {
		status = report(&e);
	} else {
		status = EXIT_OK;
	}
	transfer_end(&session, &r);
	opened_release(&o);
	return status;
}
