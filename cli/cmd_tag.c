#include "cli/commands.h"

#include "cli/opened.h"
#include "oci/layout.h"
#include "oci/reference.h"

static int tag(struct opened *o, const char *from, const char *to,
	       struct err *e)
{
	struct reference new;
	struct index_entry entry;
	struct str name;

	if (reference_parse(&o->arena, str_from(to), &new, e) < 0 ||
	    opened_entry(o, from, &entry, &name, e) < 0)
		return -1;
	return layout_set_name(o->store.fd, reference_name(&o->arena, &new),
			       &entry, e);
}

int cmd_tag(int argc, char **argv)
{
	const struct command_help help = {"imgbuild tag IMAGE NEW",
					  "Gives an image, named or by its id, "
					  "another name.",
					  NULL,
					  0,
					  2,
					  2};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	status = tag(&o, o.arguments.v[0], o.arguments.v[1], &e) < 0
			 ? report(&e)
			 : EXIT_OK;
	opened_release(&o);
	return status;
}
