#include "cli/commands.h"

#include "cli/image_place.h"
#include "cli/opened.h"
#include "cli/print.h"
#include "oci/layout.h"

#include <stdio.h>

static int forget(struct opened *o, const char *text, struct err *e)
{
	struct index_entry entry;
	struct str name;
	int removed;

	if (opened_entry(o, text, &entry, &name, e) < 0)
		return -1;
	/* by name that name goes, by id all of them */
	removed = image_is_called(&o->arena, str_from(text), name)
			  ? layout_remove_name(o->store.fd, name, e)
			  : layout_remove_digest(o->store.fd,
						 &entry.descriptor.digest, e);
	/* one image may be there compressed in several ways */
	while (removed > 0 &&
	       !image_is_called(&o->arena, str_from(text), name) &&
	       image_lookup(&o->store, &o->arena, str_from(text), &entry, &name,
			    e) > 0)
		removed = layout_remove_digest(o->store.fd,
					       &entry.descriptor.digest, e);
	if (removed < 0)
		return -1;
	print_out("forgot %.*s\n", STR_ARG(name));
	return 0;
}

int cmd_rmi(int argc, char **argv)
{
	const struct command_help help = {
		"imgbuild rmi NAME...",
		"Forgets names of images. Their layers stay in the store as "
		"cache.",
		NULL,
		0,
		1,
		1000};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	status = EXIT_OK;
	for (size_t i = 0; i < o.arguments.n; i++)
		if (forget(&o, o.arguments.v[i], &e) < 0)
			status = report(&e);
	opened_release(&o);
	return status;
}
