#include "cli/commands.h"

#include "builder/image/export.h"
#include "builder/sandbox/userns.h"
#include "cli/build_options.h"
#include "cli/opened.h"

#include <unistd.h>

static int save(struct opened *o, const char *output, struct err *e)
{
	struct export_spec spec;
	struct export_result result;
	struct plan_image found;
	struct rootfs rootfs;
	struct str *names;
	int status;

	if (export_spec_parse(&o->arena, str_from(output), &spec, e) < 0 ||
	    names_parse(&o->arena, &o->arguments, &names, e) < 0 ||
	    opened_image(o, o->arguments.v[0], &found, e) < 0)
		return -1;
	/* snapshots belong to the ids of the user namespace */
	if (userns_enter(tier_probe(), e) < 0)
		return -1;
	spec.n_threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	spec.epoch_s = found.config.created_ns / 1000000000;
	rootfs_init(&rootfs);
	status = rootfs_from_image(&rootfs, &found, e);
	if (status == 0) {
		const struct image image = {&rootfs, &found.config};

		status = export_image(&o->store, &image, names, 1, &spec,
				      &result, e);
	}
	rootfs_release(&rootfs);
	return status;
}

int cmd_save(int argc, char **argv)
{
	const char *output = "-";
	const struct option_row rows[] = {
		{"output", 'o', OPTION_STRING, &output, "OUTPUT",
		 "as for build: PATH, or type=…,dest=PATH (default: stdout)"},
	};
	const struct command_help help = {
		"imgbuild save [-o OUTPUT] NAME",
		"Writes an image of the store to an archive.",
		rows,
		ARRAY_LEN(rows),
		1,
		1};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	status = save(&o, output, &e) < 0 ? report(&e) : EXIT_OK;
	opened_release(&o);
	return status;
}
