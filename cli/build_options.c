#include "cli/build_options.h"

#include "cli/commands.h"
#include "cli/run_options.h"
#include "oci/reference.h"
#include "parser/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int parse_type(struct str value, struct export_spec *out, struct err *e)
{
	static const char *const kinds[] = {
		[EXPORT_OCI] = "oci",	  [EXPORT_DOCKER] = "docker",
		[EXPORT_TAR] = "tar",	  [EXPORT_LOCAL] = "local",
		[EXPORT_IMAGE] = "image",
	};

	/* docker's short form */
	if (str_eq_c(value, "registry")) {
		out->kind = EXPORT_IMAGE;
		out->push = true;
		return 0;
	}

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!str_eq_c(value, kinds[i]))
			continue;
		out->kind = (enum export_kind)i;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "output type '%.*s' is none of oci, "
		       "docker, tar, local, image, registry",
		       STR_ARG(value));
}

static int parse_level(struct str value, struct export_spec *out, struct err *e)
{
	uint64_t level;

	if (!str_to_u64(value, 22, &level))
		return err_set(e, ERR_INVALID,
			       "compression-level '%.*s' is no "
			       "number from 0 to 22",
			       STR_ARG(value));
	out->compression.level = (int)level;
	return 0;
}

/* "a,b": quoted, as the whole is a list already. */
static int parse_names(struct arena *a, struct str value,
		       struct export_spec *out, struct err *e)
{
	while (value.n) {
		struct reference ref;
		struct str name;

		(void)str_cut(value, ',', &name, &value);
		if (reference_parse(a, name, &ref, e) < 0)
			return -1;
		out->names =
			str_list_add(a, out->names, reference_name(a, &ref));
	}
	return 0;
}

/*
 * Take a field off a list of them, as CSV has it (RFC 4180): one that begins
 * with a quote ends with one, and "" in it is a quote.
 */
static struct str take_csv_field(struct arena *a, struct str *list)
{
	struct str field;
	char *text;
	size_t n = 0;
	size_t i = 1;

	if (!str_starts(*list, "\"")) {
		(void)str_cut(*list, ',', &field, list);
		return field;
	}
	text = arena_alloc(a, list->n);
	while (i < list->n) {
		if (list->p[i] == '"' &&
		    (i + 1 == list->n || list->p[i + 1] != '"'))
			break;
		i += list->p[i] == '"';
		text[n++] = list->p[i++];
	}
	(void)str_cut(str_skip(*list, i < list->n ? i + 1 : i), ',', &field,
		      list);
	return (struct str){text, n};
}

static int parse_field(struct arena *a, struct str key, struct str value,
		       struct export_spec *out, struct err *e)
{
	if (str_eq_c(key, "type"))
		return parse_type(value, out, e);
	if (str_starts(key, "compression") ||
	    str_eq_c(key, "rewrite-timestamp"))
		out->anew = true;
	if (str_eq_c(key, "compression"))
		return compression_parse(value, &out->compression.kind, e);
	if (str_eq_c(key, "compression-level"))
		return parse_level(value, out, e);
	if (str_eq_c(key, "rewrite-timestamp"))
		return bool_parse(value, &out->rewrite_timestamp, e);
	if (str_eq_c(key, "push"))
		return bool_parse(value, &out->push, e);
	if (str_eq_c(key, "name"))
		return parse_names(a, value, out, e);
	if (str_eq_c(key, "dest")) {
		out->dest = arena_c(a, value);
		return 0;
	}
	/* what docker takes and has no other value here */
	if (str_eq_c(key, "tar") || str_eq_c(key, "oci-mediatypes") ||
	    str_eq_c(key, "force-compression"))
		return 0;
	return err_set(e, ERR_INVALID,
		       "'%.*s' is none of type, dest, name, push, "
		       "compression, compression-level, rewrite-timestamp",
		       STR_ARG(key));
}

