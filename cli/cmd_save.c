#include "cli/commands.h"

#include "builder/image/export.h"
#include "builder/sandbox/userns.h"
#include "cli/build_options.h"
#include "cli/image_place.h"
#include "cli/opened.h"
#include "cli/transfer_options.h"

#include <string.h>
#include <unistd.h>

/* Archives say when an image was made; an index does not. */
static int note_created(struct opened *o, struct tree_root *root, struct err *e)
{
	const struct platform host = platform_host();
	const struct index_entry entry = {.descriptor = root->descriptor};
	struct plan_image image;

	if (media_type_is_index(root->descriptor.media_type))
		return 0;
	if (image_read(&o->store, &o->arena, STR(""), &entry, &host, &image,
		       e) < 0)
		return -1;
	root->has_created = true;
	root->created_s = image.config.created_ns / 1000000000;
	if (!root->platform.os.n)
		root->platform = image.config.platform;
	return 0;
}

static int add_image(struct opened *o, struct place_context *c,
		     struct image_tree *t, const char *text, struct err *e)
{
	static const struct tree_options whole = {.platforms = TREE_ALL};
	const struct image_place from = {
		.kind = PLACE_STORE, .text = text, .name = str_from(text)};
	struct open_source s;
	struct tree_root *root;
	struct str *name;
	int result;

	if (open_source(&s, c, &from, e) < 0)
		return -1;
	result = image_tree_add(t, s.source, &s.root, &whole, &root, e);
	if (result == 0)
		result = note_created(o, root, e);
	if (result == 0 && s.name.n) {
		name = arena_new(&t->arena, struct str);
		*name = arena_str(&t->arena, s.name);
		root->names = name;
		root->n_names = 1;
	}
	open_source_release(&s);
	return result;
}

/* Byte for byte, with all platforms that are here. */
static int save_as_they_are(struct opened *o, struct place_context *c,
			    const struct export_spec *spec, struct err *e)
{
	struct image_tree t = {0};
	struct layout_source from;
	int result = 0;

	for (size_t i = 0; result == 0 && i < o->arguments.n; i++)
		result = add_image(o, c, &t, o->arguments.v[i], e);
	layout_source_init(&from, &o->store.blobs);
	if (result == 0)
		result = place_write_archive(&t, &from.source, spec->dest,
					     spec->kind == EXPORT_DOCKER, NULL,
					     e);
	image_tree_release(&t);
	return result;
}

/* Another form than the image has: made from its layers. */
static int save_anew(struct opened *o, struct export_spec *spec, struct err *e)
{
	struct export_result result;
	struct plan_image found;
	struct rootfs rootfs;
	struct str *names;
	int status;

	if (o->arguments.n > 1)
		return err_set(e, ERR_INVALID,
			       "an output of this kind takes one image");
	if (opened_image(o, o->arguments.v[0], &found, e) < 0)
		return -1;
	names = arena_new(&o->arena, struct str);
	*names = found.name;
	/* snapshots belong to the ids of the user namespace */
	if (userns_enter(tier_probe(), e) < 0 || store_reopen(&o->store, e) < 0)
		return -1;
	spec->n_threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	spec->epoch_s = found.config.created_ns / 1000000000;
	rootfs_init(&rootfs);
	status = rootfs_from_image(&rootfs, &found, e);
	if (status == 0) {
		const struct image image = {&rootfs, &found.config};

		status = export_image(
			&o->store, &image, names,
			image_is_called(&o->arena, str_from(o->arguments.v[0]),
					found.name),
			spec, &result, e);
	}
	rootfs_release(&rootfs);
	return status;
}

static int save(struct opened *o, struct place_context *c, const char *output,
		struct err *e)
{
	struct export_spec spec;

	if (export_spec_parse(&o->arena, str_from(output), &spec, e) < 0)
		return -1;
	if (!spec.anew &&
	    (spec.kind == EXPORT_OCI || spec.kind == EXPORT_DOCKER))
		return save_as_they_are(o, c, &spec, e);
	return save_anew(o, &spec, e);
}

int cmd_save(int argc, char **argv)
{
	struct transfer_request request = {0};
	struct transfer_session session;
	const char *output = "-";
	const struct option_row rows[] = {
		{"output", 'o', OPTION_STRING, &output, "OUTPUT",
		 "as for build: PATH, or type=…,dest=PATH (default: stdout)"},
	};
	const struct command_help help = {
		"imgbuild save [-o OUTPUT] IMAGE...",
		"Writes images of the store, as they are there, to one "
		"archive.",
		rows,
		ARRAY_LEN(rows),
		1,
		1000};
	struct opened o;
	struct err e;
	int status;

	if (!opened_begin(&o, &help, argc, argv, &status))
		return status;
	transfer_begin(&session, &o, &request);
	status = save(&o, &session.context, output, &e) < 0 ? report(&e)
							    : EXIT_OK;
	transfer_end(&session, &request);
	opened_release(&o);
	return status;
}
