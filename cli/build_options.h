/*
 * What `imgbuild build` was asked: the options as typed values.
 */
#ifndef CLI_BUILD_OPTIONS_H
#define CLI_BUILD_OPTIONS_H

#include "base/arena.h"
#include "builder/engine/build.h"
#include "builder/files/context_fetch.h"
#include "builder/image/export.h"
#include "builder/plan/plan.h"
#include "cli/options.h"

/* --call: what to say about the Dockerfile instead of building it. */
enum call_kind {
	CALL_BUILD, /* no call: build */
	CALL_CHECK,
	CALL_OUTLINE,
	CALL_TARGETS,
};

struct call {
	enum call_kind kind;
	bool json;
};

/* --pull */
enum pull_policy {
	PULL_MISSING, /* what the store has is used */
	PULL_ALWAYS,  /* the registry is asked first */
	PULL_NEVER,
};

struct build_request {
	struct arena arena;
	struct context_source context;
	const char *dockerfile; /* NULL: the context's own; "-": stdin */
	const char *progress;
	const char *iid_file;
	const char *metadata_file;
	enum pull_policy pull;
	bool push;		  /* to every name, once it is built */
	struct export_spec image; /* the form that is pushed */
	struct str_list insecure; /* registries without TLS */
	bool no_cache;
	bool explain;
	bool squash;
	bool quiet;
	bool show_plan;
	bool shell_on_error;
	uint64_t shell_line; /* `imgbuild shell`: 0 where none was named */
	struct call call;
	unsigned n_jobs;
	struct build_secret *secrets;
	size_t n_secrets;
	struct build_ssh *ssh;
	size_t n_ssh;
	struct str extra_hosts;
	uint64_t shm_size_bytes;
	struct run_limit *limits;
	size_t n_limits;
	struct cgroup_limits cgroup;
	struct plan_options plan;
	struct str *names; /* normalised */
	size_t n_names;
	struct export_spec *exports;
	size_t n_exports;
};

/* EXIT_OK to go on; else *done says that this is the exit status. */
int build_request_parse(struct build_request *r, int argc, char **argv,
			bool *done);
/* The same for `imgbuild shell`, which takes build's options. */
int shell_request_parse(struct build_request *r, int argc, char **argv,
			bool *done);
void build_request_release(struct build_request *r);

/*
 * Parse an output: "type=oci,dest=PATH,compression=zstd" or a bare path.
 * ERR_INVALID says what is wrong.
 */
int export_spec_parse(struct arena *a, struct str text, struct export_spec *out,
		      struct err *e);

/* "always", "missing", "never", and for docker's sake "", "true", "false". */
int pull_policy_parse(struct str text, enum pull_policy *out, struct err *e);

/* "outline", "check,format=json". */
int call_parse(struct str text, struct call *out, struct err *e);

/* Names normalised, in a. */
int names_parse(struct arena *a, const string_list *list, struct str **out,
		struct err *e);

#endif
