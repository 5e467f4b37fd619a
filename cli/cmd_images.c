#include "cli/commands.h"

#include "base/clock.h"
#include "cli/opened.h"
#include "oci/layout.h"

#include <stdio.h>

#define REF_NAME "org.opencontainers.image.ref.name"

static struct str name_of(const struct index_entry *entry)
{
	for (size_t i = 0; i < entry->annotations.n; i++)
		if (str_eq_c(entry->annotations.v[i].key, REF_NAME))
			return entry->annotations.v[i].value;
	return STR("<none>");
}

static void print_image(struct opened *o, const struct index_entry *entry)
{
	const struct platform host = platform_host();
	SCOPED_BUF struct buf created = BUF_INIT(64);
	struct image_config config;
	struct manifest manifest;
	struct digest digest;
	char hex[DIGEST_HEX_SIZE] = "?";
	uint64_t bytes = 0;
	struct err e;

	if (layout_read_image(o->store.fd, &o->arena, &entry->descriptor, &host,
			      &manifest, &digest, &config, &e) == 0) {
		digest_hex(&manifest.config.digest, hex);
		for (size_t i = 0; i < manifest.n_layers; i++)
			bytes += manifest.layers[i].size_bytes;
		if (config.has_created)
			clock_add_rfc3339(&created, config.created_ns /
							    1000000000 *
							    1000000000);
	}
	printf("%-50.*s %.12s  %-20s  %8.1f MB\n", STR_ARG(name_of(entry)), hex,
	       buf_c(&created), (double)bytes / 1e6);
}

int cmd_images(int argc, char **argv)
{
	const struct command_help help = {"imgbuild images",
					  "Lists the named images of the store.",
					  NULL, 0, 0, 0};
	struct index index;
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	if (layout_read_index(o.store.fd, &o.arena, &index, &e) < 0) {
		status = report(&e);
	} else {
		status = EXIT_OK;
		printf("%-50s %-12s  %-20s  %11s\n", "NAME", "ID", "CREATED",
		       "SIZE");
		for (size_t i = 0; i < index.n_entries; i++)
			print_image(&o, &index.entries[i]);
	}
	opened_release(&o);
	return status;
}
