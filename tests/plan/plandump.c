/*
 * Make the plan of a Dockerfile and print it, for the golden tests:
 *
 *   plandump IMAGES DOCKERFILE
 *
 * A first line "# options: …" in the Dockerfile holds what a user would write
 * on the command line: --target=, --build-arg=, --label=, --platform=,
 * --allow-insecure; one blank between them. Base images' configs are the files
 * IMAGES/<name>.json, where name is normalised with "_" for "/" and ":";
 * <name>.<architecture>.json is preferred. Whatever runs this, it builds on
 * linux/amd64.
 *
 * The exit status is 0 with the plan on stdout, 2 with the diagnostics, 3 with
 * the error that an image gave.
 */
#include "base/io.h"
#include "builder/plan/plan.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX_BYTES = 1 << 20 };

struct folder_source {
	struct plan_source source;
	const char *path;
};

static struct str file_name(struct arena *a, struct str image)
{
	char *name = arena_c(a, image);

	for (char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || *p == '@')
			*p = '_';
	return str_from(name);
}

/* One layer, so that the manifest has something to say. */
static void make_manifest(struct arena *a, struct plan_image *out)
{
	struct descriptor *layer = arena_new(a, struct descriptor);

	layer->digest = digest_of(out->name.p, out->name.n);
	layer->size_bytes = 100;
	out->manifest_digest = digest_of(out->name.p, out->name.n);
	out->manifest.layers = layer;
	out->manifest.n_layers = 1;
}

static int resolve(struct plan_source *source, struct arena *a, struct str name,
		   const struct platform *platform, struct plan_image *out,
		   struct err *e)
{
	const struct folder_source *s = (const struct folder_source *)source;
	struct buf text = BUF_INIT(FILE_MAX_BYTES);
	struct str stem = file_name(a, name);
	struct str special =
		arena_printf(a, "%s/%.*s.%.*s.json", s->path, STR_ARG(stem),
			     STR_ARG(platform->architecture));
	struct str plain =
		arena_printf(a, "%s/%.*s.json", s->path, STR_ARG(stem));
	int found = io_read_file(AT_FDCWD, special.p, &text, e);

	if (found == 0)
		found = io_read_file(AT_FDCWD, plain.p, &text, e);
	out->name = name;
	make_manifest(a, out);
	if (found == 1 && image_config_parse(a, arena_str(a, buf_str(&text)),
					     &out->config, e) < 0)
		found = -1;
	buf_release(&text);
	return found;
}

static int parse_option(struct arena *a, struct str option,
			struct plan_options *out, struct err *e)
{
	struct str name;
	struct str value;
	struct str key;
	struct str rest;

	(void)str_cut(option, '=', &name, &value);
	(void)str_cut(value, '=', &key, &rest);
	if (str_eq_c(name, "--target"))
		out->target = value;
	else if (str_eq_c(name, "--build-arg"))
		out->build_args = pairs_set(a, out->build_args, key, rest);
	else if (str_eq_c(name, "--label"))
		out->labels = pairs_set(a, out->labels, key, rest);
	else if (str_eq_c(name, "--allow-insecure"))
		out->allow_insecure = true;
	else if (str_eq_c(name, "--platform"))
		return platform_parse(a, value, &out->target_platform, e);
	else
		return err_set(e, ERR_INVALID, "no option %.*s",
			       STR_ARG(option));
	return 0;
}

static int parse_options(struct arena *a, struct str text,
			 struct plan_options *out, struct err *e)
{
	const char prefix[] = "# options: ";
	struct str line;
	struct str option;

	out->build_platform = (struct platform){.os = STR("linux"),
						.architecture = STR("amd64")};
	out->target_platform = out->build_platform;
	if (!str_starts(text, prefix))
		return 0;
	(void)str_cut(str_skip(text, strlen(prefix)), '\n', &line, &text);
	while (line.n) {
		(void)str_cut(line, ' ', &option, &line);
		if (parse_option(a, option, out, e) < 0)
			return -1;
		if (str_starts(option, "--platform="))
			out->platform_given = true;
	}
	return 0;
}

static int run(const char *images, const char *path, struct buf *out,
	       struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf text = BUF_INIT(FILE_MAX_BYTES);
	struct folder_source source = {{resolve}, images};
	struct plan_options options = {0};
	const struct dockerfile *df;
	const struct plan *plan = NULL;
	struct source src;
	struct diags d;
	int result = 0;

	if (io_read_file(AT_FDCWD, path, &text, e) <= 0 ||
	    parse_options(&a, buf_str(&text), &options, e) < 0)
		return -1;
	source_init(&src, &a, STR("Dockerfile"), buf_str(&text));
	diags_init(&d, &a);
	df = dockerfile_parse(&a, &src, &d);
	if (d.n_errors == 0)
		result = plan_make(&a, df, &options, &source.source, &d, &plan,
				   e);
	diags_sort(&d);
	for (size_t i = 0; i < d.n; i++)
		diag_render(out, &src, &d.v[i]);
	if (result == 0 && d.n_errors == 0)
		plan_dump(out, plan);
	if (result == 0 && d.n_errors)
		result = 2;
	diags_release(&d);
	return result;
}

int main(int argc, char **argv)
{
	SCOPED_BUF struct buf out = BUF_INIT(16u << 20);
	struct err e = {0};
	int result;

	if (argc != 3) {
		fprintf(stderr, "usage: plandump IMAGES DOCKERFILE\n");
		return 1;
	}
	result = run(argv[1], argv[2], &out, &e);
	if (result < 0) {
		buf_printf(&out, "error: %s\n", e.msg);
		result = 3;
	}
	(void)fwrite(buf_c(&out), 1, out.n, stdout);
	return result;
}
