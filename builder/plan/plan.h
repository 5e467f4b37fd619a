/*
 * The plan: what a build of one target has to do, before anything is done.
 *
 * plan_make expands a Dockerfile with its arguments and base images' configs
 * into stages of steps, leaves out stages that the target does not need, and
 * computes each stage's image config. It reads nothing but its arguments.
 * Reference: BuildKit's frontend/dockerfile/dockerfile2llb/convert.go.
 */
#ifndef BUILDER_PLAN_PLAN_H
#define BUILDER_PLAN_PLAN_H

#include "base/arena.h"
#include "base/err.h"
#include "builder/plan/named_context.h"
#include "oci/config.h"
#include "oci/manifest.h"
#include "oci/platform.h"
#include "parser/diag.h"
#include "parser/dockerfile.h"
#include "parser/values.h"

/* A base image, found by name. */
struct plan_image {
	struct str name; /* normalised */
	struct digest manifest_digest;
	struct manifest manifest;
	struct image_config config;
};

/* A URL or git repository, whose time is asked for. */
struct plan_remote {
	struct str source;
	struct str checksum;
	bool is_context; /* of --build-context: git's forms are a context's */
};

/* The seam through which a plan learns about images and remote sources. */
struct plan_source {
	/*
	 * 1 found (in a), 0 there is no such image, -1 error. Where somebody
	 * else was asked too, *e says at 0 what they answered.
	 */
	int (*resolve)(struct plan_source *s, struct arena *a, struct str name,
		       const struct platform *platform, struct plan_image *out,
		       struct err *e);
	/* The same for "PATH[:TAG|@DIGEST]" of an image layout elsewhere. */
	int (*resolve_layout)(struct plan_source *s, struct arena *a,
			      struct str layout,
			      const struct platform *platform,
			      struct plan_image *out, struct err *e);
	/*
	 * How old it is: its commit, Last-Modified, or the newest file of what
	 * is an archive, in seconds since the epoch. 1 known, 0 it says
	 * nothing, -1. NULL where nothing is fetched for a plan.
	 */
	int (*time)(struct plan_source *s, const struct plan_remote *what,
		    int64_t *out_s, struct err *e);
};

/* `imgbuild shell`: the target is made up to a place, where a shell runs. */
struct plan_shell {
	bool wanted;
	/* Of a line: its instruction is not carried out; a RUN's shell has its
	 * mounts. end 0: after the last one. */
	struct span at;
};

struct plan_options {
	struct plan_shell shell;
	struct str target; /* empty: the last stage */
	struct config_pairs build_args;
	struct config_pairs labels;
	/* What SOURCE_DATE_EPOCH=context means; empty: nothing. */
	struct str context_epoch;
	const struct named_context *contexts;
	size_t n_contexts;
	struct platform target_platform;
	struct platform build_platform;
	bool platform_given; /* --platform: the image says so too */
	bool allow_insecure; /* --allow security.insecure */
	bool network_none;   /* --network=none: for RUNs that don't say */
	struct str hostname; /* of RUNs; empty: BuildKit's */
	/*
	 * For the linter: every stage is planned as far as the file alone tells
	 * what is in it. No image is looked for, a variable that the file gives
	 * no value may have any, and one stage's mistakes hide no other's.
	 */
	bool by_file_alone;
};

enum step_kind {
	STEP_RUN,
	STEP_COPY,
	STEP_WORKDIR,
};

struct plan_stage;

/* Where COPY --from, ADD and mounts read. */
enum origin_kind {
	ORIGIN_CONTEXT,
	ORIGIN_STAGE,
	ORIGIN_IMAGE,
	ORIGIN_FOLDER,	/* of --build-context */
	ORIGIN_REMOTE,	/* of --build-context: a git repository or a URL */
	ORIGIN_SCRATCH, /* an empty folder: a cache mount's default */
};

struct origin {
	enum origin_kind kind;
	const struct plan_stage *stage;
	const struct plan_image *image;
	struct str folder; /* its path, or the URL */
};

struct step_mount {
	enum mount_kind kind;
	struct origin origin; /* bind, cache */
	struct str source;    /* path in the origin */
	struct str target;    /* absolute */
	struct str id;	      /* cache, secret, ssh */
	struct str env;	      /* secret */
	enum mount_sharing sharing;
	bool readonly;
	bool required;
	bool has_mode;
	uint32_t mode;
	bool has_owner;
	uint32_t uid;
	uint32_t gid;
	uint64_t size_bytes; /* tmpfs */
};