int export_spec_parse(struct arena *a, struct str text, struct export_spec *out,
		      struct err *e)
{
	*out = (struct export_spec){.compression.kind = COMPRESSION_GZIP};
	if (str_find(text, '=') < 0) {
		out->dest = arena_c(a, text);
		text.n = 0;
	}
	while (text.n) {
		struct str field;
		struct str key;
		struct str value;

		field = take_csv_field(a, &text);
		(void)str_cut(field, '=', &key, &value);
		if (parse_field(a, key, value, out, e) < 0)
			return -1;
	}
	if (out->kind == EXPORT_IMAGE)
		return 0;
	if (!out->dest || !*out->dest)
		return err_set(e, ERR_INVALID, "no dest=PATH in the output");
	if (strcmp(out->dest, "-") == 0 && isatty(STDOUT_FILENO))
		return err_set(e, ERR_INVALID,
			       "an archive is nothing for a terminal: name a "
			       "file, or send stdout elsewhere");
	return 0;
}

int call_parse(struct str text, struct call *out, struct err *e)
{
	static const struct {
		const char *name;
		enum call_kind kind;
	} kinds[] = {
		{"build", CALL_BUILD},	   {"check", CALL_CHECK},
		{"lint", CALL_CHECK},	   {"outline", CALL_OUTLINE},
		{"targets", CALL_TARGETS},
	};
	struct str name;
	struct str format;

	*out = (struct call){0};
	if (str_cut(text, ',', &name, &format)) {
		out->json = str_eq_c(format, "format=json");
		if (!out->json && !str_eq_c(format, "format=text"))
			return err_set(e, ERR_INVALID,
				       "--call %.*s: neither format=text nor "
				       "format=json",
				       STR_ARG(text));
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!str_eq_c(name, kinds[i].name))
			continue;
		out->kind = kinds[i].kind;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "--call %.*s: none of build, check, outline, targets",
		       STR_ARG(text));
}

int names_parse(struct arena *a, const string_list *list, struct str **out,
		struct err *e)
{
	*out = arena_new_array(a, list->n, struct str);
	for (size_t i = 0; i < list->n; i++) {
		struct reference ref;

		if (reference_parse(a, str_from(list->v[i]), &ref, e) < 0)
			return -1;
		(*out)[i] = reference_name(a, &ref);
	}
	return 0;
}

/* "key=value"; a build argument without = takes the environment's value. */
static struct config_pairs pairs_of(struct arena *a, const string_list *list,
				    bool from_environment)
{
	struct config_pairs out = {0};

	for (size_t i = 0; i < list->n; i++) {
		struct str key;
		struct str value;
		bool has_value =
			str_cut(str_from(list->v[i]), '=', &key, &value);

		if (!has_value && from_environment) {
			const char *set = getenv(list->v[i]);

			if (!set)
				continue;
			value = str_from(set);
		}
		out = pairs_set(a, out, key, value);
	}
	return out;
}

struct raw_options {
	string_list names;
	string_list build_args;
	string_list labels;
	string_list outputs;
	string_list secrets;
	string_list ssh;
	string_list allow;
	string_list contexts;
	struct run_options run;
	const char *target;
	const char *platform;
	const char *jobs;
	const char *context;
	const char *call;
	const char *on_error;
	bool check;
	const char *pull;
	string_list insecure;
};

static void raw_release(struct raw_options *raw)
{
	vec_release(&raw->names);
	vec_release(&raw->build_args);
	vec_release(&raw->labels);
	vec_release(&raw->outputs);
	vec_release(&raw->secrets);
	vec_release(&raw->ssh);
	vec_release(&raw->allow);
	vec_release(&raw->contexts);
	vec_release(&raw->insecure);
	run_options_release(&raw->run);
}

static int set_platforms(struct build_request *r, const struct raw_options *raw,
			 struct err *e)
{
	r->plan.build_platform = platform_host();
	r->plan.target_platform = r->plan.build_platform;
	if (!raw->platform)
		return 0;
	r->plan.platform_given = true;
	return platform_parse(&r->arena, str_from(raw->platform),
			      &r->plan.target_platform, e);
}

