/*
 * One instruction being dispatched: what dispatch.c shares with
 * dispatch_copy.c and dispatch_run.c.
 */
#ifndef BUILDER_PLAN_DISPATCH_H
#define BUILDER_PLAN_DISPATCH_H

#include "builder/plan/planner.h"

enum layered { WITHOUT_LAYER, WITH_LAYER };

struct dispatch {
	struct planner *p;
	struct stage_state *s;
	const struct instruction *in;
	struct span span; /* in the Dockerfile: FROM's, for a trigger of it */
	struct str title;
	struct err *e;
	bool failed; /* *e is set: an image could not be read */
};

struct arena *dispatch_arena(const struct dispatch *c);
struct image_config *dispatch_config(const struct dispatch *c);
/* In the stage's scope; false after a mistake was noted. */
bool dispatch_expand(struct dispatch *c, const struct word *w, struct str *out);
void dispatch_mistake(struct dispatch *c, const char *id, struct span span,
		      const char *text);

/* A history entry's text: started here, finished by dispatch_commit. */
struct buf dispatch_message(const char *start);
/* Record the instruction in the history; releases message. */
void dispatch_commit(struct dispatch *c, struct buf *message,
		     enum layered layered);
/* A step of the stage, to be filled in; before its history entry. */
struct step *dispatch_add_step(struct dispatch *c, enum step_kind kind);

struct str_list dispatch_with_shell(struct dispatch *c, struct str script);
struct str_list dispatch_command_args(struct dispatch *c,
				      const struct command *command);

void dispatch_copy(struct dispatch *c); /* COPY and ADD */
/* FROM a context: its files are the first layer, which no history tells of. */
void dispatch_base_context(struct dispatch *c);
void dispatch_run(struct dispatch *c);
/* `imgbuild shell`: in place of the last RUN, or as a step more. */
void dispatch_user_shell(struct dispatch *c);

#endif
