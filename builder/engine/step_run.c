/* RUN. */
#include "builder/engine/step.h"

#include "base/clock.h"
#include "base/io.h"
#include "builder/engine/mounts.h"
#include "builder/engine/step_shell.h"
#include "builder/files/user.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Lists of C strings for exec, in the arena. */
static const char **c_list(struct arena *a, struct str_list list, size_t extra)
{
	const char **out = arena_new_array(a, list.n + extra + 1, const char *);

	for (size_t i = 0; i < list.n; i++)
		out[i] = arena_c(a, list.v[i]);
	return out;
}

static const char **process_env(struct arena *a, const struct step_run *run,
				const struct user_ids *ids,
				struct str_list secrets)
{
	struct str_list env = run->env;
	struct str value;

	for (size_t i = 0; i < run->hidden_env.n; i++) {
		struct str name;

		(void)str_cut(run->hidden_env.v[i], '=', &name, &value);
		if (!env_get(env, name, &(struct str){0}))
			env = env_set(a, env, name, value);
	}
	for (size_t i = 0; i < secrets.n; i++)
		env = str_list_add(a, env, secrets.v[i]);
	if (!env_get(env, STR("HOME"), &value) || value.n == 0)
		env = env_set(a, env, STR("HOME"), ids->home);
	return c_list(a, env, 0);
}

static void on_output(void *ctx, enum run_stream stream, const char *p,
		      size_t n)
{
	struct step_run_context *c = ctx;
	const struct event event = {
		.kind = EVENT_STEP_OUTPUT,
		.step = c->number,
		.text = {p, n},
		.stream = stream,
		.at_ns = clock_monotonic_ns(),
	};
	struct event_sink *events = &c->build->events.sink;
	struct err ignored;

	/* a full disk must not stop the command; it fails by itself */
	(void)io_write_all(c->log_fd, p, n, "log", &ignored);
	events->emit(events, &event);
}

static const char *hosts_file(struct arena *a, const struct step_run *run,
			      struct str more)
{
	return arena_printf(a,
			    "127.0.0.1\tlocalhost %.*s\n"
			    "::1\tlocalhost ip6-localhost ip6-loopback\n%.*s",
			    STR_ARG(run->hostname), STR_ARG(more))
		.p;
}

/* The host's, or a public one where it has none. */
static const char *resolv_conf(struct buf *text)
{
	struct err ignored;

	if (io_read_file(AT_FDCWD, "/etc/resolv.conf", text, &ignored) <= 0)
		buf_clear(text);
	return buf_c(text);
}

static int failure(struct step_run_context *c, const struct cgroup *group,
		   const struct run_result *result, struct err *e)
{
	struct buf command = BUF_INIT(600);
	const struct str_list argv = c->step->run.argv;

	for (size_t i = 0; i < argv.n; i++) {
		struct str arg = str_sub(argv.v[i], 0, 400);

		buf_printf(&command, i ? " %.*s" : "%.*s", STR_ARG(arg));
	}
	c->exit_code = result->exit_code;
	err_set(e, ERR_FAILED,
		"process \"%s\" did not complete successfully: exit code: %d%s",
		buf_c(&command), result->exit_code,
		cgroup_ran_out_of_memory(group)
			? ": --memory was not enough, and it was killed"
			: "");
	buf_release(&command);
	return -1;
}

/* The step's control group, where limits were given. */
struct limits {
	struct cgroup group;
	int fds[CGROUP_SETTINGS_MAX];
};

static void limits_release(struct limits *l)
{
	cgroup_remove(&l->group);
}

static void warn_of_no_limits(struct step_run_context *c, const struct err *why)
{
	struct event_sink *events = &c->build->events.sink;
	SCOPED_PTR char *text = xasprintf(
		"--memory and --cpu options do not hold here: %s", why->msg);

	events->emit(events, &(struct event){.kind = EVENT_NOTE,
					     .step = c->number,
					     .text = str_from(text),
					     .at_ns = clock_monotonic_ns()});
}

/* A machine that has no groups for us still builds: with a warning. */
static int enter_limits(struct step_run_context *c, struct limits *l,
			struct run_spec *spec, struct err *e)
{
	const struct cgroup_limits *wanted = &c->build->opt->cgroup;

	if (!cgroup_limits_any(wanted))
		return 0;
	if (cgroup_make(&l->group, wanted, e) < 0) {
		if (e->code != ERR_UNSUPPORTED)
			return -1;
		warn_of_no_limits(c, e);
		return 0;
	}
	for (size_t i = 0; i < l->group.n; i++)
		l->fds[i] = l->group.folders[i].procs_fd;
	spec->cgroup_fds = l->fds;
	spec->n_cgroups = l->group.n;
	spec->cgroup_alone = l->group.alone;
	return 0;
}

/* The command, or a shell in its place, or a shell after it. */
static int run_command(struct step_run_context *c, struct arena *a,
		       const struct run_spec *spec, const struct cgroup *group,
		       struct run_result *result, struct err *e)
{
	const struct build_options *opt = c->build->opt;
	struct err ignored; /* that of the command is the one to tell */
	int done;

	if (c->step->run.shell)
		return step_run_shell(c, a, spec, (struct str){0}, e);
	done = opt->executor->run(opt->executor, spec, result, e);
	if (done == 0 && result->exit_code && opt->shell_on_error) {
		(void)failure(c, group, result, e);
		(void)step_run_shell(c, a, spec, str_from(e->msg), &ignored);
	}
	return done;
}

int step_run_execute(struct step_run_context *c, struct err *e)
{
	SCOPED_ARENA struct arena a = {0};
	SCOPED_BUF struct buf resolv = BUF_INIT(1u << 20);
	const struct step_run *run = &c->step->run;
	const struct build_options *opt = c->build->opt;
	struct user_ids ids;
	struct mounts mounts;
	SCOPED(limits_release) struct limits limits = {0};
	struct run_result result = {0};
	struct run_spec spec = {
		.lower_fds = c->root.layer_fds,
		.n_lowers = c->root.n_layers,
		.draft_fd = c->draft->fd,
		.argv = c_list(&a, run->argv, 0),
		.cwd = arena_c(&a, run->cwd),
		.network = run->network == RUN_NETWORK_NONE ? RUN_NET_NONE
							    : RUN_NET_HOST,
		.insecure = run->security == RUN_SECURITY_INSECURE,
		.hostname = arena_c(&a, run->hostname),
		.hosts = hosts_file(&a, run, opt->extra_hosts),
		.shm_size_bytes = opt->shm_size_bytes,
		.limits = opt->limits,
		.n_limits = opt->n_limits,
		.resolv_conf = resolv_conf(&resolv),
		.output = on_output,
		.output_ctx = c,
		.cancel_fd = c->build->stop_fd,
	};
	int done;

	if (enter_limits(c, &limits, &spec, e) < 0)
		return -1;
	if (user_for_process(&c->root, &a, run->user, &ids, e) < 0)
		return -1;
	spec.uid = ids.uid;
	spec.gid = ids.gid;
	spec.groups = ids.groups;
	spec.n_groups = ids.n_groups;
	if (mounts_open(&mounts, c, &a, e) < 0)
		return -1;
	spec.env = process_env(&a, run, &ids, mounts.env);
	spec.mounts = mounts.v;
	spec.n_mounts = mounts.n;
	spec.has_secrets = mounts.has_secrets;
	done = run_command(c, &a, &spec, &limits.group, &result, e);
	mounts_close(&mounts);
	if (done < 0) {
		c->exit_code = result.exit_code;
		return -1;
	}
	return result.exit_code ? failure(c, &limits.group, &result, e) : 0;
}
