/*
 * The planner's own state while it makes a plan: shared by plan.c (stages and
 * what they need), plan_names.c (what names mean) and dispatch.c (what each
 * instruction does).
 */
#ifndef BUILDER_PLAN_PLANNER_H
#define BUILDER_PLAN_PLANNER_H

#include "base/strmap.h"
#include "base/vec.h"
#include "builder/plan/plan.h"
#include "builder/plan/scope.h"

/* An image, as it is looked for. */
struct image_name {
	struct str text;
	bool in_layout;	 /* "PATH[:TAG][@DIGEST]" of --build-context */
	bool of_context; /* what --build-context says, for any platform */
};

/* A stage being planned. */
struct stage_state {
	struct plan_stage out; /* what others point to */
	const struct stage *source;
	struct span span;	      /* of FROM */
	struct image_name image_name; /* BASE_IMAGE */
	bool has_unsaid_layer; /* of a context: no history entry tells of it */
	struct platform platform;
	bool needed;
	bool is_target;
	bool ends_in_run; /* that a shell stands for: plan_options.shell */
	bool expanded;	  /* base and triggers are known */
	bool dispatched;  /* out is complete */
	bool cmd_set;	  /* CMD stood in this stage */
	struct scope scope;
	VEC(const struct instruction *) instructions; /* triggers first */
	size_t n_triggers;
	VEC(struct step) steps;
	VEC(struct config_history) history;
	VEC(struct plan_arg) args;
};

struct planner {
	struct arena *arena;
	const struct dockerfile *df;
	const struct plan_options *opt;
	struct plan_source *source;
	struct diags *diags;
	struct scope globals; /* ARGs before FROM, and predefined ones */
	VEC(struct plan_arg) global_args; /* those before FROM */
	struct stage_state *stages;
	size_t n_stages;
	struct strmap names;   /* of stages */
	struct strmap images;  /* normalised name and platform to plan_image */
	bool *used_build_args; /* those that somebody asked for */
	VEC(struct plan_foreign) foreign;
	bool has_epoch;
	int64_t epoch_s;
	/* SOURCE_DATE_EPOCH named a source: what it came to, maybe nothing. */
	bool epoch_named;
	struct str epoch_text;
};

/* --build-arg: the value, or false. */
bool planner_build_arg(struct planner *p, struct str name, struct str *value);

/*
 * Find what SOURCE_DATE_EPOCH says, once the ARGs before the first FROM are
 * known. Mistakes are noted; -1 where a source could not be read.
 */
int planner_find_epoch(struct planner *p, struct err *e);
/*
 * The value of an argument in stages: SOURCE_DATE_EPOCH is never a source's
 * name. false where it is nothing.
 */
bool planner_epoch_arg(const struct planner *p, struct str name,
		       struct str *value);

/* A proxy's argument: known without an ARG, and for RUN only. */
bool planner_is_proxy(struct str name);

/* BuildKit: COPY --from=0 is the first stage, a mount's from=0 an image. */
enum stage_naming {
	STAGE_BY_NAME_OR_INDEX,
	STAGE_BY_NAME,
};

/*
 * What --from=NAME or a mount's from= means. An image is resolved. false after
 * a mistake was noted; *failed is set where an image could not be read.
 */
bool planner_origin(struct planner *p, const struct word *from,
		    enum stage_naming naming, struct origin *out, bool *failed,
		    struct err *e);

/* The stage whose files are read there, if any. */
struct stage_state *planner_origin_stage(struct planner *p,
					 const struct word *from,
					 enum stage_naming naming);

/* By name, in any case; NULL. */
struct stage_state *planner_stage(const struct planner *p, struct str name);
/* --build-context of this name; NULL. */
const struct named_context *planner_context(const struct planner *p,
					    struct str name);
/* What FROM w is: sets the stage's base. Mistakes are noted. */
void planner_base(struct planner *p, struct stage_state *s,
		  const struct word *w);
void planner_base_context(struct planner *p, struct stage_state *s,
			  const struct named_context *named, struct span span);
/* 1 found, 0 absent or no name (noted), -1. Each is looked up once. */
int planner_image(struct planner *p, const struct image_name *name,
		  struct span span, const struct platform *platform,
		  const struct plan_image **out, struct err *e);

/* Run all of a stage's instructions: config, history, steps. */
int dispatch_stage(struct planner *p, struct stage_state *s, struct err *e);

/* p as a path below workdir; keeps what says "folder": a slash, ".", "". */
struct str path_for_workdir(struct arena *a, struct str workdir, struct str p);

#endif
