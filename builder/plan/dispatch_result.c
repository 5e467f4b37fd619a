/*
 * What instructions leave in their stage, whatever they are: steps, history,
 * mistakes; and what they all need for that.
 */
#include "builder/plan/dispatch.h"

#include "base/path.h"
#include "base/redact.h"

static const char HISTORY_COMMENT[] = "buildkit.dockerfile.v0";

struct arena *dispatch_arena(const struct dispatch *c)
{
	return c->p->arena;
}

struct image_config *dispatch_config(const struct dispatch *c)
{
	return &c->s->out.config;
}

bool dispatch_expand(struct dispatch *c, const struct word *w, struct str *out)
{
	return scope_expand(&c->s->scope, w, out, c->p->diags);
}

void dispatch_mistake(struct dispatch *c, const char *id, struct span span,
		      const char *text)
{
	diag_add(c->p->diags, id, DIAG_ERROR, span, "%s", text);
}

void dispatch_commit(struct dispatch *c, struct buf *message,
		     enum layered layered)
{
	struct config_history *h = vec_push(&c->s->history);

	h->created_by = arena_str(dispatch_arena(c), buf_str(message));
	h->comment = str_from(HISTORY_COMMENT);
	h->empty_layer = layered == WITHOUT_LAYER;
	h->has_created = c->p->has_epoch;
	h->created_ns = c->p->epoch_s * 1000000000;
	buf_release(message);
}

struct buf dispatch_message(const char *start)
{
	struct buf b = BUF_INIT(16u << 20);

	buf_add_c(&b, start);
	return b;
}

struct step *dispatch_add_step(struct dispatch *c, enum step_kind kind)
{
	struct step *step = vec_push(&c->s->steps);

	step->kind = kind;
	step->instruction = c->in;
	step->span = c->span;
	step->stage = &c->s->out;
	step->title = redact_str(dispatch_arena(c), c->title);
	step->number = c->s->steps.n;
	step->history_index = c->s->history.n;
	step->has_epoch = c->p->has_epoch;
	step->epoch_s = c->p->epoch_s;
	return step;
}

struct str path_for_workdir(struct arena *a, struct str workdir, struct str p)
{
	bool folder = p.n == 0 || str_eq_c(p, ".") || str_ends(p, "/") ||
		      str_ends(p, "/.");
	struct str base = workdir.n ? workdir : STR("/");
	struct str path = path_join(a, path_join(a, STR("/"), base), p);

	if (folder && !str_ends(path, "/"))
		path = arena_printf(a, "%.*s/", STR_ARG(path));
	return path;
}

struct str_list dispatch_with_shell(struct dispatch *c, struct str script)
{
	struct str_list shell = dispatch_config(c)->shell;

	if (shell.n == 0) {
		shell = str_list_add(dispatch_arena(c), (struct str_list){0},
				     STR("/bin/sh"));
		shell = str_list_add(dispatch_arena(c), shell, STR("-c"));
	}
	return str_list_add(dispatch_arena(c), shell, script);
}

struct str_list dispatch_command_args(struct dispatch *c,
				      const struct command *command)
{
	if (command->exec_form)
		return (struct str_list){command->args, command->n_args, true};
	return dispatch_with_shell(c, command->n_args ? command->args[0]
						      : STR(""));
}
