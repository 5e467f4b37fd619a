/* RUN: its command, heredocs, environment and mounts. */
#include "builder/plan/dispatch.h"

#include "base/path.h"

#include <string.h>

/* A command that is one heredoc and nothing else: `RUN <<EOF`. */
static bool is_lone_heredoc(const struct dispatch *c,
			    const struct command *command)
{
	const struct heredoc *doc = command->heredocs.v;
	struct str line = str_trim(command->args[0]);

	return command->heredocs.n == 1 &&
	       line.n == doc->span.end - doc->span.offset &&
	       !memchr(line.p, ' ', line.n) && c->in->kind == INSTRUCTION_RUN;
}

/* Other forms are handed to the shell as they were written. */
static struct str whole_script(struct dispatch *c,
			       const struct command *command)
{
	struct buf b = BUF_INIT(SOURCE_MAX_BYTES);
	struct str out;

	buf_add_str(&b, command->args[0]);
	for (size_t i = 0; i < command->heredocs.n; i++) {
		buf_add_char(&b, '\n');
		buf_add_str(&b, command->heredocs.v[i].raw);
		buf_add_str(&b, command->heredocs.v[i].name);
	}
	out = arena_str(dispatch_arena(c), buf_str(&b));
	buf_release(&b);
	return out;
}

static struct str_list run_argv(struct dispatch *c, struct step_run *run)
{
	const struct command *command = &c->in->run.command;
	const struct heredoc *doc = command->heredocs.v;

	if (command->exec_form || command->heredocs.n == 0)
		return dispatch_command_args(c, command);
	if (!is_lone_heredoc(c, command))
		return dispatch_with_shell(c, whole_script(c, command));
	if (!str_starts(doc->content, "#!"))
		return dispatch_with_shell(c, doc->content);
	run->script_name = doc->name;
	run->script = doc->content;
	return dispatch_with_shell(c, arena_printf(dispatch_arena(c),
						   "/dev/pipes/%.*s",
						   STR_ARG(doc->name)));
}

/* A resolved number: its text was checked by mount_resolve. */
static bool mount_number(const struct word *w, bool octal, uint32_t *out)
{
	uint64_t value = 0;

	if (w->text.n == 0)
		return false;
	(void)(octal ? str_octal_to_u64(w->text, UINT32_MAX, &value)
		     : str_to_u64(w->text, UINT32_MAX, &value));
	*out = (uint32_t)value;
	return true;
}

static bool mount_target(struct dispatch *c, const struct mount *in,
			 struct step_mount *out)
{
	out->target = in->target.text;
	if (in->kind == MOUNT_SECRET || in->kind == MOUNT_SSH)
		return true;
	out->target =
		path_clean(dispatch_arena(c),
			   path_for_workdir(dispatch_arena(c),
					    dispatch_config(c)->working_dir,
					    in->target.text));
	if (str_eq_c(out->target, "/")) {
		dispatch_mistake(c, "mount-target", in->span,
				 "a mount's target can't be /");
		return false;
	}
	return true;
}

static bool mount_size(struct dispatch *c, const struct mount *in,
		       struct step_mount *out)
{
	struct err e;

	if (in->size.text.n == 0 ||
	    size_parse(in->size.text, &out->size_bytes, &e) == 0)
		return true;
	dispatch_mistake(c, "mount-size", in->span, e.msg);
	return false;
}

/* BUILDKIT_CACHE_MOUNT_NS keeps the caches of one project from another's. */
static struct str cache_id(struct dispatch *c, struct str id)
{
	struct str space;

	if (!planner_build_arg(c->p, STR("BUILDKIT_CACHE_MOUNT_NS"), &space) ||
	    space.n == 0)
		return id;
	return arena_printf(dispatch_arena(c), "%.*s/%.*s", STR_ARG(space),
			    STR_ARG(id));
}

/* As BuildKit: what a mount is called, where it has no id too. */
static struct str mount_id(struct dispatch *c, const struct mount *in,
			   struct str target)
{
	struct str id = in->id.text;

	switch (in->kind) {
	case MOUNT_CACHE: return cache_id(c, id.n ? id : target);
	case MOUNT_SECRET:
		if (id.n == 0)
			id = in->source.text;
		return id.n ? id : path_base(target);
	case MOUNT_SSH: return id.n ? id : STR("default");
	case MOUNT_BIND:
	case MOUNT_TMPFS: break;
	}
	return id;
}

static bool dispatch_mount(struct dispatch *c, const struct mount *written,
			   struct step_mount *out)
{
	const struct word_env env = scope_env(&c->s->scope);
	struct mount in;
	struct err e;
	int result;