/* As docker's client: the environment's epoch, unless given as an argument. */
static void add_epoch(struct build_request *r)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");

	for (size_t i = 0; i < r->plan.build_args.n; i++)
		if (str_eq_c(r->plan.build_args.v[i].key, "SOURCE_DATE_EPOCH"))
			return;
	if (epoch && *epoch)
		r->plan.build_args =
			pairs_set(&r->arena, r->plan.build_args,
				  STR("SOURCE_DATE_EPOCH"), str_from(epoch));
}

static int set_jobs(struct build_request *r, const struct raw_options *raw,
		    struct err *e)
{
	long n_cpus = sysconf(_SC_NPROCESSORS_ONLN);
	uint64_t jobs = n_cpus > 0 ? (uint64_t)n_cpus : 1;

	if (raw->jobs &&
	    (!str_to_u64(str_from(raw->jobs), 1024, &jobs) || jobs == 0))
		return err_set(e, ERR_INVALID,
			       "--jobs %s: not a number from 1 "
			       "to 1024",
			       raw->jobs);
	r->n_jobs = (unsigned)jobs;
	return 0;
}

/* type=image and type=registry: names in the store, and maybe a push. */
static void set_image(struct build_request *r, const struct export_spec *spec)
{
	struct str *names = arena_new_array(
		&r->arena, r->n_names + spec->names.n, struct str);

	for (size_t i = 0; i < r->n_names; i++)
		names[i] = r->names[i];
	for (size_t i = 0; i < spec->names.n; i++)
		names[r->n_names + i] = spec->names.v[i];
	r->names = names;
	r->n_names += spec->names.n;
	r->image = *spec;
	r->push |= spec->push;
}

static int set_outputs(struct build_request *r, const struct raw_options *raw,
		       struct err *e)
{
	r->image = (struct export_spec){.kind = EXPORT_IMAGE,
					.compression.kind = COMPRESSION_GZIP,
					.n_threads = r->n_jobs};
	r->exports =
		arena_new_array(&r->arena, raw->outputs.n, struct export_spec);
	for (size_t i = 0; i < raw->outputs.n; i++) {
		struct export_spec *spec = &r->exports[r->n_exports];

		if (export_spec_parse(&r->arena, str_from(raw->outputs.v[i]),
				      spec, e) < 0)
			return err_wrap(e, "--output %s", raw->outputs.v[i]);
		spec->n_threads = r->n_jobs;
		if (spec->kind == EXPORT_IMAGE)
			set_image(r, spec);
		else
			r->n_exports++;
	}
	return 0;
}

/* "id=ID[,src=PATH|,env=NAME]", as docker: the id names a variable or a file */
static int parse_secret(struct arena *a, struct str text,
			struct build_secret *out, struct err *e)
{
	struct str rest = text;
	bool from_env = false;

	while (rest.n) {
		struct str field;
		struct str key;
		struct str value;

		(void)str_cut(rest, ',', &field, &rest);
		(void)str_cut(field, '=', &key, &value);
		if (str_eq_c(key, "id"))
			out->id = arena_c(a, value);
		else if (str_eq_c(key, "src") || str_eq_c(key, "source"))
			out->path = arena_c(a, value);
		else if (str_eq_c(key, "env"))
			out->env = arena_c(a, value);
		else if (str_eq_c(key, "type"))
			from_env = str_eq_c(value, "env");
		else
			return err_set(e, ERR_INVALID,
				       "--secret: '%.*s' is "
				       "none of id, src, env, type",
				       STR_ARG(key));
	}
	if (!out->id)
		return err_set(e, ERR_INVALID,
			       "--secret %.*s: no id=", STR_ARG(text));
	if (from_env && !out->env)
		out->env = out->path ? out->path : out->id;
	if (!out->env && !out->path && getenv(out->id))
		out->env = out->id;
	if (!out->path)
		out->path = out->id;
	return 0;
}

