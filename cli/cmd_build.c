#include "cli/commands.h"

#include "base/io.h"
#include "base/path.h"
#include "builder/engine/build.h"
#include "builder/engine/squash.h"
#include "builder/engine/tiers.h"
#include "cli/base_source.h"
#include "cli/build_call.h"
#include "cli/build_checks.h"
#include "cli/build_input.h"
#include "cli/build_push.h"
#include "cli/cancel.h"
#include "cli/failure.h"
#include "cli/print.h"
#include "cli/progress.h"
#include "registry/fetcher.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Everything that a build uses, from the file to the result. */
struct session {
	struct build_request *request;
	struct arena arena;
	enum tier tier; /* found out before a namespace is entered */
	struct store store;
	struct build_input input;
	struct source source;
	struct diags diags;
	const struct dockerfile *dockerfile;
	const struct plan *plan;
	struct progress *progress;
	struct build_result result;
	struct registry *registry;
	struct registry_fetcher fetcher;
	int cancel_fd; /* readable when the user says so */
};

static int report_failure(const struct session *s,
			  const struct build_failure *why, const struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(16u << 20);

	failure_add(&text, &s->source, why, e);
	progress_finish(s->progress);
	progress_say(s->progress, PROGRESS_ERROR, "%s", buf_c(&text));
	return EXIT_FAILED;
}

/* Any failure but a step's. */
static int fail(const struct session *s, const struct err *e)
{
	const struct build_failure why = {0};

	return report_failure(s, &why, e);
}

static void print_diags(const struct session *s)
{
	SCOPED_BUF struct buf out = BUF_INIT(16u << 20);

	/* empty lines in an instruction are among the checks' findings */
	for (size_t i = 0; i < s->diags.n; i++)
		if (strcmp(s->diags.v[i].id, "empty-continuation-line") != 0)
			diag_render(&out, &s->source, &s->diags.v[i]);
	if (out.n)
		progress_say(s->progress, PROGRESS_DIAGNOSTICS, "%s",
			     buf_c(&out));
}

/* What messages call the file: as the user would find it. */
static struct str display_name(const struct session *s)
{
	const char *given = s->request->dockerfile;

	if (!given)
		return STR("Dockerfile");
	return strcmp(given, "-") == 0 ? STR("-") : str_from(given);
}

static int read_source(struct session *s, struct err *e)
{
	if (store_open(&s->store, NULL, e) < 0 ||
	    build_input_read(&s->input, s->request, &s->store, s->tier, e) < 0)
		return -1;
	source_init(&s->source, &s->arena, display_name(s),
		    buf_str(&s->input.text));
	diags_init(&s->diags, &s->arena);
	return 0;
}

/* `imgbuild shell TARGET:LINE`: where in the file that line is. */
static int find_shell_line(struct session *s, struct err *e)
{
	uint64_t line = s->request->shell_line;
	struct str text;

	if (line == 0)
		return 0;
	if (line > s->source.n_lines)
		return err_set(e, ERR_INVALID,
			       "%.*s has %u lines, no line %llu",
			       STR_ARG(s->source.name), s->source.n_lines,
			       (unsigned long long)line);
	text = source_line(&s->source, (uint32_t)line);
	s->request->plan.shell.at = (struct span){
		.offset = (uint32_t)(text.p - s->source.text.p),
		.end = (uint32_t)(text.p - s->source.text.p + text.n + 1)};
	return 0;
}

/* EXIT_OK where there is a plan. */
static int make_plan(struct session *s, struct plan_source *images)
{
	struct err e;

	s->dockerfile = dockerfile_parse(&s->arena, &s->source, &s->diags);
	if (s->diags.n_errors == 0 &&
	    plan_make(&s->arena, s->dockerfile, &s->request->plan, images,
		      &s->diags, &s->plan, &e) < 0)
		return fail(s, &e);
	diags_sort(&s->diags);
	if (!s->request->quiet || s->diags.n_errors)
		print_diags(s);
	return s->diags.n_errors ? EXIT_MISTAKE : EXIT_OK;
}

/*
 * What tells one thing that is built from another: where its parts come from.
 * Its targets share steps. A shell is no build that would be compared.
 */
static struct str identity_of(struct session *s)
{
	const struct build_request *r = s->request;
	char path[PATH_MAX];
	const char *context = r->context.text;

