#include "cli/commands.h"

#include "cli/opened.h"
#include "oci/layout.h"
#include "oci/reference.h"

#include <stdio.h>

static int forget(struct opened *o, const char *text, struct err *e)
{
	struct reference ref;
	struct str name;
	int removed;

	if (reference_parse(&o->arena, str_from(text), &ref, e) < 0)
		return -1;
	name = reference_name(&o->arena, &ref);
	removed = layout_remove_name(o->store.fd, name, e);
	if (removed == 0)
		return err_set(e, ERR_NOT_FOUND, "%.*s: there is no such image",
			       STR_ARG(name));
	if (removed > 0)
		printf("forgot %.*s\n", STR_ARG(name));
	return removed < 0 ? -1 : 0;
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
