#include "cli/opened.h"

#include "cli/commands.h"

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

int opened_entry(struct opened *o, const char *text, struct index_entry *out,
		 struct str *name, struct err *e)
{
	int found = image_lookup(&o->store, &o->arena, str_from(text), out,
				 name, e);

	if (found == 0)
		return image_missing(*name, e);
	return found < 0 ? -1 : 0;
}

int opened_image(struct opened *o, const char *text, struct plan_image *out,
		 struct err *e)
{
	const struct platform host = platform_host();
	struct index_entry entry;
	struct str name;

	if (opened_entry(o, text, &entry, &name, e) < 0)
		return -1;
	return image_read(&o->store, &o->arena, name, &entry, &host, out, e);
}