	if (r->plan.shell.wanted)
		return (struct str){0};
	if (r->context.form == CONTEXT_FOLDER && realpath(context, path))
		context = path;
	return arena_printf(&s->arena, "%s\n%s", context,
			    r->dockerfile ? r->dockerfile : "");
}

static int run_build(struct session *s)
{
	struct tier_executor executor;
	struct build_failure why = {0};
	struct err e;
	struct build_options opt = {
		.context_path = s->input.context,
		.dockerfile_name = s->input.dockerfile_path,
		.no_cache = s->request->no_cache,
		.n_jobs = s->request->n_jobs,
		.identity = identity_of(s),
		.names = s->request->names,
		.n_names = s->request->n_names,
		/* programs get all there is */
		.explain = s->request->explain ||
			   strcmp(s->request->progress, "rawjson") == 0,
		.shell_on_error = s->request->shell_on_error,
		.secrets = s->request->secrets,
		.n_secrets = s->request->n_secrets,
		.ssh = s->request->ssh,
		.n_ssh = s->request->n_ssh,
		.extra_hosts = s->request->extra_hosts,
		.shm_size_bytes = s->request->shm_size_bytes,
		.limits = s->request->limits,
		.n_limits = s->request->n_limits,
		.cgroup = s->request->cgroup,
		.tier = s->tier,
		.events = &s->progress->sink,
		.cancel_fd = s->cancel_fd,
	};
	int status = EXIT_OK;

	if (tier_executor_init(&executor, opt.tier, &e) < 0)
		return fail(s, &e);
	opt.executor = executor.executor;
	if (build_run(&s->store, s->plan, &opt, &s->arena, &s->result, &why,
		      &e) < 0)
		status = report_failure(s, &why, &e);
	progress_finish(s->progress);
	build_failure_release(&why);
	tier_executor_release(&executor);
	return status;
}

static int write_metadata(const struct session *s,
			  const struct export_result *result, struct err *e)
{
	SCOPED_BUF struct buf text = BUF_INIT(1u << 20);
	SCOPED_BUF struct buf names = BUF_INIT(1u << 20);
	char digest[DIGEST_STRING_SIZE];

	buf_printf(&text, "{\n  \"containerimage.config.digest\": \"%s\",\n",
		   digest_string(&result->config_digest, digest));
	buf_printf(&text, "  \"containerimage.digest\": \"%s\"",
		   digest_string(&result->manifest.digest, digest));
	for (size_t i = 0; i < s->request->n_names; i++) {
		if (i)
			buf_add_char(&names, ',');
		buf_add_str(&names, s->request->names[i]);
	}
	if (names.n) {
		buf_add_c(&text, ",\n  \"image.name\": ");
		buf_add_json_string(&text, buf_str(&names));
	}
	buf_add_c(&text, "\n}\n");
	return io_write_output(s->request->metadata_file, buf_str(&text), e);
}

static int export_all(struct session *s, const struct image *image,
		      struct export_result *result, struct err *e)
{
	static const char *const what[] = {
		[EXPORT_OCI] = "OCI archive",
		[EXPORT_DOCKER] = "docker archive",
		[EXPORT_TAR] = "root file system",
		[EXPORT_LOCAL] = "root file system",
		[EXPORT_IMAGE] = "image",
	};

	/*
	 * Snapshots belong to the ids of the user namespace, which a build that
	 * found everything cached had no reason to enter.
	 */
	if (s->request->n_exports &&
	    (userns_enter(s->tier, e) < 0 || store_reopen(&s->store, e) < 0))
		return -1;
	for (size_t i = 0; i < s->request->n_exports; i++) {
		struct export_spec *spec = &s->request->exports[i];
		struct export_result made;

		spec->epoch_s = s->plan->has_epoch ? s->plan->epoch_s
						   : image->config->created_ns /
							     1000000000;
		if (export_image(&s->store, image, s->request->names,
				 s->request->n_names, spec, &made, e) < 0)
			return -1;
		if (made.manifest.size_bytes)
			*result = made;
		if (strcmp(spec->dest, "-") != 0)
			progress_say(s->progress, PROGRESS_MESSAGE, "%s: %s",
				     what[spec->kind], spec->dest);
	}
	return 0;
}