struct step_run {
	struct str_list argv;
	bool shell;		/* argv is one for the user's terminal */
	struct str script_name; /* a heredoc with #!: a file of that name … */
	struct str script;	/* … mounted at /dev/pipes/ */
	struct str_list env;	/* as the process sees it, HOME aside */
	struct str_list hidden_env; /* proxies: seen, but in no key */
	struct str cwd;
	struct str user;
	struct str hostname;
	enum run_network network;
	enum run_security security;
	const struct step_mount *mounts;
	size_t n_mounts;
};

struct step_source {
	struct str path; /* as expanded; a heredoc's: its name */
	bool is_inline;
	struct str content; /* inline */
};

struct step_copy {
	struct origin origin;
	const struct step_source *sources;
	size_t n_sources;
	struct str dest; /* absolute; a trailing slash means a folder */
	struct str chown;
	struct str chmod_text;
	const struct mode_change *chmod; /* NULL where absent */
	struct str_list excludes;
	bool link;
	bool parents;
	bool unpack;	     /* archives among the sources are unpacked */
	bool unpack_remote;  /* those from URLs too: --unpack was given */
	struct str checksum; /* of a remote source; empty: not checked */
	bool keep_git_dir;
	bool is_add;
};

struct step_workdir {
	struct str path; /* absolute, clean, not "/" */
	struct str user;
};

struct step {
	enum step_kind kind;
	const struct instruction *instruction;
	struct span span; /* in the Dockerfile: FROM's, for a trigger of it */
	const struct plan_stage *stage;
	struct str title;     /* for progress: "RUN make" */
	size_t number;	      /* from 1 in its stage */
	size_t history_index; /* of its entry in the stage's config */
	bool has_epoch;	      /* SOURCE_DATE_EPOCH */
	int64_t epoch_s;
	union {
		struct step_run run;
		struct step_copy copy;
		struct step_workdir workdir;
	};
};

/* One name of an ARG, and what it came to. */
struct plan_arg {
	const struct pair *declared;
	struct span span;
	struct str value;
	bool has_value;
	bool is_global; /* ARG NAME, whose value the global one gave */
};

struct plan_args {
	const struct plan_arg *v;
	size_t n;
};

enum base_kind {
	BASE_SCRATCH,
	BASE_STAGE,
	BASE_IMAGE,
};

struct plan_stage {
	size_t index; /* in the Dockerfile */
	struct str name;
	struct str
		title; /* "build", "stage-1"; empty where there is one only */
	enum base_kind base_kind;
	const struct plan_stage *base_stage;
	const struct plan_image *base_image;
	/*
	 * FROM a folder or a URL of --build-context: base_kind is BASE_SCRATCH,
	 * and the first step brings its files. NULL otherwise.
	 */
	const struct named_context *base_context;
	const struct step *steps;
	size_t n_steps;
	struct plan_args args; /* declared in it, in order */
	/*
	 * The whole config but for diff_ids of this build's layers and times of
	 * history entries that have none.
	 */
	struct image_config config;
};

/* An image that is for another platform than is wanted there. */
struct plan_foreign {
	struct span span;
	struct str name; /* as it is written, expanded */
	struct platform wanted;
	struct platform found;
};

struct plan {
	const struct plan_stage *const *stages; /* needed ones, in file order */
	/* Those found before any mistake: here where there were some, too. */
	const struct plan_foreign *foreign;
	size_t n_foreign;
	size_t n_stages;
	const struct plan_stage *target;
	struct plan_args globals; /* ARGs before the first FROM */
	bool has_epoch;
	int64_t epoch_s;
};

/*
 * Make the plan, in a. Mistakes in the Dockerfile go to d (then 0 with *out
 * unusable but for ->foreign where d->n_errors); -1 only where an image could
 * not be read.
 */
int plan_make(struct arena *a, const struct dockerfile *df,
	      const struct plan_options *opt, struct plan_source *source,
	      struct diags *d, const struct plan **out, struct err *e);

/* The stable text form, for golden tests and `build --plan`. */
void plan_dump(struct buf *out, const struct plan *p);

#endif