static int set_secrets(struct build_request *r, const struct raw_options *raw,
		       struct err *e)
{
	r->secrets =
		arena_new_array(&r->arena, raw->secrets.n, struct build_secret);
	r->n_secrets = raw->secrets.n;
	for (size_t i = 0; i < raw->secrets.n; i++)
		if (parse_secret(&r->arena, str_from(raw->secrets.v[i]),
				 &r->secrets[i], e) < 0)
			return -1;
	return 0;
}

/* "default", or "ID=SOCKET" */
static int set_ssh(struct build_request *r, const struct raw_options *raw,
		   struct err *e)
{
	r->ssh = arena_new_array(&r->arena, raw->ssh.n, struct build_ssh);
	r->n_ssh = raw->ssh.n;
	for (size_t i = 0; i < raw->ssh.n; i++) {
		struct str id;
		struct str socket;

		(void)str_cut(str_from(raw->ssh.v[i]), '=', &id, &socket);
		r->ssh[i].id = arena_c(&r->arena, id);
		r->ssh[i].socket = socket.n ? arena_c(&r->arena, socket)
					    : getenv("SSH_AUTH_SOCK");
		if (!r->ssh[i].socket)
			return err_set(e, ERR_NOT_FOUND,
				       "--ssh %s: "
				       "$SSH_AUTH_SOCK is not set; start an "
				       "agent or name a socket",
				       raw->ssh.v[i]);
	}
	return 0;
}

static int set_contexts(struct build_request *r, const struct raw_options *raw,
			struct err *e)
{
	struct named_context *out = arena_new_array(&r->arena, raw->contexts.n,
						    struct named_context);

	r->plan.contexts = out;
	r->plan.n_contexts = raw->contexts.n;
	for (size_t i = 0; i < raw->contexts.n; i++)
		if (named_context_parse(&r->arena, str_from(raw->contexts.v[i]),
					&out[i], e) < 0)
			return err_wrap(e, "--build-context %s",
					raw->contexts.v[i]);
	return 0;
}

static int set_allowed(struct build_request *r, const struct raw_options *raw,
		       struct err *e)
{
	for (size_t i = 0; i < raw->allow.n; i++) {
		struct str what = str_from(raw->allow.v[i]);

		if (str_eq_c(what, "security.insecure"))
			r->plan.allow_insecure = true;
		else if (!str_eq_c(what, "network.host"))
			return err_set(e, ERR_INVALID,
				       "--allow %s: neither "
				       "security.insecure nor network.host",
				       raw->allow.v[i]);
	}
	return 0;
}

static int set_context(struct build_request *r, const struct raw_options *raw,
		       struct err *e)
{
	if (context_source_parse(&r->arena, raw->context, &r->context, e) < 0)
		return err_wrap(e, "build context");
	if (r->context.form == CONTEXT_STREAM && r->dockerfile &&
	    strcmp(r->dockerfile, "-") == 0)
		return err_set(e, ERR_INVALID,
			       "the context and the Dockerfile "
			       "can't both come from stdin");
	return 0;
}

static int set_call(struct build_request *r, const struct raw_options *raw,
		    struct err *e)
{
	if (raw->check)
		r->call.kind = CALL_CHECK;
	return raw->call ? call_parse(str_from(raw->call), &r->call, e) : 0;
}

int pull_policy_parse(struct str text, enum pull_policy *out, struct err *e)
{
	static const struct {
		const char *name;
		enum pull_policy policy;
	} policies[] = {
		{"", PULL_ALWAYS},	 {"always", PULL_ALWAYS},
		{"true", PULL_ALWAYS},	 {"missing", PULL_MISSING},
		{"false", PULL_MISSING}, {"never", PULL_NEVER},
	};

	for (size_t i = 0; i < ARRAY_LEN(policies); i++) {
		if (!str_eq_c(text, policies[i].name))
			continue;
		*out = policies[i].policy;
		return 0;
	}
	return err_set(e, ERR_INVALID,
		       "--pull=%.*s: none of always, missing, never",
		       STR_ARG(text));
}

