#include "cli/commands.h"

#include "base/clock.h"
#include "cli/opened.h"
#include "cli/print.h"

#include <stdio.h>

static void print_entry(const struct config_history *h, uint64_t size_bytes)
{
	SCOPED_BUF struct buf created = BUF_INIT(64);

	if (h->has_created)
		clock_add_rfc3339(&created,
				  h->created_ns / 1000000000 * 1000000000);
	print_out("%-20s  %9.1f kB  %.*s\n", buf_c(&created),
		  (double)size_bytes / 1e3,
		  STR_ARG(h->created_by.n ? h->created_by : h->comment));
}

static void print_history(const struct plan_image *image)
{
	const struct image_config *config = &image->config;
	size_t layer = 0;

	print_out("%-20s  %12s  %s\n", "CREATED", "SIZE", "CREATED BY");
	for (size_t i = 0; i < config->n_history; i++) {
		const struct config_history *h = &config->history[i];
		uint64_t bytes = 0;

		if (!h->empty_layer && layer < image->manifest.n_layers)
			bytes = image->manifest.layers[layer++].size_bytes;
		print_entry(h, bytes);
	}
}

int cmd_history(int argc, char **argv)
{
	const struct command_help help = {
		"imgbuild history NAME",
		"Shows what made each layer of an image, oldest first.",
		NULL,
		0,
		1,
		1};
	struct plan_image image;
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	if (opened_image(&o, o.arguments.v[0], &image, &e) < 0) {
		status = report(&e);
	} else {
		print_history(&image);
		status = EXIT_OK;
	}
	opened_release(&o);
	return status;
}
