#include "cli/opened.h"

#include "cli/commands.h"
#include "oci/reference.h"

bool opened_begin(struct opened *o, const struct command_help *help, int argc,
		  char **argv, int *status)
{
	struct err e;

	*o = (struct opened){.store.fd = -1};
	switch (options_parse(help, argc, argv, &o->arguments)) {
	case OPTIONS_OK:
		if (store_open(&o->store, NULL, &e) == 0)
			return true;
		*status = report(&e);
		break;
	case OPTIONS_HELP: *status = EXIT_OK; break;
	case OPTIONS_WRONG: *status = EXIT_MISTAKE; break;
	}
	opened_release(o);
	return false;
}

void opened_release(struct opened *o)
{
	vec_release(&o->arguments);
	store_release(&o->store);
	arena_release(&o->arena);
}

int opened_image(struct opened *o, const char *name, struct plan_image *out,
		 struct err *e)
{
	const struct platform host = platform_host();
	struct reference ref;
	struct str full;
	int found;

	if (reference_parse(&o->arena, str_from(name), &ref, e) < 0)
		return -1;
	full = reference_name(&o->arena, &ref);
	found = image_find(&o->store, &o->arena, full, &host, out, e);
	if (found == 0)
		return err_set(
			e, ERR_NOT_FOUND,
			"%.*s: there is no such image; `imgbuild images` "
			"lists them",
			STR_ARG(full));
	return found < 0 ? -1 : 0;
}