static int set_registries(struct build_request *r,
			  const struct raw_options *raw, struct err *e)
{
	for (size_t i = 0; i < raw->insecure.n; i++)
		r->insecure = str_list_add(&r->arena, r->insecure,
					   str_from(raw->insecure.v[i]));
	if (raw->pull &&
	    pull_policy_parse(str_from(raw->pull), &r->pull, e) < 0)
		return -1;
	return 0;
}

/* What is pushed has a name to be pushed to. */
static int check_push(const struct build_request *r, struct err *e)
{
	if (r->push && r->n_names == 0)
		return err_set(e, ERR_INVALID,
			       "--push needs a name: -t HOST/NAME[:TAG]");
	return 0;
}

static int need_terminal(const char *what, struct err *e)
{
	if (isatty(STDIN_FILENO))
		return 0;
	return err_set(e, ERR_INVALID, "%s needs a terminal as stdin", what);
}

static int set_on_error(struct build_request *r, const struct raw_options *raw,
			struct err *e)
{
	if (!raw->on_error || strcmp(raw->on_error, "stop") == 0)
		return 0;
	if (strcmp(raw->on_error, "shell") != 0)
		return err_set(e, ERR_INVALID,
			       "--on-error %s: neither stop nor shell",
			       raw->on_error);
	r->shell_on_error = true;
	return need_terminal("--on-error=shell", e);
}

static int interpret(struct build_request *r, const struct raw_options *raw,
		     struct err *e)
{
	r->plan.target = str_from(raw->target);
	r->plan.build_args = pairs_of(&r->arena, &raw->build_args, true);
	r->plan.labels = pairs_of(&r->arena, &raw->labels, false);
	add_epoch(r);
	r->n_names = raw->names.n;
	if (set_context(r, raw, e) < 0 ||
	    names_parse(&r->arena, &raw->names, &r->names, e) < 0 ||
	    set_platforms(r, raw, e) < 0 || set_jobs(r, raw, e) < 0 ||
	    set_secrets(r, raw, e) < 0 || set_ssh(r, raw, e) < 0 ||
	    set_call(r, raw, e) < 0 || set_allowed(r, raw, e) < 0 ||
	    set_contexts(r, raw, e) < 0 || set_registries(r, raw, e) < 0 ||
	    set_on_error(r, raw, e) < 0 ||
	    run_options_apply(&raw->run, r, e) < 0)
		return -1;
	if (set_outputs(r, raw, e) < 0)
		return -1;
	return check_push(r, e);
}

/* What a command that builds says of itself. */
struct build_usage {
	const char *usage;
	const char *text;
	size_t min_arguments;
	size_t max_arguments;
	/* What its arguments are. */
	int (*take)(struct build_request *r, struct raw_options *raw,
		    const string_list *arguments, struct err *e);
};