static int name_image(struct session *s, const struct image *image,
		      struct export_result *result, struct err *e)
{
	if (image_put(&s->store, image, &result->manifest,
		      &result->config_digest, e) < 0)
		return -1;
	/* one that goes nowhere else is to be found by its id */
	if (s->request->n_names == 0 && s->request->n_exports == 0 &&
	    image_list(&s->store, &result->manifest, &image->config->platform,
		       e) < 0)
		return -1;
	for (size_t i = 0; i < s->request->n_names; i++) {
		if (image_tag(&s->store, &result->manifest,
			      &image->config->platform, s->request->names[i],
			      e) < 0)
			return -1;
		progress_say(s->progress, PROGRESS_MESSAGE, "named %.*s",
			     STR_ARG(s->request->names[i]));
	}
	return 0;
}

/*
 * Layers' blobs, and a manifest that has them: from here on the image is what
 * is pushed, under all its names.
 */
static int push_image(struct session *s, const struct image *image,
		      struct export_result *result, struct err *e)
{
	struct export_spec *spec = &s->request->image;

	if (userns_enter(s->tier, e) < 0 || store_reopen(&s->store, e) < 0)
		return -1;
	spec->epoch_s = s->plan->has_epoch
				? s->plan->epoch_s
				: image->config->created_ns / 1000000000;
	if (export_to_store(&s->store, image, spec, result, e) < 0)
		return -1;
	for (size_t i = 0; i < s->request->n_names; i++)
		if (image_tag(&s->store, &result->manifest,
			      &image->config->platform, s->request->names[i],
			      e) < 0)
			return -1;
	return build_push(&s->store, &s->arena, s->registry, s->request->names,
			  s->request->n_names, s->progress, e);
}

static int squash_image(struct session *s, struct err *e)
{
	if (userns_enter(s->tier, e) < 0 || store_reopen(&s->store, e) < 0)
		return -1;
	return squash(&s->store, s->plan, &s->arena, &s->result, e);
}

static int deliver(struct session *s, struct err *e)
{
	const struct image image = {&s->result.rootfs, &s->result.config};
	struct export_result result;
	char digest[DIGEST_STRING_SIZE];

	if (s->request->squash && squash_image(s, e) < 0)
		return -1;
	if (name_image(s, &image, &result, e) < 0 ||
	    export_all(s, &image, &result, e) < 0)
		return -1;
	if (s->request->push && push_image(s, &image, &result, e) < 0)
		return -1;
	if (s->request->iid_file &&
	    io_write_output(
		    s->request->iid_file,
		    str_from(digest_string(&result.config_digest, digest)),
		    e) < 0)
		return -1;
	if (s->request->metadata_file && write_metadata(s, &result, e) < 0)
		return -1;
	progress_say(s->progress, PROGRESS_IMAGE, "%s",
		     digest_string(&result.config_digest, digest));
	return 0;
}

static void print_plan(const struct session *s)
{
	SCOPED_BUF struct buf out = BUF_INIT(64u << 20);

	plan_dump(&out, s->plan);
	print_text(buf_str(&out), TEXT_LINES);
}

/* Mistakes are told by the checks; a plan is for what it finds of images. */
static int call_check_file(struct session *s, struct plan_source *images,
			   struct buf *out)
{
	struct build_checks checks;
	struct err e;
	int status;

	s->dockerfile = dockerfile_parse(&s->arena, &s->source, &s->diags);
	if (s->diags.n_errors == 0)
		(void)plan_make(&s->arena, s->dockerfile, &s->request->plan,
				images, &s->diags, &s->plan, &e);
	build_checks_run(&checks, &s->arena, &s->source, s->request, &s->input,
			 s->plan);
	call_check(out, &checks.file, s->request->call.json);
	status = checks.file.diags.n ? EXIT_FAILED : EXIT_OK;
	build_checks_release(&checks);
	return status;
}

