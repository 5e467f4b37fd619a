#include "cli/lsp/images.h"

#include "builder/image/image.h"
#include "cache/store.h"
#include "oci/layout.h"
#include "oci/reference.h"

#define REF_NAME "org.opencontainers.image.ref.name"

static bool entry_name(struct arena *a, const struct index_entry *entry,
		       struct str *name)
{
	struct reference ref;
	struct err e;

	for (size_t i = 0; i < entry->annotations.n; i++) {
		const struct config_pair *p = &entry->annotations.v[i];

		if (!str_eq_c(p->key, REF_NAME) ||
		    reference_parse(a, p->value, &ref, &e) < 0)
			continue;
		*name = reference_familiar(a, &ref);
		return true;
	}
	return false;
}

const struct str *lsp_images(struct arena *a, size_t *n)
{
	struct index index = {0};
	struct store store;
	struct str *names = NULL;
	struct err e;

	*n = 0;
	if (store_open_existing(&store, NULL, &e) < 0)
		return NULL;
	if (layout_read_index(store.fd, a, &index, &e) == 0)
		names = arena_new_array(a, index.n_entries, struct str);
	for (size_t i = 0; names && i < index.n_entries; i++)
		*n += entry_name(a, &index.entries[i], &names[*n]);
	store_release(&store);
	return names;
}

static void add_list(struct buf *out, const char *title, struct str_list list)
{
	if (list.n == 0)
		return;
	buf_printf(out, "- %s:", title);
	for (size_t i = 0; i < list.n; i++)
		buf_printf(out, "%s `%.*s`", i ? "," : "", STR_ARG(list.v[i]));
	buf_add_char(out, '\n');
}

static void add_text(struct buf *out, const char *title, struct str text)
{
	if (text.n)
		buf_printf(out, "- %s: `%.*s`\n", title, STR_ARG(text));
}

static void add_config(struct buf *out, struct arena *a,
		       const struct plan_image *image)
{
	const struct image_config *c = &image->config;
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->manifest.n_layers; i++)
		bytes += image->manifest.layers[i].size_bytes;
	buf_printf(out, "**%.*s**, %.*s, %zu layers, %.1f MB\n\n",
		   STR_ARG(image->name),
		   STR_ARG(platform_format(a, &c->platform)),
		   image->manifest.n_layers, (double)bytes / 1e6);
	add_list(out, "ENV", c->env);
	add_list(out, "ENTRYPOINT", c->entrypoint);
	add_list(out, "CMD", c->cmd);
	add_text(out, "USER", c->user);
	add_text(out, "WORKDIR", c->working_dir);
	add_list(out, "EXPOSE", c->exposed_ports);
	add_list(out, "VOLUME", c->volumes);
	add_list(out, "SHELL", c->shell);
	add_text(out, "STOPSIGNAL", c->stop_signal);
	add_list(out, "ONBUILD", c->on_build);
}

bool lsp_image_describe(struct buf *out, struct str name)
{
	SCOPED_ARENA struct arena a = {0};
	const struct platform host = platform_host();
	struct plan_image image;
	struct reference ref;
	struct store store;
	bool found;
	struct err e;

	if (reference_parse(&a, name, &ref, &e) < 0 ||
	    store_open_existing(&store, NULL, &e) < 0)
		return false;
	found = image_find(&store, &a, reference_name(&a, &ref), &host, &image,
			   &e) > 0;
	if (found)
		add_config(out, &a, &image);
	store_release(&store);
	return found;
}