	c->s->scope.missed = false;
	result = mount_resolve(dispatch_arena(c), written, &env, NULL, &in, &e);
	if (c->s->scope.missed)
		return false;
	if (result < 0) {
		dispatch_mistake(c, "mount", written->span, e.msg);
		return false;
	}
	*out = (struct step_mount){
		.kind = in.kind,
		.source = in.source.text,
		.env = in.env.text,
		.sharing = in.sharing,
		.readonly = in.readonly,
		.required = in.required,
	};
	out->has_mode = mount_number(&in.mode, true, &out->mode);
	out->has_owner = mount_number(&in.uid, false, &out->uid);
	out->has_owner |= mount_number(&in.gid, false, &out->gid);
	if (!mount_target(c, &in, out) || !mount_size(c, &in, out))
		return false;
	out->id = mount_id(c, &in, out->target);
	if (in.kind == MOUNT_CACHE && in.from.text.n == 0) {
		out->origin.kind = ORIGIN_SCRATCH;
		return true;
	}
	return planner_origin(c->p, &in.from, STAGE_BY_NAME, &out->origin,
			      &c->failed, c->e);
}

static const char *const proxy_names[] = {
	"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "FTP_PROXY",
	"ftp_proxy",  "NO_PROXY",   "no_proxy",	   "ALL_PROXY",	  "all_proxy"};

bool planner_is_proxy(struct str name)
{
	for (size_t i = 0; i < ARRAY_LEN(proxy_names); i++)
		if (str_eq_c(name, proxy_names[i]))
			return true;
	return false;
}

static struct str_list proxy_env(struct dispatch *c)
{
	struct str_list out = {0};

	for (size_t i = 0; i < ARRAY_LEN(proxy_names); i++) {
		struct str name = str_from(proxy_names[i]);
		struct str value;
		struct str other = str_from(proxy_names[i ^ 1]);

		if (planner_build_arg(c->p, name, &value) ||
		    planner_build_arg(c->p, other, &value))
			out = env_set(dispatch_arena(c), out, name, value);
	}
	return out;
}

static bool run_mounts(struct dispatch *c, struct step_run *run)
{
	const struct run *in = &c->in->run;
	struct step_mount *mounts = arena_new_array(
		dispatch_arena(c), in->n_mounts, struct step_mount);
	bool good = true;

	for (size_t i = 0; i < in->n_mounts; i++)
		good &= dispatch_mount(c, &in->mounts[i], &mounts[i]);
	run->mounts = mounts;
	run->n_mounts = in->n_mounts;
	return good;
}

static enum run_network run_network(const struct dispatch *c)
{
	enum run_network own = c->in->run.network;

	return own == RUN_NETWORK_DEFAULT && c->p->opt->network_none
		       ? RUN_NETWORK_NONE
		       : own;
}

static struct str run_hostname(const struct dispatch *c)
{
	struct str name;

	if (planner_build_arg(c->p, STR("BUILDKIT_SANDBOX_HOSTNAME"), &name) &&
	    name.n)
		return name;
	return c->p->opt->hostname.n ? c->p->opt->hostname
				     : STR("buildkitsandbox");
}

void dispatch_run(struct dispatch *c)
{
	struct step_run run = {
		.env = c->s->scope.env,
		.hidden_env = proxy_env(c),
		.cwd = dispatch_config(c)->working_dir.n
			       ? dispatch_config(c)->working_dir
			       : STR("/"),
		.user = dispatch_config(c)->user,
		.hostname = run_hostname(c),
		.network = run_network(c),
		.security = c->in->run.security,
	};
	struct buf message = dispatch_message("RUN ");

	if (run.security == RUN_SECURITY_INSECURE && !c->p->opt->allow_insecure)
		dispatch_mistake(
			c, "insecure", c->in->span,
			"RUN --security=insecure needs "
			"--allow security.insecure on the command line");
	run.argv = run_argv(c, &run);
	if (!run_mounts(c, &run)) {
		buf_release(&message);
		return;
	}
	dispatch_add_step(c, STEP_RUN)->run = run;
	scope_add_history(&message, &c->s->scope);
	for (size_t i = 0; i < run.argv.n; i++) {
		if (i)
			buf_add_char(&message, ' ');
		buf_add_str(&message, run.argv.v[i]);
	}
	buf_add_c(&message, " # buildkit");
	dispatch_commit(c, &message, WITH_LAYER);
}

void dispatch_user_shell(struct dispatch *c)
{
	const struct image_config *config = dispatch_config(c);
	struct str_list shell = config->shell;
	struct step_run run = {
		.env = c->s->scope.env,
		.hidden_env = proxy_env(c),
		.cwd = config->working_dir.n ? config->working_dir : STR("/"),
		.user = config->user,
		.network = c->p->opt->network_none ? RUN_NETWORK_NONE
						   : RUN_NETWORK_DEFAULT,
	};
	struct step_run *out;

	if (c->s->ends_in_run && c->s->steps.n)
		out = &c->s->steps.v[c->s->steps.n - 1].run;
	else
		out = &dispatch_add_step(c, STEP_RUN)->run;
	if (!c->s->ends_in_run)
		*out = run;
	out->argv = str_list_add(dispatch_arena(c), (struct str_list){0},
				 shell.n ? shell.v[0] : STR("/bin/sh"));
	out->shell = true;
}