static int parse_request(const struct build_usage *usage,
			 struct build_request *r, int argc, char **argv,
			 bool *done)
{
	struct raw_options raw = {0};
	const struct option_row rows[] = {
		{"add-host", 0, OPTION_LIST, &raw.run.hosts, "NAME:IP",
		 "a line for /etc/hosts of every RUN"},
		{"allow", 0, OPTION_LIST, &raw.allow, "WHAT",
		 "security.insecure: let RUN --security=insecure run "
		 "(network.host: nothing)"},
		{"build-context", 0, OPTION_LIST, &raw.contexts, "NAME=VALUE",
		 "what NAME means in FROM, COPY --from and mounts"},
		{"build-arg", 0, OPTION_LIST, &raw.build_args, "NAME=VALUE",
		 "set an ARG"},
		{"call", 0, OPTION_STRING, &raw.call, "METHOD",
		 "instead of building: check, outline or targets; "
		 "METHOD,format=json"},
		{"check", 0, OPTION_FLAG, &raw.check, NULL,
		 "as --call=check: what BuildKit's checks find"},
		{"cgroup-parent", 0, OPTION_STRING, &raw.run.cgroup_parent,
		 "GROUP", "the control group below which RUNs have theirs"},
		{"cpu-period", 0, OPTION_STRING, &raw.run.cpu_period, "US",
		 "the time, in microseconds, that --cpu-quota is of"},
		{"cpu-quota", 0, OPTION_STRING, &raw.run.cpu_quota, "US",
		 "of processor time for a RUN in each period"},
		{"cpu-shares", 'c', OPTION_STRING, &raw.run.cpu_shares, "N",
		 "a RUN's weight against others, of 1024"},
		{"cpus", 0, OPTION_STRING, &raw.run.cpus, "N",
		 "cores' worth of processor time for a RUN"},
		{"cpuset-cpus", 0, OPTION_STRING, &raw.run.cpuset_cpus, "LIST",
		 "the cores that a RUN may use, as in 0-2,4"},
		{"cpuset-mems", 0, OPTION_STRING, &raw.run.cpuset_mems, "LIST",
		 "the memory nodes that it may use"},
		{"explain", 0, OPTION_FLAG, &r->explain, NULL,
		 "say of each step that runs why it was not cached"},
		{"file", 'f', OPTION_STRING, &r->dockerfile, "FILE",
		 "the Dockerfile (default CONTEXT/Dockerfile, - is stdin; or a "
		 "URL)"},
		{"hostname", 0, OPTION_STRING, &raw.run.hostname, "NAME",
		 "of the machine, as RUN sees it (default buildkitsandbox)"},
		{"insecure-registry", 0, OPTION_LIST, &raw.insecure,
		 "HOST[:PORT]", "without TLS, or with any certificate"},
		{"iidfile", 0, OPTION_STRING, &r->iid_file, "FILE",
		 "write the image's id to FILE"},
		{"jobs", 0, OPTION_STRING, &raw.jobs, "N",
		 "steps and compressing threads at once (default: one a core)"},
		{"label", 0, OPTION_LIST, &raw.labels, "NAME=VALUE",
		 "add a label to the image"},
		{"memory", 'm', OPTION_STRING, &raw.run.memory, "SIZE",
		 "limit of a RUN's memory"},
		{"memory-swap", 0, OPTION_STRING, &raw.run.memory_swap, "SIZE",
		 "limit of memory and swap together (-1: any)"},
		{"metadata-file", 0, OPTION_STRING, &r->metadata_file, "FILE",
		 "write the result's digests as JSON to FILE"},
		{"network", 0, OPTION_STRING, &raw.run.network, "MODE",
		 "for RUN: default, host or none"},
		{"no-cache", 0, OPTION_FLAG, &r->no_cache, NULL,
		 "run every step again"},
		{"on-error", 0, OPTION_STRING, &raw.on_error, "WHAT",
		 "shell: open one in a RUN that failed; or stop"},
		{"output", 'o', OPTION_LIST, &raw.outputs, "OUTPUT",
		 "PATH (an OCI archive), "
		 "type=oci|docker|tar|local,dest=PATH, or\n"
		 "                                 "
		 "type=image,name=NAME[,push=true]"},
		{"plan", 0, OPTION_FLAG, &r->show_plan, NULL,
		 "print what would be done, and stop"},
		{"platform", 0, OPTION_STRING, &raw.platform, "OS/ARCH",
		 "the image's platform"},
		{"progress", 0, OPTION_STRING, &r->progress, "MODE",
		 "auto (tty on a terminal), plain, tty, rawjson, quiet"},
		{"pull", 0, OPTION_MAYBE, &raw.pull, "WHEN",
		 "ask registries for bases: always, missing (default) or "
		 "never"},
		{"push", 0, OPTION_FLAG, &r->push, NULL,
		 "send the image to the registries of its names"},
		{"quiet", 'q', OPTION_FLAG, &r->quiet, NULL,
		 "print the image's id only"},
		{"secret", 0, OPTION_LIST, &raw.secrets, "id=ID,src=FILE",
		 "a secret for RUN --mount=type=secret (or env=NAME)"},
		{"shm-size", 0, OPTION_STRING, &raw.run.shm_size, "SIZE",
		 "of /dev/shm in every RUN (default 64m)"},
		{"squash", 0, OPTION_FLAG, &r->squash, NULL,
		 "make one layer of those that the build puts over its base"},
		{"ssh", 0, OPTION_LIST, &raw.ssh, "ID[=SOCKET]",
		 "an ssh agent for RUN --mount=type=ssh"},
		{"tag", 't', OPTION_LIST, &raw.names, "NAME",
		 "name the image in the store"},
		{"target", 0, OPTION_STRING, &raw.target, "STAGE",
		 "build this stage (default: the last)"},
		{"ulimit", 0, OPTION_LIST, &raw.run.limits, "NAME=SOFT[:HARD]",
		 "a resource limit of every RUN"},
	};
	const struct command_help help = {
		usage->usage,	 usage->text,	       rows,
		ARRAY_LEN(rows), usage->min_arguments, usage->max_arguments};
	string_list arguments = {0};
	struct err e;
	int status = EXIT_OK;

	*r = (struct build_request){.progress = "auto"};
	switch (options_parse(&help, argc, argv, &arguments)) {
	case OPTIONS_OK:
		*done = usage->take(r, &raw, &arguments, &e) < 0 ||
			interpret(r, &raw, &e) < 0;
		if (*done) {
			(void)report(&e);
			status = EXIT_MISTAKE;
		}
		break;
	case OPTIONS_HELP: *done = true; break;
	case OPTIONS_WRONG:
		*done = true;
		status = EXIT_MISTAKE;
		break;
	}
	vec_release(&arguments);
	raw_release(&raw);
	return status;
}