/* --call: all but check need a file without mistakes. */
static int run_call(struct session *s, struct plan_source *images)
{
	SCOPED_BUF struct buf out = BUF_INIT(512u << 20);
	struct outline_source any;
	struct outline outline;
	int status = EXIT_OK;

	outline_source_init(&any, images);
	switch (s->request->call.kind) {
	case CALL_BUILD: break;
	case CALL_CHECK: status = call_check_file(s, images, &out); break;
	case CALL_OUTLINE:
		status = make_plan(s, &any.source);
		if (status != EXIT_OK)
			break;
		outline_make(&s->arena, s->dockerfile, s->plan, &outline);
		call_outline(&out, &s->source, &outline, s->request->call.json);
		break;
	case CALL_TARGETS:
		s->dockerfile =
			dockerfile_parse(&s->arena, &s->source, &s->diags);
		print_diags(s);
		if (s->diags.n_errors)
			status = EXIT_MISTAKE;
		else
			call_targets(&out, s->dockerfile,
				     s->request->call.json);
		break;
	}
	print_text(buf_str(&out),
		   s->request->call.json ? TEXT_JSON : TEXT_LINES);
	return status;
}

static void print_checks(const struct session *s, const struct build_checks *c)
{
	SCOPED_BUF struct buf text = BUF_INIT(16u << 20);

	build_checks_summary(&text, c);
	progress_finish(s->progress);
	if (text.n)
		progress_say(s->progress,
			     build_checks_fail(c) ? PROGRESS_ERROR
						  : PROGRESS_DIAGNOSTICS,
			     "%s", buf_c(&text));
}

/* What the checks find is said at the end, where it is seen. */
static int build_checked(struct session *s)
{
	struct build_checks checks;
	struct err e;
	int status = EXIT_MISTAKE;

	build_checks_run(&checks, &s->arena, &s->source, s->request, &s->input,
			 s->plan);
	if (!build_checks_fail(&checks))
		status = run_build(s);
	if (!s->request->quiet || build_checks_fail(&checks))
		print_checks(s, &checks);
	build_checks_release(&checks);
	if (status == EXIT_OK && deliver(s, &e) < 0)
		status = fail(s, &e);
	return status;
}

/* Nothing is asked of one before something is missing. */
static void open_registry(struct session *s)
{
	struct registry_options opt = {.insecure = s->request->insecure};

	s->cancel_fd = opt.cancel_fd = cancel_on_signals();
	s->registry = registry_open(&opt);
	registry_fetcher_init(&s->fetcher, s->registry);
	s->store.blobs.fetcher = &s->fetcher.fetcher;
}

static int run_session(struct session *s)
{
	struct base_source images;
	struct err e;
	int status;

	if (read_source(s, &e) < 0 || find_shell_line(s, &e) < 0)
		return fail(s, &e);
	open_registry(s);
	base_source_init(&images, &s->store, s->registry, s->request->pull,
			 s->progress);
	if (s->request->call.kind != CALL_BUILD)
		return run_call(s, &images.source);
	status = make_plan(s, &images.source);
	if (status != EXIT_OK)
		return status;
	if (s->request->show_plan) {
		print_plan(s);
		return EXIT_OK;
	}
	if (s->request->plan.shell.wanted)
		return run_build(s);
	return build_checked(s);
}

static void session_release(struct session *s)
{
	progress_free(s->progress);
	registry_fetcher_release(&s->fetcher);
	registry_close(s->registry);
	rootfs_release(&s->result.rootfs);
	diags_release(&s->diags);
	build_input_release(&s->input);
	store_release(&s->store);
	arena_release(&s->arena);
}

/* parse is what tells commands that build apart. */
static int run_command(int argc, char **argv,
		       int (*parse)(struct build_request *r, int argc,
				    char **argv, bool *done))
{
	struct build_request request;
	struct session s = {
		.request = &request,
		.tier = tier_probe(),
		.store.fd = -1,
		.input = BUILD_INPUT_INIT,
		.cancel_fd = -1,
	};
	bool done;
	int status = parse(&request, argc, argv, &done);

	if (!done)
		s.progress = progress_new(request.quiet ? "quiet"
							: request.progress);
	if (!done && !s.progress) {
		print_err("imgbuild: --progress %s: none of auto, plain, "
			  "tty, rawjson, quiet\n",
			  request.progress);
		done = true;
		status = EXIT_MISTAKE;
	}
	if (!done)
		status = run_session(&s);
	session_release(&s);
	build_request_release(&request);
	return status;
}

int cmd_build(int argc, char **argv)
{
	return run_command(argc, argv, build_request_parse);
}

int cmd_shell(int argc, char **argv)
{
	return run_command(argc, argv, shell_request_parse);
}
