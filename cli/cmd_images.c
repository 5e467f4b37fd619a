#include "cli/commands.h"

#include "base/clock.h"
#include "cli/opened.h"
#include "cli/print.h"
#include "oci/layout.h"
#include "oci/reference.h"

#include <stdio.h>

#define REF_NAME "org.opencontainers.image.ref.name"

/* docker's two columns: the name as people write it, and its tag. */
static void split_name(struct arena *a, const struct index_entry *entry,
		       struct str *repository, struct str *tag)
{
	struct reference ref;
	struct err e;

	*repository = STR("<none>");
	*tag = STR("<none>");
	for (size_t i = 0; i < entry->annotations.n; i++) {
		const struct config_pair *p = &entry->annotations.v[i];

		if (!str_eq_c(p->key, REF_NAME) ||
		    reference_parse(a, p->value, &ref, &e) < 0)
			continue;
		*tag = ref.tag.n ? ref.tag : STR("<none>");
		ref.tag = ref.digest = (struct str){0};
		*repository = reference_familiar(a, &ref);
	}
}

static void print_image(struct opened *o, const struct index_entry *entry)
{
	const struct platform host = platform_host();
	SCOPED_BUF struct buf created = BUF_INIT(64);
	struct image_config config;
	struct manifest manifest;
	struct digest digest;
	struct str repository;
	struct str tag;
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
	split_name(&o->arena, entry, &repository, &tag);
	print_out("%-40.*s  %-12.*s  %.12s  %-20s  %8.1f MB\n",
		  STR_ARG(repository), STR_ARG(tag), hex, buf_c(&created),
		  (double)bytes / 1e6);
}

int cmd_images(int argc, char **argv)
{
	const struct command_help help = {
		"imgbuild images",
		"Lists the named images of the store.",
		NULL,
		0,
		0,
		0};
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
		print_out("%-40s  %-12s  %-12s  %-20s  %11s\n", "REPOSITORY",
			  "TAG", "IMAGE ID", "CREATED", "SIZE");
		for (size_t i = 0; i < index.n_entries; i++)
			print_image(&o, &index.entries[i]);
	}
	opened_release(&o);
	return status;
}