static int take_context(struct build_request *r, struct raw_options *raw,
			const string_list *arguments, struct err *e)
{
	(void)r;
	(void)e;
	raw->context = arguments->v[0];
	return 0;
}

int build_request_parse(struct build_request *r, int argc, char **argv,
			bool *done)
{
	static const struct build_usage usage = {
		"imgbuild [build] [OPTIONS] CONTEXT",
		"Builds an image from the Dockerfile in CONTEXT: a folder; a "
		"git repository\n(URL#REF:FOLDER, or file:///PATH); the URL of "
		"a tar or of a Dockerfile;\nor -, either of them from stdin.\n"
		"A named context is a folder, docker-image://IMAGE, "
		"oci-layout://PATH[:TAG],\na git repository, a URL, or "
		"target:STAGE.\n"
		"An output also takes compression=gzip|zstd|none, "
		"compression-level=N and\nrewrite-timestamp=true; it may be "
		"repeated, and dest=- is stdout.",
		1, 1, take_context};

	return parse_request(&usage, r, argc, argv, done);
}

/* "TARGET[:LINE]", and the context. */
static int take_place(struct build_request *r, struct raw_options *raw,
		      const string_list *arguments, struct err *e)
{
	struct str text = str_from(arguments->v[0]);
	struct str target;
	struct str line;

	raw->context = arguments->n > 1 ? arguments->v[1] : ".";
	r->plan.shell.wanted = true;
	if (str_cut(text, ':', &target, &line) &&
	    (!str_to_u64(line, UINT32_MAX, &r->shell_line) ||
	     r->shell_line == 0))
		return err_set(e, ERR_INVALID, "%s: not TARGET or TARGET:LINE",
			       text.p);
	raw->target = arena_c(&r->arena, target);
	return need_terminal("imgbuild shell", e);
}

int shell_request_parse(struct build_request *r, int argc, char **argv,
			bool *done)
{
	static const struct build_usage usage = {
		"imgbuild shell [OPTIONS] TARGET[:LINE] [CONTEXT]",
		"Opens a shell in the stage TARGET, which is built as far as "
		"needed: at its end,\nor before the instruction on LINE of the "
		"Dockerfile, with that line's mounts\nwhere it is a RUN. An "
		"empty TARGET (\":12\") is the last stage. What is changed in\n"
		"the shell is forgotten. CONTEXT is . by default; options are "
		"those of build.",
		1, 2, take_place};

	return parse_request(&usage, r, argc, argv, done);
}

void build_request_release(struct build_request *r)
{
	arena_release(&r->arena);
}
