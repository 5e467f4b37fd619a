#include "cli/commands.h"

#include "base/clock.h"
#include "cli/opened.h"
#include "cli/print.h"
#include "oci/archive.h"
#include "oci/reference.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* As docker import: a config that says no more than what it is. */
static void make_config(struct arena *a, const struct platform *platform,
			const char *path, struct image_config *out)
{
	struct config_history *history = arena_new(a, struct config_history);
	int64_t now_ns = clock_realtime_ns();

	*history = (struct config_history){
		.has_created = true,
		.created_ns = now_ns,
		.comment = arena_printf(a, "Imported from %s", path),
	};
	*out = (struct image_config){
		.platform = *platform,
		.has_created = true,
		.created_ns = now_ns,
		.history = history,
		.n_history = 1,
	};
}

static int import(struct opened *o, const char *path, const char *name,
		  const char *platform_text, struct err *e)
{
	struct platform platform = platform_host();
	struct image_config config;
	struct descriptor manifest;
	struct reference ref;
	SCOPED_FD int fd = -1;

	if (reference_parse(&o->arena, str_from(name), &ref, e) < 0)
		return -1;
	if (platform_text && platform_parse(&o->arena, str_from(platform_text),
					    &platform, e) < 0)
		return -1;
	fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
				    : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(e, "open %s", path);
	make_config(&o->arena, &platform, path, &config);
	if (archive_import(o->store.fd, fd, &config, &manifest, e) < 0)
		return err_wrap(e, "import %s", path);
	if (image_tag(&o->store, &manifest, &platform,
		      reference_name(&o->arena, &ref), e) < 0)
		return -1;
	print_out("imported %s as %.*s\n", path,
		  STR_ARG(reference_familiar(&o->arena, &ref)));
	return 0;
}

int cmd_import(int argc, char **argv)
{
	const char *platform = NULL;
	const struct option_row rows[] = {
		{"platform", 0, OPTION_STRING, &platform, "OS/ARCH",
		 "what the files are for (default: this machine)"},
	};
	const struct command_help help = {
		"imgbuild import [--platform OS/ARCH] ROOTFS.tar NAME",
		"Makes a base image of one layer from a root file system's "
		"tar, "
		"plain or\ncompressed by gzip, zstd, xz or bzip2. - is stdin.",
		rows,
		ARRAY_LEN(rows),
		2,
		2};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	status = EXIT_OK;
	if (import(&o, o.arguments.v[0], o.arguments.v[1], platform, &e) < 0)
		status = report(&e);
	opened_release(&o);
	return status;
}
