#include "cli/commands.h"

#include "cli/opened.h"
#include "cli/print.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

/* docker's name for each part of the config that `docker inspect` shows. */
static json_t *describe(const struct plan_image *image, json_t *config)
{
	char id[DIGEST_STRING_SIZE];
	json_t *out = json_object();
	json_t *rootfs = json_object();

	digest_string(&image->manifest.config.digest, id);
	json_object_set_new(out, "Id", json_string(id));
	json_object_set_new(out, "RepoTags",
			    json_pack("[s%]", image->name.p, image->name.n));
	json_object_set(out, "Created", json_object_get(config, "created"));
	json_object_set(out, "Author", json_object_get(config, "author"));
	json_object_set(out, "Architecture",
			json_object_get(config, "architecture"));
	json_object_set(out, "Os", json_object_get(config, "os"));
	json_object_set(out, "Config", json_object_get(config, "config"));
	json_object_set_new(rootfs, "Type", json_string("layers"));
	json_object_set(
		rootfs, "Layers",
		json_object_get(json_object_get(config, "rootfs"), "diff_ids"));
	json_object_set_new(out, "RootFS", rootfs);
	return out;
}

static int inspect(struct opened *o, const char *name, json_t *list,
		   struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(CONFIG_MAX_BYTES);
	struct plan_image image;
	json_t *config;

	if (opened_image(o, name, &image, e) < 0 ||
	    blob_read(&o->store.blobs, &image.manifest.config.digest, &text,
		      e) < 0)
		return -1;
	config = json_loadb(text.p, text.n, 0, NULL);
	if (!config)
		return err_set(e, ERR_CORRUPT, "%s: its config is no JSON",
			       name);
	json_array_append_new(list, describe(&image, config));
	json_decref(config);
	return 0;
}

static void print_list(const json_t *list)
{
	SCOPED_PTR char *text = json_dumps(list, JSON_INDENT(4));

	print_text(str_from(text ? text : "[]"), TEXT_JSON);
	print_out("\n");
}

int cmd_inspect(int argc, char **argv)
{
	const struct command_help help = {
		"imgbuild inspect NAME...",
		"Prints images' configs as a JSON list, with docker's keys.",
		NULL,
		0,
		1,
		1000};
	struct opened o;
	struct err e;
	json_t *list;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	list = json_array();
	status = EXIT_OK;
	for (size_t i = 0; i < o.arguments.n; i++)
		if (inspect(&o, o.arguments.v[i], list, &e) < 0)
			status = report(&e);
	print_list(list);
	json_decref(list);
	opened_release(&o);
	return status;
}
