#include "cli/commands.h"

#include "cli/opened.h"
#include "cli/print.h"
#include "oci/archive.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int name_all(struct opened *o, const struct loaded_image *images,
		    size_t n, struct err *e)
{
	const struct platform host = platform_host();

	for (size_t i = 0; i < n; i++) {
		char digest[DIGEST_STRING_SIZE];

		digest_string(&images[i].manifest.digest, digest);
		if (images[i].name.n == 0) {
			if (image_list(&o->store, &images[i].manifest, &host,
				       e) < 0)
				return -1;
			print_out("loaded %s, which has no name: `imgbuild tag "
				  "%.19s NAME` gives it one\n",
				  digest, digest);
			continue;
		}
		if (image_tag(&o->store, &images[i].manifest, &host,
			      images[i].name, e) < 0)
			return -1;
		print_out("loaded %.*s\n", STR_ARG(images[i].name));
	}
	return 0;
}

static int load(struct opened *o, const char *input, struct err *e)
{
	struct loaded_image *images;
	size_t n;
	int result;

	if (strcmp(input, "-") == 0 && isatty(STDIN_FILENO))
		return err_set(e, ERR_INVALID,
			       "an archive does not come from a terminal: name "
			       "it with -i");
	result = strcmp(input, "-") == 0
			 ? archive_load_fd(o->store.fd, STDIN_FILENO, &o->arena,
					   &images, &n, e)
			 : archive_load(o->store.fd, input, &o->arena, &images,
					&n, e);

	if (result < 0)
		return err_wrap(e, "load %s", input);
	return name_all(o, images, n, e);
}

int cmd_load(int argc, char **argv)
{
	const char *input = "-";
	const struct option_row rows[] = {
		{"input", 'i', OPTION_STRING, &input, "ARCHIVE",
		 "a file or a folder (default: stdin)"},
	};
	const struct command_help help = {
		"imgbuild load -i ARCHIVE",
		"Brings images into the store from an OCI archive, an OCI "
		"image "
		"layout, what\n`docker save` writes, or a folder of skopeo's "
		"dir:, compressed or not.",
		rows,
		ARRAY_LEN(rows),
		0,
		0};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	status = load(&o, input, &e) < 0 ? report(&e) : EXIT_OK;
	opened_release(&o);
	return status;
}
